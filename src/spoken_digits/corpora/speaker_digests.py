"""What the recordings of each speaker of a corpus must be: a table of digests, and the check."""

import csv
import hashlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.packing import content_digest


class Expected(NamedTuple):
    """What a speaker's folder must hold: recordings, bytes, and their content digest."""

    recordings: int
    size: int
    sha256: str


def read_digests(path: Path) -> dict[str, Expected]:
    """Read {speaker: what is expected} from CSV: speaker,recordings,bytes,sha256.

    The SHA-256 is of what ``LC_ALL=C sha256sum *`` prints in the speaker's folder. Raises OSError,
    KeyError, TypeError or ValueError if the file is no such table.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["speaker"]: Expected(int(row["recordings"]), int(row["bytes"]), row["sha256"])
            for row in csv.DictReader(file)
        }


def summed(contents: Mapping[str, bytes]) -> Expected:
    """Return what a speaker's folder holds: {file name: content}."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return Expected(len(sums), sum(map(len, contents.values())), content_digest(sums))


def check_all_there(
    corpus: str, archive: Path, speakers: Sequence[str], there: Container[str], way_on: str = ""
) -> None:
    """Raise ArchiveError, naming who is missing, if not all speakers are there; add a way on."""
    if missing := [speaker for speaker in speakers if speaker not in there]:
        raise ArchiveError(
            f"{corpus}: {archive}: no recordings of {len(missing)} of {len(speakers)} speakers: "
            f"{', '.join(missing)}{way_on}"
        )


def check_speaker(
    corpus: str, archive: Path, speaker: str, found: Expected, expected: Expected
) -> None:
    """Raise ArchiveError, naming the speaker, if what was found is not what is expected."""
    if found != expected:
        raise ArchiveError(
            f"{corpus}: {archive}: the recordings of speaker {speaker} are not the expected ones: "
            f"{found.recordings} recordings, {found.size} bytes, SHA-256 {found.sha256}; expected "
            f"{expected.recordings} recordings, {expected.size} bytes, SHA-256 {expected.sha256}"
        )
