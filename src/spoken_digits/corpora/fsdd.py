"""fsdd: the Free Spoken Digit Dataset, 6 speakers x 10 digits x 50 takes, 8 kHz, CC BY-SA 4.0."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from spoken_digits.corpora.archives import ArchiveError, base_name, read_archive
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS, check_has_digits, relabelled
from spoken_digits.corpora.fetch import as_folder, with_archive
from spoken_digits.corpora.packing import BadRecording, content_digest, pack
from spoken_digits.params import Archive
from spoken_digits.recording import Recording, parse_name
from spoken_digits.sound.file_names import is_recording
from spoken_digits.vocabulary import Vocabulary

WORDS = ENGLISH_DIGITS
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TAKES = 50
SHA256 = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959"
"""Of what ``LC_ALL=C sha256sum *.wav`` prints in its folder ``recordings``."""

_RECORDING = re.compile(r"(?:.*/)?recordings/[^/]+\.wav")


def collect(settings: Archive, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Fetch, verify and pack the corpus: ``<target>/<speaker>.zip``.

    Raises UserError if the vocabulary has no English digit, FetchError if it cannot be had,
    ArchiveError if it is not FSDD as of commit 26eb9aa.
    """
    check_has_digits("fsdd", vocabulary)
    return with_archive("fsdd", settings.archive, lambda path: _pack(path, vocabulary, target))


def _pack(path: Path, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    sums: dict[str, str] = {}

    def wanted(name: str) -> bool:
        return bool(_RECORDING.fullmatch(name)) and is_recording(name)

    def summed() -> Iterator[tuple[str, bytes]]:
        for name, content in read_archive(path, wanted):
            sums[base_name(name)] = hashlib.sha256(content).hexdigest()
            yield name, content

    def recording_at(name: str) -> Recording:
        return relabelled(parse_name("fsdd", base_name(name)), vocabulary)

    bad = pack("fsdd", summed(), recording_at, target)
    _verify(path, sums)
    return bad


def _verify(path: Path, sums: dict[str, str]) -> None:
    expected = len(SPEAKERS) * len(WORDS) * TAKES
    if len(sums) != expected:
        raise _not_fsdd(path, f"holds {len(sums)} recordings, {expected} are expected")
    cells = Counter(tuple(name.split("_")[:2]) for name in sums)
    for speaker in SPEAKERS:
        for digit in map(str, range(len(WORDS))):
            if cells[digit, speaker] != TAKES:
                raise _not_fsdd(
                    path,
                    f"holds {cells[digit, speaker]} recordings of {digit} by {speaker}, {TAKES} "
                    "are expected",
                )
    digest = content_digest(sums)
    if digest != SHA256:
        raise _not_fsdd(
            path,
            f"has the right names but other recordings: content digest {digest}, {SHA256} is "
            "expected",
        )


def _not_fsdd(path: Path, reason: str) -> ArchiveError:
    return ArchiveError(f"fsdd: {path} {reason}. {as_folder(path)}")
