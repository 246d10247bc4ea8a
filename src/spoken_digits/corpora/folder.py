"""folder: recordings of the user's own, in a directory or an archive, local or by URL."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from spoken_digits.corpora.archives import MAX_MEMBER_BYTES, ArchiveError, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, pack
from spoken_digits.errors import UserError
from spoken_digits.params import Folder
from spoken_digits.recording import Recording, parse_name
from spoken_digits.sound.decode import SUFFIXES


def collect(settings: Folder, target: Path) -> list[BadRecording]:
    """Pack every sound file under a directory, or in an archive: ``<target>/<shard>.zip``.

    Raises FetchError or ArchiveError if the archive cannot be had or read, UserError if there is
    no sound file in it.
    """
    assert settings.path is not None  # params.py has seen to it
    path = Path(settings.path).expanduser()
    if path.is_dir():
        bad = pack("folder", _read_directory(path), recording_at, target)
    elif path.is_file():
        bad = _pack_archive(path, target)
    else:
        bad = with_archive("folder", settings.path, lambda path: _pack_archive(path, target))
    if not bad and not any(target.iterdir()):
        raise UserError(
            f"folder: {settings.path} holds no recordings. Expected "
            f"<digit>_<speaker>_<take>.{{{','.join(suffix[1:] for suffix in SUFFIXES)}}} in it"
        )
    return bad


def recording_at(path: str) -> Recording:
    """Return the recording in ``<digit>_<speaker>_<take>.flac``, in whichever folder that is.

    Raises RecordingNameError if it is named otherwise.
    """
    return parse_name("folder", f"{PurePosixPath(path).stem}.wav")


def _pack_archive(path: Path, target: Path) -> list[BadRecording]:
    return pack("folder", read_archive(path, _is_sound), recording_at, target)


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
