"""What stages made before, kept in the user's cache by what it was made of, and not made twice.

DVC runs a stage as a whole, and removes its outputs first. So that one more speaker costs one
speaker, a stage keeps each shard that it makes under a key: a digest of all that went into it. A
file is kept as ``<kind>/<key>.<SHA-256 of its content>``. It is a hard link where the file system
has them, so that it takes no room of its own while DVC's cache holds the same file, and DVC, which
knows it by its inode, need not hash it again.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import platformdirs

from spoken_digits.files import file_digest, replacing

LARGEST = 4 * 2**30
"""Most that is kept, bytes; what was not used for longest goes. AudioMNIST takes 2.2 GB."""

_SHARED = ("arithmetic.py", "params.py", "recording.py", "shards.py", "sizes.py", "vocabulary.py")
_LIBRARIES = ("numpy", "scipy", "soundfile", "pillow")  # what shards are made with


def cache_directory() -> Path:
    """Return the user's cache directory, or SPOKEN_DIGITS_CACHE: for all checkouts of the user."""
    chosen = os.environ.get("SPOKEN_DIGITS_CACHE")
    return Path(chosen or platformdirs.user_cache_dir("spoken-digits", appauthor=False)).absolute()


def kept_directory() -> Path | None:
    """Return where shards are kept; None if SPOKEN_DIGITS_KEPT is "none", which keeps nothing."""
    chosen = os.environ.get("SPOKEN_DIGITS_KEPT")
    if chosen == "none":
        return None
    return Path(chosen).absolute() if chosen else cache_directory() / "kept"


def key_of(*parts: str) -> str:
    """Return a key, hexadecimal, that other parts, or the same in another order, do not have."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def code_digest(*rooms: str) -> str:
    """Return a digest of the modules in ``rooms``, of those that all share, and of libraries.

    Of these, the versions of those that they compute with.
    """
    package = Path(__file__).parent
    files = [package / name for name in _SHARED] + [
        file for room in rooms for file in sorted((package / room).iterdir()) if file.is_file()
    ]
    code = [part for file in files for part in (file.name, file_digest(file))]
    return key_of(*code, *map(_version, _LIBRARIES))


def fetch(kind: str, key: str, target: Path) -> bool:
    """Put at ``target`` the file that is kept under a key, verified; tell whether there was one.

    A file that is not what was kept is thrown away.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for entry in _entries(kind, key):
        try:
            _link(entry, target)
            if file_digest(target) == entry.suffix[1:]:
                _note_use(entry)
                return True
            entry.unlink()
        except OSError:  # another experiment has thrown it away, say
            pass
        with suppress(OSError):
            target.unlink()
    return False


def keep(kind: str, key: str, source: Path) -> None:
    """Keep a file that was made, if it can be: a full disk, say, costs time later and no more."""
    directory = kept_directory()
    if directory is None:
        return
    entry = directory / kind / f"{key}.{file_digest(source)}"
    with suppress(OSError), replacing(entry) as partial:
        _link(source, partial)


def read(kind: str, key: str) -> bytes | None:
    """Return what ``write`` kept under a key, verified; None if there is nothing."""
    for entry in _entries(kind, key):
        with suppress(OSError):
            content = entry.read_bytes()
            if hashlib.sha256(content).hexdigest() == entry.suffix[1:]:
                _note_use(entry)
                return content
            entry.unlink()
    return None


def write(kind: str, key: str, content: bytes) -> None:
    """Keep something small, if it can be."""
    directory = kept_directory()
    if directory is None:
        return
    entry = directory / kind / f"{key}.{hashlib.sha256(content).hexdigest()}"
    with suppress(OSError), replacing(entry) as partial:
        partial.write_bytes(content)


def trim(largest: int = LARGEST) -> None:
    """Throw away what was not used for longest, until no more than ``largest`` bytes are kept."""
    directory = kept_directory()
    if directory is None:
        return
    found = []
    for entry in directory.glob("*/*.*"):
        with suppress(OSError):
            state = entry.stat()
            found.append((state.st_atime_ns, state.st_size, entry))
    size = sum(size for _, size, _ in found)
    for _, bytes_of_it, entry in sorted(found):
        if size <= largest:
            break
        with suppress(OSError):
            entry.unlink()
        size -= bytes_of_it


def _entries(kind: str, key: str) -> Iterator[Path]:
    directory = kept_directory()
    return iter(()) if directory is None else (directory / kind).glob(f"{key}.*")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _note_use(entry: Path) -> None:
    # Its time of access, whatever the file system notes by itself. By the time of change DVC tells
    # whether it knows the file, so that stays.
    with suppress(OSError):
        os.utime(entry, ns=(time.time_ns(), entry.stat().st_mtime_ns))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
