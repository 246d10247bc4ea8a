"""The split and the images it names, as the training and evaluation stages read them."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits.errors import UserError
from spoken_digits.recording import parse_name
from spoken_digits.shards import list_shards, member_names, read_shard
from spoken_digits.sizes import SIZE

SPLIT_COLUMNS = ("corpus", "speaker", "name", "label", "subset")


class DatasetError(UserError):
    """A split that is not one, or that names images which are not there."""


class SplitRow(NamedTuple):
    """A recording and its subset: train, validation or test."""

    corpus: str
    speaker: str
    name: str
    label: str
    subset: str


def read_split(path: Path) -> list[SplitRow]:
    """Read data/split.csv.

    Raises DatasetError if it is missing, has other columns, or names a recording twice.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}. Make it with: dvc repro split") from None
    except (UnicodeDecodeError, csv.Error):
        header, rows = [], []  # no table at all has other columns too
    except ValueError:
        raise DatasetError(f"{path}: empty. Make it again with: dvc repro -f split") from None
    wrong = [row for row in rows if len(row) != len(SPLIT_COLUMNS)]
    if tuple(header) != SPLIT_COLUMNS or wrong:
        raise DatasetError(
            f"{path}: its columns are not {','.join(SPLIT_COLUMNS)}. "
            "Make it again with: dvc repro -f split"
        )
    named = Counter((row[0], row[2]) for row in rows)
    if repeated := [f"{corpus}/{name}" for (corpus, name), times in named.items() if times > 1]:
        raise DatasetError(
            f"{path}: {len(repeated)} recordings are there twice, among them {repeated[0]}. "
            "Make it again with: dvc repro -f split"
        )
    return [SplitRow(*row) for row in rows]


def load_images(root: Path, rows: Sequence[SplitRow]) -> NDArray[np.uint8]:
    """Load the images of rows, in their order, from the shards under ``root``: (n, 100, 100).

    Raises DatasetError if one is missing or is no 100x100 grey-scale picture.
    """
    wanted: dict[str, dict[str, int]] = defaultdict(dict)  # corpus -> image name -> row
    for index, row in enumerate(rows):
        wanted[row.corpus][parse_name(row.name).png] = index
    images = np.empty((len(rows), SIZE, SIZE), np.uint8)
    found = 0
    for shard in list_shards(root):
        indices = wanted.get(shard.parent.name, {})
        if not any(name in indices for name in member_names(shard)):
            continue
        for name, content in read_shard(shard):
            if name in indices:
                images[indices[name]] = _decode(content, f"{shard}/{name}")
                found += 1
    if found != len(rows):
        present = {
            (shard.parent.name, name) for shard in list_shards(root) for name in member_names(shard)
        }
        missing = next(row for row in rows if (row.corpus, parse_name(row.name).png) not in present)
        raise DatasetError(
            f"{root}: {len(rows) - found} images of the split are missing, among them "
            f"{missing.corpus}/{missing.name}. Make them with: dvc repro"
        )
    return images


def class_indices(rows: Sequence[SplitRow]) -> NDArray[np.int64]:
    """Return which of CLASSES each row belongs to, (n,)."""
    return np.array([parse_name(row.name).class_index for row in rows], np.int64)


def _decode(png: bytes, name: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(png)) as picture:
            pixels = np.asarray(picture)
    except OSError as error:
        raise DatasetError(f"{name}: not a picture ({error})") from None
    if pixels.shape != (SIZE, SIZE) or pixels.dtype != np.uint8:
        raise DatasetError(f"{name}: {pixels.shape} {pixels.dtype}, not a 100x100 grey picture")
    return pixels
