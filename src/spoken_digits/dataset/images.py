"""The pictures in data/spectrograms, as the training and evaluation stages read them."""

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits.errors import UserError
from spoken_digits.recording import Recording
from spoken_digits.shards import list_shards, member_names, read_shard
from spoken_digits.sizes import SIZE


class ImagesError(UserError):
    """Images that are not there, or that are no picture of a recording."""


def load_images(root: Path, recordings: Sequence[Recording]) -> NDArray[np.uint8]:
    """Load the images of recordings, in their order, from the shards under ``root``: (n, 100, 100).

    Raises ImagesError if one is missing or is no 100x100 grey-scale picture, ShardError if a shard
    is damaged.
    """
    wanted: dict[str, dict[str, int]] = defaultdict(dict)  # corpus -> image name -> index
    for index, recording in enumerate(recordings):
        wanted[recording.corpus][recording.png] = index
    images = np.empty((len(recordings), SIZE, SIZE), np.uint8)
    found = 0
    for shard in list_shards(root):
        indices = wanted.get(shard.parent.name, {})
        if not any(name in indices for name in member_names(shard)):
            continue
        for name, content in read_shard(shard):
            if name in indices:
                images[indices[name]] = _decode(content, f"{shard}/{name}")
                found += 1
    if found != len(recordings):
        present = {
            (shard.parent.name, name) for shard in list_shards(root) for name in member_names(shard)
        }
        missing = next(one for one in recordings if (one.corpus, one.png) not in present)
        raise ImagesError(
            f"{root}: {len(recordings) - found} images of the split are missing, among them "
            f"{missing}. Make them with: dvc repro"
        )
    return images


def class_indices(recordings: Sequence[Recording], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return which of ``classes`` each recording belongs to, (n,).

    Raises ImagesError if one belongs to none of them.
    """
    index_of = {name: index for index, name in enumerate(classes)}
    for recording in recordings:
        if recording.class_name not in index_of:
            raise ImagesError(
                f"{recording} of the split: {recording.label!r} is not in the vocabulary, "
                f"{', '.join(classes[:-1])}. Make the split again with: dvc repro"
            )
    return np.array([index_of[recording.class_name] for recording in recordings], np.int64)


def _decode(png: bytes, name: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(png)) as picture:
            pixels = np.asarray(picture)
    except OSError as error:
        raise ImagesError(f"{name}: not a picture ({error})") from None
    if pixels.shape != (SIZE, SIZE) or pixels.dtype != np.uint8:
        raise ImagesError(f"{name}: {pixels.shape} {pixels.dtype}, not a 100x100 grey picture")
    return pixels
