"""audiomnist: 60 speakers x 10 digits x 50 takes, 48 kHz, MIT; verified speaker by speaker."""

import csv
import hashlib
import os
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from spoken_digits.corpora.archives import (
    ArchiveError,
    base_name,
    open_zip,
    read_member,
    safe_names,
)
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS, check_has_digits, relabelled
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, bad_recording, clear, content_digest
from spoken_digits.errors import UserError
from spoken_digits.params import AudioMNIST
from spoken_digits.recording import RecordingNameError, parse_name
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import RecordingError, canonical_wav
from spoken_digits.vocabulary import Vocabulary

WORDS = ENGLISH_DIGITS
_RECORDING = re.compile(r"[^/]+/data/([^/]+)/[^/]+\.wav")


class Expected(NamedTuple):
    """What a speaker's folder must hold: recordings, bytes, and their content digest."""

    recordings: int
    size: int
    sha256: str


def collect(settings: AudioMNIST, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Fetch, verify and pack the corpus: ``<target>/<speaker>.zip``.

    Raises UserError if the vocabulary has no English digit, FetchError if it cannot be had,
    ArchiveError, naming the speaker, if a recording is not
    the one that ``settings.digests`` stands for.
    """
    check_has_digits("audiomnist", vocabulary)
    expected = read_digests(Path(settings.digests))
    return with_archive(
        "audiomnist", settings.archive, lambda path: _pack(path, expected, vocabulary, target)
    )


def read_digests(path: Path) -> dict[str, Expected]:
    """Read {speaker: what is expected} from CSV: speaker,recordings,bytes,sha256.

    The SHA-256 is of what ``LC_ALL=C sha256sum *.wav`` prints in the speaker's folder.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["speaker"]: Expected(int(row["recordings"]), int(row["bytes"]), row["sha256"])
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"params.yaml: download.audiomnist.digests: {path}: not a table with columns "
            f"speaker,recordings,bytes,sha256 ({error})"
        ) from None


def _pack(
    path: Path, expected: dict[str, Expected], vocabulary: Vocabulary, target: Path
) -> list[BadRecording]:
    clear(target)
    bad: list[BadRecording] = []
    with open_zip(path) as archive:
        members = _members(path, archive, expected)

        def pack(speaker: str) -> list[BadRecording]:
            return _pack_speaker(
                path, archive, speaker, members[speaker], expected[speaker], vocabulary, target
            )

        # Threads suffice: inflating, hashing and writing leave the interpreter free.
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as executor:
            try:
                for done in tqdm(
                    executor.map(pack, members),
                    desc=path.name,
                    total=len(members),
                    unit=" speakers",
                    disable=None,
                ):
                    bad += done
            except BaseException:
                executor.shutdown(cancel_futures=True)
                raise
    return bad


def _members(
    path: Path, archive: zipfile.ZipFile, expected: dict[str, Expected]
) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {speaker: [] for speaker in sorted(expected)}
    for name in sorted(safe_names(path, archive)):
        if match := _RECORDING.fullmatch(name):
            if match[1] not in members:
                raise ArchiveError(f"audiomnist: {path}: {name} is of a speaker nobody expects")
            members[match[1]].append(name)
    return members


def _pack_speaker(
    path: Path,
    archive: zipfile.ZipFile,
    speaker: str,
    members: list[str],
    expected: Expected,
    vocabulary: Vocabulary,
    target: Path,
) -> list[BadRecording]:
    recordings, sums, size, bad = [], {}, 0, []
    for member in members:
        content = read_member(path, archive, member)
        name = base_name(member)
        sums[name] = hashlib.sha256(content).hexdigest()
        size += len(content)
        try:
            recording = parse_name("audiomnist", name)
            if recording.speaker != speaker:
                raise RecordingNameError(f"{name}: in the folder of speaker {speaker}")
            recording = relabelled(recording, vocabulary)
            recordings.append((recording.name, canonical_wav(content, member)))
        except (RecordingNameError, RecordingError) as error:
            bad.append(bad_recording("audiomnist", member, error))
    found = Expected(len(members), size, content_digest(sums))
    if found != expected:
        raise ArchiveError(
            f"audiomnist: {path}: the recordings of speaker {speaker} are not the expected ones: "
            f"{found.recordings} recordings, {found.size} bytes, SHA-256 {found.sha256}; expected "
            f"{expected.recordings} recordings, {expected.size} bytes, SHA-256 {expected.sha256}"
        )
    if recordings:
        write_shard(target / f"{speaker}.zip", recordings)
    return bad
