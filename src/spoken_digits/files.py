"""Files that appear whole or not at all, and their names in messages."""

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spoken_digits.errors import UserError


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
    """Yield a temporary name beside ``path``; rename it to ``path`` only if the block succeeds.

    Nothing stays if it does not. What a killed process left in the folder is removed. An OSError
    names ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path.parent.absolute())
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with naming(path):
            yield partial
            partial.replace(path)
    except OSError as error:
        if error.filename == str(partial):  # which says nothing to a user
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path``; it becomes ``path`` only if the block succeeds.

    Its name, ``<path>.partial``, is always the same: what a killed run leaves is removed by the
    next one. An OSError that names no file names ``path``.
    """
    partial = path.with_name(f"{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with naming(path):
            partial.mkdir(parents=True)
            yield partial
            if path.exists():
                shutil.rmtree(path)
            partial.replace(path)
    except OSError as error:
        if error.filename == str(partial):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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
def _remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of processes that are no more; once a folder is enough."""
    if os.name != "posix":  # there signal 0 would end the process
        return
    for file in folder.iterdir():
        found = re.fullmatch(r"\..+\.(\d+)\.partial", file.name)
        if found and not _is_alive(int(found[1])):
            with suppress(OSError):
                file.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
