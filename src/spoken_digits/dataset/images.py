"""The pictures in data/spectrograms, as the training and evaluation stages read them."""

import io
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits.dataset.table import Recordings
from spoken_digits.errors import UserError
from spoken_digits.recording import Recording, RecordingNameError, parse_name
from spoken_digits.shards import list_shards, member_places, read_members
from spoken_digits.sizes import SIZE


class ImagesError(UserError):
    """Images that are not there, or that are no picture of a recording."""


class StoredImages:
    """Images that stay in their shards, and are read when they are asked for, as from an array."""

    def __init__(
        self,
        shards: list[Path],
        shard: NDArray[np.int32],
        place: NDArray[np.int64],
        crc32: NDArray[np.uint32],
    ) -> None:
        """Of each image, (n,): which of the shards it is in, where in it, and its checksum."""
        self._shards = shards
        self._shard = shard
        self._place = place
        self.crc32 = crc32
        """Checksums of the images' files, (n,)."""

    def __len__(self) -> int:
        return len(self._place)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read images, in the order of the disk; return them in that of ``chosen``, (k, 100, 100).

        Raises ImagesError if one is no 100x100 grey-scale picture, ShardError if a shard is
        damaged.
        """
        shard, place = self._shard[chosen], self._place[chosen]
        images = np.empty((len(place), SIZE, SIZE), np.uint8)
        as_stored = np.lexsort((place, shard))
        for number, group in groupby(as_stored, key=shard.__getitem__):
            path, indices = self._shards[number], list(group)
            members = read_members(path, place[indices].tolist())
            for index, (name, content) in zip(indices, members, strict=True):
                images[index] = _decode(content, f"{path}/{name}")
        return images


Images = NDArray[np.uint8] | StoredImages
"""Images by their number, (n, 100, 100): in memory, or on disk."""


def find_images(root: Path, recordings: Sequence[Recording]) -> StoredImages:
    """Return where the images of recordings are, in their order, in the shards under ``root``.

    Reads the shards' directories only. Raises ImagesError if an image is missing, ShardError if a
    shard is damaged.
    """
    wanted, shards = Recordings.of(recordings), list_shards(root)
    corpora = wanted.by_corpus()[0]
    shard, place, crc32 = array("i"), array("q"), array("I")

    def pictured() -> Iterator[Recording]:
        for number, path in enumerate(shards):
            for name, start, crc in member_places(path) if path.parent.name in corpora else ():
                with suppress(RecordingNameError):  # a picture of nothing that a split lists
                    recording = parse_name(path.parent.name, name)
                    shard.append(number)
                    place.append(start)
                    crc32.append(crc)
                    yield recording

    found = Recordings.of(pictured()).find(wanted)
    if len(missing := np.flatnonzero(found < 0)):
        raise ImagesError(
            f"{root}: {len(missing)} images of the split are missing, among them "
            f"{wanted[int(missing[0])]}. Make them with: dvc repro"
        )
    return StoredImages(
        shards,
        np.array(shard, np.int32)[found],
        np.array(place, np.int64)[found],
        np.array(crc32, np.uint32)[found],
    )


def load_images(root: Path, recordings: Sequence[Recording]) -> NDArray[np.uint8]:
    """Load the images of recordings, in their order, from the shards under ``root``: (n, 100, 100).

    Raises what ``find_images`` and reading them raise.
    """
    return find_images(root, recordings)[:]


def in_batches(
    images: Images, order: NDArray[np.int64], size: int, memory: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield images in an order, (k,), as batches, (size, 100, 100); the last may be smaller.

    Of images on disk, as many as ``memory``, bytes, holds are read at a time, and one batch at
    least. Which images a batch has does not depend on it.
    """
    batches = 1 if isinstance(images, np.ndarray) else max(memory // (size * SIZE**2), 1)
    for start in range(0, len(order), batches * size):
        window = images[order[start : start + batches * size]]
        for first in range(0, len(window), size):
            yield window[first : first + size].copy()  # a view would keep the window
        del window  # before the next one is read


def class_indices(recordings: Sequence[Recording], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return which of ``classes`` each recording belongs to, (n,).

    Raises ImagesError if one belongs to none of them.
    """
    columns = Recordings.of(recordings)
    number = {name: index for index, name in enumerate(classes)}
    class_of = [Recording("", label, "", 0).class_name for label in columns.labels]
    of_label = np.array([number.get(name, -1) for name in class_of], np.int64)
    indices = of_label[columns.label]
    if len(outside := np.flatnonzero(indices < 0)):
        recording = columns[int(outside[0])]
        raise ImagesError(
            f"{recording} of the split: {recording.label!r} is not in the vocabulary, "
            f"{', '.join(classes[:-1])}. Make the split again with: dvc repro"
        )
    return indices


def _decode(png: bytes, name: str) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(png)) as picture:
            pixels = np.asarray(picture)
    except OSError as error:
        raise ImagesError(f"{name}: not a picture ({error})") from None
    if pixels.shape != (SIZE, SIZE) or pixels.dtype != np.uint8:
        raise ImagesError(f"{name}: {pixels.shape} {pixels.dtype}, not a 100x100 grey picture")
    return pixels
