"""speech_commands: Google's Speech Commands v0.02, 35 words by 2,618 speakers, 16 kHz, CC BY 4.0.

The words zero to nine are the digits; the others are speech that is no digit. Its own split and
its background noise are not used.
"""

import hashlib
import re
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from spoken_digits.corpora.archives import ArchiveError, base_name, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, pack
from spoken_digits.errors import UserError
from spoken_digits.params import Archive
from spoken_digits.recording import DIGITS, OTHER, Recording, RecordingNameError

SHA256 = {
    "speech_commands_v0.02.tar.gz": (
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
    ),
    "speech_commands_subset.tar.gz": (
        "3579b2af04ef70cd7ebe0053fa2367d504a1a4682c071ffa0bef82405c454b2b"
    ),
}
"""The archives that are known, by file name: the official one, and 3,406 clips of it."""

_WORDS = "zero one two three four five six seven eight nine".split()
_CLIP = re.compile(r"([a-z]+)/([0-9a-z]+)_nohash_([0-9]+)\.wav")
_NOISE = "_background_noise_"


def collect(settings: Archive, target: Path) -> list[BadRecording]:
    """Fetch, verify and pack the corpus: ``<target>/<group>.zip``.

    Raises UserError for an archive that is not known, FetchError if it cannot be had,
    ArchiveError if it is not what its name says.
    """
    name = base_name(settings.archive)
    if name not in SHA256:
        raise UserError(
            f"params.yaml: download.speech_commands.archive: {settings.archive!r}: no such archive "
            f"is known. Known: {', '.join(SHA256)}"
        )
    return with_archive(
        "speech_commands", settings.archive, lambda path: _pack(path, SHA256[name], target)
    )


def _pack(path: Path, expected: str, target: Path) -> list[BadRecording]:
    digest = _sha256(path)
    if digest != expected:
        raise ArchiveError(
            f"speech_commands: {path} is not the archive of that name: SHA-256 {digest}, "
            f"{expected} is expected"
        )
    return pack("speech_commands", read_archive(path, _is_clip), recording_at, target)


def _is_clip(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".wav" and _NOISE not in path.parts and not path.name.startswith(".")


def recording_at(path: str) -> Recording:
    """Return the recording in ``<word>/<speaker>_nohash_<n>.wav``. Raises RecordingNameError."""
    match = _CLIP.fullmatch("/".join(PurePosixPath(path).parts[-2:]))
    if match is None:
        raise RecordingNameError(f"{path}: not named <word>/<speaker>_nohash_<n>.wav")
    word, speaker, take = match.groups()
    label = DIGITS[_WORDS.index(word)] if word in _WORDS else f"{OTHER}-{word}"
    return Recording("speech_commands", label, speaker, int(take))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with (
        path.open("rb") as file,
        tqdm.wrapattr(
            file, "read", total=path.stat().st_size, desc=f"{path.name}: SHA-256", disable=None
        ) as counted,
    ):
        while block := counted.read(2**20):
            digest.update(block)
    return digest.hexdigest()
