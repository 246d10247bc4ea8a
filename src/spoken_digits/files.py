"""Files that appear whole or not at all, and their names in messages."""

import functools
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spoken_digits.errors import UserError

if sys.platform != "win32":
    import fcntl


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError of the block name ``path``, if it names no file: a failed write does not."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what the block writes there becomes ``path`` only if it succeeds.

    It has the same name, in a hidden folder beside ``path``, of which nothing stays; see
    ``remove_abandoned`` for that of a killed process. An OSError names ``path``.
    """
    with _own_folder(path) as folder:
        yield folder / path.name
        (folder / path.name).replace(path)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder, which becomes ``path`` only if the block succeeds; as ``replacing``.

    At no moment is a folder that was there before half removed.
    """
    with _own_folder(path) as folder:
        new = folder / path.name
        new.mkdir()
        yield new
        if path.exists():
            path.replace(folder / "old")
        new.replace(path)


@contextmanager
def _own_folder(path: Path) -> Iterator[Path]:
    """Yield a new hidden folder beside ``path``, locked while it is there.

    An OSError of the block that names no file, or one in there, names what it was to become.
    """
    with suppress(FileExistsError):  # a file, and so no directory, as is said below
        path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned_once(path.parent.absolute())
    folder, lock = _make_own(path)
    try:
        with naming(path):
            yield folder
    except OSError as error:
        for field in ("filename", "filename2"):  # both, of a copy or a rename
            name = getattr(error, field)
            if isinstance(name, str) and Path(name).is_relative_to(folder):
                inside = Path(name).relative_to(folder)
                setattr(error, field, str(path.parent / inside if inside.parts else path))
        raise
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _make_own(path: Path) -> tuple[Path, int | None]:
    while True:
        folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        try:
            folder.mkdir()
            lock = _lock(folder, wait=True)
        except OSError as error:
            with suppress(OSError):
                folder.rmdir()
            error.filename = str(path)
            raise
        if folder.exists():  # else another process took it for abandoned in between
            return folder, lock


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary folders of killed processes: nobody has locked them any more.

    Nothing is removed where a file system, or the system, knows no such locks.
    """
    for own in folder.glob(".*.partial"):
        if re.fullmatch(r"\..+\.[0-9a-f]{8}\.partial", own.name):
            with suppress(OSError):
                if (lock := _lock(own, wait=False)) is not None:
                    shutil.rmtree(own, ignore_errors=True)
                    os.close(lock)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends on every system, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shown(name: str | os.PathLike[str]) -> str:
    """Return a path as one line of text: bytes that are no UTF-8, line ends and such escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def local_path(text: str) -> Path:
    """Return the path that a user names in params.yaml or in CORPUS_MIRROR.

    A relative one is meant from the project's folder, also in an experiment that runs in another
    (dvc exp run --temp, --queue), where Git's files are and no others.
    """
    path = Path(text).expanduser()
    project = experiment_of(Path.cwd())
    return path if project is None or path.exists() else project / path


def experiment_of(folder: Path) -> Path | None:
    """Return the project that an experiment is of, if DVC runs one in ``folder``; else None.

    dvc exp run --temp and --queue copy what Git holds into .dvc/tmp/exps of the project.
    """
    for parent in folder.absolute().parents:
        if parent.parts[-3:] == (".dvc", "tmp", "exps"):
            return parent.parents[2]
    return None


def check_not_shallow(project: Path) -> None:
    """Raise UserError if a project is a clone without history.

    DVC cannot bring an experiment back to it that runs elsewhere (--temp, --queue).
    """
    asked = subprocess.run(
        ["git", "rev-parse", "--is-shallow-repository"], cwd=project, capture_output=True, text=True
    )
    if asked.stdout.strip() == "true":
        raise UserError(
            f"{project} is a shallow clone, and DVC would lose this experiment. Get the rest of "
            "the history first: git fetch --unshallow; or run it without --temp and --queue"
        )


@functools.cache
def _remove_abandoned_once(folder: Path) -> None:
    remove_abandoned(folder)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder until its descriptor, which is returned, is closed; the system does it too.

    None if it is not there, or another process's and nobody is to ``wait``, or cannot be locked.
    """
    if sys.platform == "win32":
        return None
    try:
        lock = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(lock)
        return None
    return lock
