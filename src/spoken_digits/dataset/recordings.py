"""The recordings in data/raw: which there are, where, which are the same, and their sound."""

import hashlib
import zipfile
from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.table import Recordings
from spoken_digits.files import naming
from spoken_digits.recording import Recording, parse_name
from spoken_digits.shards import ShardError, list_shards, read_shard

T = TypeVar("T")


class Stored(NamedTuple):
    """Recordings, where their WAV files are, and what the shards' directories say of them."""

    recordings: Recordings
    shards: list[Path]
    shard: NDArray[np.int32]
    """Which of ``shards`` holds each, (n,)."""
    size: NDArray[np.int64]
    """Bytes, (n,)."""
    crc32: NDArray[np.uint32]
    """(n,)."""

    def part(self, chosen: NDArray[np.int64]) -> "Stored":
        """Return those with these indices, in their order."""
        return Stored(
            self.recordings[chosen],
            self.shards,
            self.shard[chosen],
            self.size[chosen],
            self.crc32[chosen],
        )


def list_recordings(root: Path) -> Stored:
    """List every recording under ``root``, by corpus and name, whichever shard holds it.

    Reads the shards' directories only. Raises ShardError if there are none or one is damaged.
    """
    shards = list_shards(root)
    shard, size, crc32 = array("i"), array("q"), array("I")

    def members() -> Iterator[Recording]:
        for number, path in enumerate(shards):
            try:
                with naming(path), zipfile.ZipFile(path) as archive:
                    infos = archive.infolist()
            except zipfile.BadZipFile as error:
                raise ShardError(f"{path}: not a readable shard ({error})") from None
            for member in infos:
                shard.append(number)
                size.append(member.file_size)
                crc32.append(member.CRC)
                yield parse_name(path.parent.name, member.filename)

    recordings = Recordings.of(members())
    as_stored = Stored(
        recordings,
        shards,
        np.array(shard, np.int32),
        np.array(size, np.int64),
        np.array(crc32, np.uint32),
    )
    return as_stored.part(recordings.in_order())


def find_duplicates(stored: Stored) -> list[list[int]]:
    """Group the recordings whose bytes are the same, two or more to a group, by their indices.

    Only those whose size and CRC agree are read and compared by SHA-256. Raises ShardError if one
    is damaged.
    """
    prints = stored.size.astype(np.uint64) << np.uint64(32) | stored.crc32
    _, first, number, counts = np.unique(
        prints, return_index=True, return_inverse=True, return_counts=True
    )
    alike = np.flatnonzero(counts[number] > 1)
    suspects = alike[np.argsort(first[number[alike]], kind="stable")].tolist()
    digests = {}
    for group in grouped(suspects, stored.shard.__getitem__):
        wanted = {stored.recordings[index].name: index for index in group}
        for name, content in read_shard(stored.shards[stored.shard[group[0]]]):
            if name in wanted:
                digests[wanted[name]] = hashlib.sha256(content).digest()
    return [group for group in grouped(suspects, digests.__getitem__) if len(group) > 1]


def find_recordings(root: Path, recordings: Iterable[Recording]) -> Stored:
    """Return where each of ``recordings`` is, in their order.

    Reads the shards' directories only. Raises ShardError if a recording is in no shard.
    """
    stored, wanted = list_recordings(root), Recordings.of(recordings)
    places = stored.recordings.find(wanted)
    if len(missing := np.flatnonzero(places < 0)):
        raise ShardError(
            f"{root}: {wanted[int(missing[0])]} of the split is in no shard. "
            "Make both again: dvc repro"
        )
    return stored.part(places)


def read_recordings(root: Path, recordings: Iterable[Recording]) -> list[bytes]:
    """Return the WAV files of ``recordings``, in their order; each shard is opened once.

    Raises ShardError if a shard is damaged or a recording is in none.
    """
    places = find_recordings(root, recordings)
    contents: dict[int, bytes] = {}
    for group in grouped(range(len(places.recordings)), places.shard.__getitem__):
        shard = places.shards[places.shard[group[0]]]
        try:
            with naming(shard), zipfile.ZipFile(shard) as archive:
                contents |= {index: archive.read(places.recordings[index].name) for index in group}
        except zipfile.BadZipFile as error:
            raise ShardError(f"{shard}: damaged ({error}). Make it again: dvc repro") from None
    return [contents[index] for index in range(len(contents))]


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Return the items in groups of one key each; groups and items in the order they come."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())
