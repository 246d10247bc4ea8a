"""folder: recordings of the user's own, in a directory or an archive, local or by URL."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from spoken_digits.corpora.archives import MAX_MEMBER_BYTES, ArchiveError, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, pack
from spoken_digits.errors import UserError
from spoken_digits.files import local_path
from spoken_digits.params import Folder
from spoken_digits.recording import Recording, parse_name
from spoken_digits.sound.decode import SUFFIXES
from spoken_digits.vocabulary import OTHER, Vocabulary


def collect(settings: Folder, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Pack every sound file under a directory, or in an archive: ``<target>/<shard>.zip``.

    A label that the vocabulary lacks becomes ``other-<label>``; how many do is printed. Raises
    FetchError or ArchiveError if the archive cannot be had or read, UserError if there is no sound
    file in it.
    """
    assert settings.path is not None  # params.py has seen to it
    path = local_path(settings.path)
    if path.is_dir():
        bad = _pack(_read_directory(path), vocabulary, target)
    elif path.is_file():
        bad = _pack_archive(path, vocabulary, target)
    else:
        bad = with_archive(
            "folder", settings.path, lambda path: _pack_archive(path, vocabulary, target)
        )
    if not bad and not any(target.iterdir()):
        raise UserError(
            f"folder: {settings.path} holds no recordings. Expected "
            f"<label>_<speaker>_<take>.{{{','.join(suffix[1:] for suffix in SUFFIXES)}}} in it"
        )
    return bad


def recording_at(path: str) -> Recording:
    """Return the recording in ``<label>_<speaker>_<take>.flac``, in whichever folder that is.

    Raises RecordingNameError if it is named otherwise.
    """
    return parse_name("folder", f"{PurePosixPath(path).stem}.wav")


def _pack_archive(path: Path, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    return _pack(read_archive(path, _is_sound), vocabulary, target)


def _pack(
    files: Iterable[tuple[str, bytes]], vocabulary: Vocabulary, target: Path
) -> list[BadRecording]:
    outside: dict[str, str] = {}  # label that the vocabulary lacks, by name in the source

    def labelled(path: str) -> Recording:
        recording = recording_at(path)
        if not recording.is_word or recording.label in vocabulary.labels:
            return recording
        outside[path] = recording.label
        return recording._replace(label=f"{OTHER}-{recording.label}")

    bad = pack("folder", files, labelled, target)
    left_out = {item.name for item in bad}
    counts = Counter(label for path, label in outside.items() if path not in left_out)
    if counts:
        labels = ", ".join(f"{label} ({counts[label]})" for label in sorted(counts))
        print(
            f"folder: {counts.total()} recordings of labels outside the vocabulary are packed as "
            f"{OTHER}: {labels}",
            file=sys.stderr,
        )
    return bad


def _is_sound(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _read_directory(directory: Path) -> Iterator[tuple[str, bytes]]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    names = {path.relative_to(directory).as_posix(): path for path in paths}
    sounds = sorted(name for name in names if _is_sound(name))
    for name in tqdm(sounds, desc=str(directory), unit=" files", disable=None):
        try:
            if names[name].stat().st_size > MAX_MEMBER_BYTES:
                raise ArchiveError(
                    f"{names[name]}: more than {MAX_MEMBER_BYTES} bytes; no recording of a word "
                    "is that long"
                )
            yield name, names[name].read_bytes()
        except OSError as error:
            raise UserError(f"{names[name]}: cannot be read ({error.strerror})") from None
