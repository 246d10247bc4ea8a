"""Which shards of a directory of recordings are packed already, as far as its files tell."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from spoken_digits import kept
from spoken_digits.corpora.packing import sharding
from spoken_digits.recording import RecordingNameError, parse_stem
from spoken_digits.vocabulary import Vocabulary

KIND = "recordings"


class Known(NamedTuple):
    """The files of a directory of which one shard is made, and the key under which it is kept."""

    speakers: frozenset[str]
    sources: tuple[str, ...]
    """Names below the directory."""
    key: str


def by_shard(
    directory: Path, names: Iterable[str], vocabulary: Vocabulary
) -> tuple[dict[str, Known], Callable[[str], str] | None]:
    """Say of which files each shard is to be made, by which key it is known; and name a speaker's.

    A file is what it was if its inode, size and times are: so does DVC judge, which saves reading
    all of them. Files of which no speaker is known are in no shard. If two speakers' names differ
    in case alone, nothing is known, and no shard has a name.
    """
    speakers: dict[str, list[str]] = defaultdict(list)
    for name in names:
        try:
            recording = parse_stem("folder", PurePosixPath(name).stem, name)
        except RecordingNameError:
            continue
        speakers[recording.speaker].append(name)
    if len({speaker.lower() for speaker in speakers}) < len(speakers):
        return {}, None
    shards: dict[str, list[str]] = defaultdict(list)
    shard_of = sharding(speakers, sum(map(len, speakers.values())))
    for speaker in speakers:
        shards[shard_of(speaker)].append(speaker)
    code = kept.code_digest("corpora", "sound")
    known = {}
    for shard, members in shards.items():
        sources = tuple(sorted(name for speaker in members for name in speakers[speaker]))
        states = [_state(directory, name) for name in sources]
        key = kept.key_of(code, repr(vocabulary), shard, *states)
        known[shard] = Known(frozenset(members), sources, key)
    return known, shard_of


def _state(directory: Path, name: str) -> str:
    try:
        found = (directory / name).stat()
    except OSError:  # whoever reads it says why
        return f"{name}: cannot be read"
    return f"{name}: {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
