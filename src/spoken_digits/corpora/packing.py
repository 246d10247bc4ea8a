"""What the sources of recordings share: each packs its own layout into shards.

Each has a ``collect`` that fills a directory with ``<shard>.zip`` and, where it reads recordings
made by others, returns the bad ones that it left out.
"""

import hashlib
import shutil
import sys
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.files import shown
from spoken_digits.recording import Recording, RecordingNameError
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import RecordingError, canonical_wav

SPEAKERS_AS_SHARDS = 100
"""A corpus of more speakers than this has a shard a group of them; any other has one a speaker."""
GROUPS = 64
"""Of a corpus of up to a million recordings. DVC spends milliseconds on every file."""
RECORDINGS_A_GROUP = 15_625
"""On average, at most: a worker holds the pictures of one shard. Twice as many groups else."""
LISTED = 20
"""Of many recordings of which there is something to say, so many are named."""


class BadRecording(NamedTuple):
    """A recording that was left out of its corpus, by its name in its source, and why."""

    corpus: str
    name: str
    reason: str


def pack(
    corpus: str,
    files: Iterable[tuple[str, bytes]],
    recording_at: Callable[[str], Recording],
    target: Path,
) -> list[BadRecording]:
    """Turn sound files, in any order, into the shards of a corpus; return those left out.

    What was in ``target`` is removed. The rest is as ``pack_beside`` has it.
    """
    clear(target)
    return pack_beside(corpus, files, recording_at, target)


def pack_beside(
    corpus: str,
    files: Iterable[tuple[str, bytes]],
    recording_at: Callable[[str], Recording],
    target: Path,
    shard_of: Callable[[str], str] | None = None,
    odd: set[str] | None = None,
) -> list[BadRecording]:
    """Turn sound files, in any order, into shards beside those that are there; return the bad ones.

    ``files`` are (name in the source, content); ``recording_at`` says which recording is there or
    raises RecordingNameError. Needs memory for one shard: recordings wait on disk, in GROUPS
    unsorted files, until the last one has come.
    ``shard_of`` names a speaker's shard; None: ``sharding`` of what comes here. The speakers of
    whom a recording is bad or odd are added to ``odd``.
    """
    waiting = target / ".waiting"
    waiting.mkdir()
    groups: dict[str, zipfile.ZipFile] = {}
    seen: dict[str, str] = {}
    speakers: dict[str, str] = {}  # as written, by what a file system that ignores case makes of it
    bad: list[BadRecording] = []
    notices: list[str] = []
    odd = set() if odd is None else odd
    try:
        for path, content in files:
            source = shown(path)
            try:
                recording = recording_at(path)
            except RecordingNameError as error:
                bad.append(bad_recording(corpus, source, error))
                continue
            speaker, name = recording.speaker, recording.name
            said = len(notices)
            try:
                wav = canonical_wav(content, source, notices.append)
            except RecordingError as error:
                bad.append(bad_recording(corpus, source, error))
                odd.add(speaker)
                continue
            if len(notices) > said:
                odd.add(speaker)
            written = speakers.setdefault(speaker.lower(), speaker)
            if written != speaker:
                reason = f"the speaker {speaker} is elsewhere written {written}"
                bad.append(BadRecording(corpus, source, reason))
                continue
            if name in seen:
                reason = f"the same label, speaker and take as {seen[name]}"
                bad.append(BadRecording(corpus, source, reason))
                odd.add(speaker)
                continue
            seen[name] = source
            group = group_of(speaker, GROUPS)
            if group not in groups:
                groups[group] = zipfile.ZipFile(waiting / f"{group}.zip", "w")
            # Of no time: a clock that says 1970 is none that a ZIP can hold.
            groups[group].writestr(zipfile.ZipInfo(name), wav)
    finally:
        for archive in groups.values():
            archive.close()
    if shard_of is None:
        shard_of = sharding(speakers, len(seen))
    for group in sorted(groups):
        with zipfile.ZipFile(waiting / f"{group}.zip") as archive:
            shards: dict[str, list[str]] = {}
            for wav_name in archive.namelist():
                shards.setdefault(shard_of(wav_name.split("_")[1]), []).append(wav_name)
            for shard, names in shards.items():
                write_shard(target / f"{shard}.zip", ((name, archive.read(name)) for name in names))
        (waiting / f"{group}.zip").unlink()
    waiting.rmdir()
    tell(corpus, notices)
    return sorted(bad)


def tell(corpus: str, notices: list[str]) -> None:
    """Print what is odd about recordings that are taken all the same, the first LISTED of them."""
    for notice in notices[:LISTED]:
        print(f"{corpus}: {notice}", file=sys.stderr)
    if len(notices) > LISTED:
        print(f"{corpus}: ... and {len(notices) - LISTED} more", file=sys.stderr)


def sharding(speakers: Collection[str], recordings: int) -> Callable[[str], str]:
    """Return what names a speaker's shard in a corpus of these speakers, each once."""
    if len(speakers) <= SPEAKERS_AS_SHARDS:
        return lambda speaker: speaker
    groups = GROUPS
    while recordings > groups * RECORDINGS_A_GROUP:
        groups *= 2  # so that a group of GROUPS, which waits in one file, is divided
    return lambda speaker: group_of(speaker, groups)


def group_of(speaker: str, groups: int) -> str:
    """Return the shard, "00" to "63" if there are 64, of a speaker in a corpus that has many."""
    digest = hashlib.sha256(speaker.encode()).digest()
    return f"{int.from_bytes(digest[:8], 'big') % groups:02d}"


def content_digest(sums: Mapping[str, str]) -> str:
    """Return the SHA-256 of what ``LC_ALL=C sha256sum *.wav`` prints for {name: SHA-256}."""
    lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()


def bad_recording(corpus: str, source: str, error: UserError) -> BadRecording:
    """Note that a recording was left out for an error that starts with its name."""
    return BadRecording(corpus, source, str(error).removeprefix(f"{source}: "))


def clear(directory: Path) -> None:
    """Make an empty directory, whatever was there."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
