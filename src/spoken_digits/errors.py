"""Errors that a user, or the machine, is to blame for, and how a script ends with one.

Whatever the system says (a full disk, no memory, a closed output) or a library (DVC, Git,
onnxruntime) becomes one sentence with a remedy here, for stages, tools and programs alike.
"""

import errno
import os
import re
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import NoReturn, TextIO

_FREE = "Free some space (docs/problems.md says how), and run this again"
_REMEDIES = {
    errno.ENOSPC: f"the disk is full. {_FREE}",
    errno.EDQUOT: f"your share of the disk is used up. {_FREE}",
    errno.EROFS: "on a file system that is read-only. Work where files can be written",
    errno.EACCES: "access denied. See with ls -l whose it is, and give yourself the right to it",
    errno.EPERM: "access denied. See with ls -l whose it is, and give yourself the right to it",
    errno.EFBIG: "larger than a file may be here. Raise the limit: ulimit -f unlimited",
    errno.EMFILE: "too many files are open. Raise the limit: ulimit -n 4096",
    errno.ENFILE: "too many files are open on this machine. Close other programs",
    errno.ENOMEM: "no memory is left. Close other programs, use fewer processes "
    "(LOKY_MAX_CPU_COUNT=1), or raise the limit (ulimit -v)",
    errno.EAGAIN: "no further process or thread may be started. Close other programs, or raise "
    "the limit (ulimit -u)",
    errno.EIO: "the disk cannot read or write it (input/output error). Save what is on that disk, "
    "and work on another",
}
_OF_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)  # whatever the file
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_SOON = 0.01  # s
_MEMORY = re.compile(r"bad.?alloc|allocate memory|not enough memory|map segment", re.IGNORECASE)
"""How libraries say that there is no memory: C++, torch, onnxruntime, the dynamic linker."""

_LIBRARIES = ("dvc", "dvc_data", "dvc_objects", "dulwich", "pygit2", "_pygit2", "scmrepo")
"""Of DVC. Some of their exceptions are no DvcException."""


class UserError(Exception):
    """Something the user can mend; its text says what, where and how.

    A script prints the text and exits with ``exit_code``; it never shows a traceback for it.
    """

    exit_code = 1


def explain(error: BaseException) -> str | None:
    """Return a sentence with a remedy; None for a mistake in this program, shown as a traceback."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and not _is_ours(error.name or ""):
        return (
            f"{sys.executable} has no package {error.name}: the project's environment is not "
            "active. Type: . .venv/bin/activate; or, if there is none yet: make install"
        )
    number = _system_error(error)
    if number is not None:
        what = _REMEDIES.get(number) or os.strerror(number)
        name = None if number in _OF_PROCESS else getattr(error, "filename", None)
        if number in _OF_WRITING:  # shutil.copy names what it reads first
            name = getattr(error, "filename2", None) or name
        return what if name is None else f"{os.fsdecode(name)}: {what}"
    if isinstance(error, OSError):
        return str(error)
    roots = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    if roots & {*_LIBRARIES}:
        return _said_by_dvc(str(error).strip() or type(error).__name__)
    if "sqlite3" in roots:
        return (
            f"DVC's own notes cannot be kept: {error}. Name a directory that can be written in "
            "DVC_SITE_CACHE_DIR"
        )
    if "onnxruntime" in roots:
        return f"onnxruntime: {str(error).strip().splitlines()[0]}. Try another model file"
    return None


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == __package__


def _system_error(error: BaseException) -> int | None:
    """Return what the system said, as an errno; None if it is not the system's doing."""
    if isinstance(error, OSError):
        return error.errno if isinstance(error.errno, int) else None
    text = str(error)
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, RuntimeError) and "start new thread" in text:
        return errno.EAGAIN
    if not isinstance(error, UserError) and (said := re.search(r"\(os error (\d+)\)", text)):
        return int(said[1])  # safetensors, and whatever else is written in Rust
    if isinstance(error, ImportError) and "Too many open files" in text:
        return errno.EMFILE
    if isinstance(error, ImportError | RuntimeError) and _MEMORY.search(text):
        return errno.ENOMEM
    return None


def _said_by_dvc(text: str) -> str:
    if match := re.search(r"repository path '(.+)' is not owned by current user", text):
        return (
            f"{match[1]}: it belongs to another user, and Git does not touch it. If you trust it: "
            f"git config --global --add safe.directory {match[1]}"
        )
    if ".lock" in text and "index" in text:
        return (
            f"{text}. Another Git command is running: wait until it ends. If none is, one was "
            "killed: remove .git/index.lock"
        )
    return f"DVC or Git: {text}"


@contextmanager
def report_errors() -> Iterator[None]:
    """End the script with a sentence and an exit code for all that ``explain`` knows.

    130 for Ctrl-C; 141, without a word, if nobody reads the standard output any more; a
    UserError's own; else 1.
    """
    _replace_closed_streams()
    try:
        try:
            yield
        except SystemExit:  # --help
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except Exception as error:
        is_output = _is_output(error)
        _drop(sys.stdout)
        if is_output and isinstance(error, BrokenPipeError):
            _end("", 141)
        text = explain(error)
        if text is None and _hides_ctrl_c(error):
            _end("interrupted", 130)
        if text is None:
            raise
        where = "standard output: " if is_output else ""
        _end(f"error: {where}{text}", getattr(error, "exit_code", 1))


def run_script(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's ``main`` and exit: 0 or what it returns, or as report_errors does."""
    with report_errors():
        code = main() or 0
    sys.exit(code)


def _hides_ctrl_c(error: BaseException) -> bool:
    """Tell whether it was raised in the handling of Ctrl-C, as zipfile does in a member."""
    before = error.__cause__ or error.__context__
    return before is not None and (isinstance(before, KeyboardInterrupt) or _hides_ctrl_c(before))


def explain_uncaught() -> None:
    """Say what report_errors cannot: Ctrl-C or an error while a script imports.

    Where Python cannot raise Ctrl-C, while it removes an object, it would print "Exception ignored"
    and go on; then Ctrl-C is pressed once more.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = explain(error)
        if isinstance(error, KeyboardInterrupt) or (text is None and _hides_ctrl_c(error)):
            print("interrupted", file=sys.stderr)  # Python then ends by SIGINT: 130 for a shell
        elif text is None or not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
        else:
            print(f"error: {text}", file=sys.stderr)

    def unraisable(what: "sys.UnraisableHookArgs") -> None:
        if what.exc_type is KeyboardInterrupt:
            threading.Timer(_SOON, os.kill, (os.getpid(), signal.SIGINT)).start()
        else:
            sys.__unraisablehook__(what)

    sys.excepthook = hook
    sys.unraisablehook = unraisable


def _replace_closed_streams() -> None:
    """Give the null device the numbers of closed streams: else the next file opened gets them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            os.set_inheritable(null, True)  # else it is closed again for workers
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:  # sys.__stdout__ still is, for programs of which it is the purpose
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:  # print would take standard output in its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _is_output(error: Exception) -> bool:
    """Tell whether it is the standard output that cannot be written. All else has a file's name."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    with suppress(OSError):
        mode = os.fstat(sys.stdout.fileno()).st_mode
        if isinstance(error, BrokenPipeError):
            return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        return error.errno in _OF_WRITING and (stat.S_ISREG(mode) or stat.S_ISCHR(mode))
    return False


def _drop(stream: TextIO) -> None:
    """Give up what a stream refuses, so that Python does not try again at its end."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _end(text: str, code: int) -> NoReturn:
    with suppress(OSError):  # standard error may be full too
        if text:
            print(text, file=sys.stderr, flush=True)
    _drop(sys.stderr)
    sys.exit(code)
