"""audiomnist: 60 speakers x 10 digits x 50 takes, 48 kHz, MIT; verified speaker by speaker.

Those speakers alone are unpacked whom ``download.audiomnist.speakers`` asks for.
"""

import os
import re
import zipfile
from collections.abc import Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from spoken_digits import kept
from spoken_digits.corpora.archives import (
    ArchiveError,
    base_name,
    open_zip,
    read_member,
    safe_names,
)
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS, check_has_digits, relabelled
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, bad_recording, clear
from spoken_digits.corpora.speaker_digests import (
    Expected,
    check_all_there,
    check_speaker,
    read_digests,
    summed,
)
from spoken_digits.errors import UserError
from spoken_digits.files import local_path
from spoken_digits.params import AudioMNIST
from spoken_digits.recording import RecordingNameError, parse_name
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import RecordingError, canonical_wav
from spoken_digits.sound.file_names import is_recording
from spoken_digits.vocabulary import Vocabulary

WORDS = ENGLISH_DIGITS
_RECORDING = re.compile(r"[^/]+/data/([^/]+)/[^/]+\.wav")


def collect(settings: AudioMNIST, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Fetch, verify and pack the speakers that are asked for: ``<target>/<speaker>.zip``.

    Raises UserError if the vocabulary has no English digit, FetchError if the archive cannot be
    had, ArchiveError, naming the speakers, if some that are asked for are not in it or their
    recordings are not those that ``settings.digests`` stands for.
    """
    check_has_digits("audiomnist", vocabulary)
    expected = _expected(settings)
    return with_archive(
        "audiomnist",
        settings.archive,
        lambda path: _pack(path, expected, settings.speakers, vocabulary, target),
    )


def _expected(settings: AudioMNIST) -> dict[str, Expected]:
    digests = settings.digests
    try:
        expected = read_digests(local_path(digests))
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"params.yaml: download.audiomnist.digests: {digests}: not a table with columns "
            f"speaker,recordings,bytes,sha256 ({error})"
        ) from None
    if unknown := [speaker for speaker in settings.speakers if speaker not in expected]:
        raise UserError(
            f"params.yaml: download.audiomnist.digests: {digests}: no line for speaker "
            f"{', '.join(unknown)}, whom download.audiomnist.speakers asks for"
        )
    return expected


def _pack(
    path: Path,
    expected: dict[str, Expected],
    speakers: Sequence[str],
    vocabulary: Vocabulary,
    target: Path,
) -> list[BadRecording]:
    clear(target)
    bad: list[BadRecording] = []
    code = kept.code_digest("corpora", "sound")
    with open_zip(path) as archive:
        members = _members(path, archive, expected)
        check_all_there("audiomnist", path, speakers, members, _way_on(speakers, members))

        def pack(speaker: str) -> list[BadRecording]:
            shard = target / f"{speaker}.zip"
            key = kept.key_of(code, speaker, repr(expected[speaker]), repr(vocabulary))
            if kept.fetch("recordings", key, shard):  # verified and packed before
                return []
            left_out = _pack_speaker(
                path, archive, speaker, members[speaker], expected[speaker], vocabulary, shard
            )
            if not left_out:
                kept.keep("recordings", key, shard)
            return left_out

        # Threads suffice: inflating, hashing and writing leave the interpreter free.
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as executor:
            try:
                for done in tqdm(
                    executor.map(pack, sorted(speakers)),
                    desc=path.name,
                    total=len(speakers),
                    unit=" speakers",
                    disable=None,
                ):
                    bad += done
            except BaseException:
                executor.shutdown(cancel_futures=True)
                raise
    return bad


def _members(
    path: Path, archive: zipfile.ZipFile, expected: Container[str]
) -> dict[str, list[str]]:
    """Return the names of the recordings of each speaker who is in the archive."""
    members: dict[str, list[str]] = {}
    for name in sorted(safe_names(path, archive)):
        if (match := _RECORDING.fullmatch(name)) and is_recording(name):
            if match[1] not in expected:
                raise ArchiveError(f"audiomnist: {path}: {name} is of a speaker nobody expects")
            members.setdefault(match[1], []).append(name)
    return members


def _way_on(speakers: Sequence[str], there: Container[str]) -> str:
    """Say what to ask an archive for that lacks some of the speakers."""
    some = ",".join(speaker for speaker in speakers if speaker in there)
    if some:
        return f". For the others: -S 'download.audiomnist.speakers=[{some}]'"
    return ". It holds none of those that download.audiomnist.speakers asks for"


def _pack_speaker(
    path: Path,
    archive: zipfile.ZipFile,
    speaker: str,
    members: list[str],
    expected: Expected,
    vocabulary: Vocabulary,
    shard: Path,
) -> list[BadRecording]:
    contents = {base_name(member): read_member(path, archive, member) for member in members}
    check_speaker("audiomnist", path, speaker, summed(contents), expected)
    recordings, bad = [], []
    for member in members:
        name = base_name(member)
        try:
            recording = parse_name("audiomnist", name)
            if recording.speaker != speaker:
                raise RecordingNameError(f"{name}: in the folder of speaker {speaker}")
            recording = relabelled(recording, vocabulary)
            recordings.append((recording.name, canonical_wav(contents[name], member)))
        except (RecordingNameError, RecordingError) as error:
            bad.append(bad_recording("audiomnist", member, error))
    if recordings:
        write_shard(shard, recordings)
    return bad
