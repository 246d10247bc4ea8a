"""speech_commands: Google's Speech Commands v0.02, 35 words by 2,618 speakers, 16 kHz, CC BY 4.0.

What the vocabulary says has its label there, and every other word is ``other-<word>``. The corpus's
own split is scheme official of stage split; its background noise is not used.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from spoken_digits.corpora.archives import ArchiveError, base_name, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, pack
from spoken_digits.errors import UserError
from spoken_digits.official_split import official_subset
from spoken_digits.params import Archive
from spoken_digits.recording import Recording, RecordingNameError
from spoken_digits.sound.file_names import is_recording
from spoken_digits.vocabulary import Vocabulary

SHA256 = {
    "speech_commands_v0.02.tar.gz": (
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
    ),
    "speech_commands_subset.tar.gz": (
        "3579b2af04ef70cd7ebe0053fa2367d504a1a4682c071ffa0bef82405c454b2b"
    ),
}
"""The archives that are known, by file name: the official one, and 3,406 clips of it."""

WORDS = frozenset(
    "backward bed bird cat dog down eight five follow forward four go happy house learn left "
    "marvin nine no off on one right seven sheila six stop three tree two up visual wow yes "
    "zero".split()
)
"""What is said in the official archive."""

_CLIP = re.compile(r"([a-z]+)/([0-9a-z]+)_nohash_([0-9]+)\.wav")
_NOISE = "_background_noise_"
_LISTS = {"validation_list.txt": "validation", "testing_list.txt": "test"}


def collect(settings: Archive, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Fetch, verify and pack the corpus: ``<target>/<group>.zip``.

    Raises UserError for an archive that is not known, FetchError if it cannot be had,
    ArchiveError if it is not what its name says, or lists another split than the official one.
    """
    name = base_name(settings.archive)
    if name not in SHA256:
        raise UserError(
            f"params.yaml: download.speech_commands.archive: {settings.archive!r}: no such archive "
            f"is known. Known: {', '.join(SHA256)}"
        )
    return with_archive(
        "speech_commands",
        settings.archive,
        lambda path: _pack(path, SHA256[name], vocabulary, target),
    )


def _pack(path: Path, expected: str, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    digest = _sha256(path)
    if digest != expected:
        raise ArchiveError(
            f"speech_commands: {path} is not the archive of that name: SHA-256 {digest}, "
            f"{expected} is expected"
        )
    files = read_archive(path, lambda name: _is_clip(name) or base_name(name) in _LISTS)
    return pack(
        "speech_commands",
        clips_of_the_official_split(path, files),
        lambda name: recording_at(name, vocabulary),
        target,
    )


def clips_of_the_official_split(
    archive: Path, files: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, bytes]]:
    """Yield the clips among an archive's files (name, content), in their order.

    After the last one raises ArchiveError if validation_list.txt or testing_list.txt was among the
    files and names other clips than ``official_subset`` has in that subset.
    """
    listed: dict[str, set[str]] = {}
    clips = []
    for name, content in files:
        if base_name(name) in _LISTS:
            listed[base_name(name)] = set(content.decode(errors="replace").split())
        else:
            clips.append("/".join(PurePosixPath(name).parts[-2:]))
            yield name, content
    for name, those in listed.items():
        for clip in clips:
            official = official_subset(base_name(clip).partition("_")[0]) == _LISTS[name]
            if (clip in those) != official:
                raise ArchiveError(
                    f"speech_commands: {archive}: {name} {'has' if clip in those else 'lacks'} "
                    f"{clip}, and by the rule in the corpus's README it should not be so"
                )


def _is_clip(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".wav" and _NOISE not in path.parts and is_recording(name)


def recording_at(path: str, vocabulary: Vocabulary) -> Recording:
    """Return the recording in ``<word>/<speaker>_nohash_<n>.wav``. Raises RecordingNameError."""
    match = _CLIP.fullmatch("/".join(PurePosixPath(path).parts[-2:]))
    if match is None:
        raise RecordingNameError(f"{path}: not named <word>/<speaker>_nohash_<n>.wav")
    word, speaker, take = match.groups()
    return Recording("speech_commands", vocabulary.label_of(word), speaker, int(take))


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
