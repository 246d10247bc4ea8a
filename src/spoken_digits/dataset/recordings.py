"""The recordings in data/raw: which there are, where, which are the same, and their sound."""

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from spoken_digits.files import naming
from spoken_digits.recording import Recording, parse_name
from spoken_digits.shards import ShardError, list_shards, read_shard

T = TypeVar("T")


class Stored(NamedTuple):
    """Where a recording's WAV file is, and what its shard's directory says of its content."""

    recording: Recording
    shard: Path
    size: int  # bytes
    crc32: int


def list_recordings(root: Path) -> list[Stored]:
    """List every recording under ``root``, by corpus and name, whichever shard holds it.

    Reads the shards' directories only. Raises ShardError if there are none or one is damaged.
    """
    stored = []
    for shard in list_shards(root):
        try:
            with naming(shard), zipfile.ZipFile(shard) as archive:
                members = archive.infolist()
        except zipfile.BadZipFile as error:
            raise ShardError(f"{shard}: not a readable shard ({error})") from None
        for member in members:
            recording = parse_name(shard.parent.name, member.filename)
            stored.append(Stored(recording, shard, member.file_size, member.CRC))
    return sorted(stored, key=lambda one: (one.recording.corpus, one.recording.name))


def find_duplicates(stored: Iterable[Stored]) -> list[list[Recording]]:
    """Group the recordings whose bytes are the same, two or more to a group.

    Only those whose size and CRC agree are read and compared by SHA-256. Raises ShardError if one
    is damaged.
    """
    by_print = grouped(stored, lambda one: (one.size, one.crc32))
    suspects = [one for group in by_print if len(group) > 1 for one in group]
    digests = {}
    for group in grouped(suspects, lambda one: one.shard):
        wanted = {one.recording.name: one.recording for one in group}
        for name, content in read_shard(group[0].shard):
            if name in wanted:
                digests[wanted[name]] = hashlib.sha256(content).digest()
    same = grouped((one.recording for one in suspects), digests.__getitem__)
    return [group for group in same if len(group) > 1]


def find_recordings(root: Path, recordings: Iterable[Recording]) -> list[Stored]:
    """Return where each of ``recordings`` is, in their order.

    Reads the shards' directories only. Raises ShardError if a recording is in no shard.
    """
    known = {one.recording: one for one in list_recordings(root)}
    wanted = list(recordings)
    for recording in wanted:
        if recording not in known:
            raise ShardError(
                f"{root}: {recording} of the split is in no shard. Make both again: dvc repro"
            )
    return [known[recording] for recording in wanted]


def read_recordings(root: Path, recordings: Iterable[Recording]) -> list[bytes]:
    """Return the WAV files of ``recordings``, in their order; each shard is opened once.

    Raises ShardError if a shard is damaged or a recording is in none.
    """
    wanted: dict[Path, list[tuple[int, str]]] = defaultdict(list)
    for index, one in enumerate(find_recordings(root, recordings)):
        wanted[one.shard].append((index, one.recording.name))
    contents: dict[int, bytes] = {}
    for shard, members in wanted.items():
        try:
            with naming(shard), zipfile.ZipFile(shard) as archive:
                contents |= {index: archive.read(name) for index, name in members}
        except zipfile.BadZipFile as error:
            raise ShardError(f"{shard}: damaged ({error}). Make it again: dvc repro") from None
    return [contents[index] for index in range(len(contents))]


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Return the items in groups of one key each; groups and items in the order they come."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())
