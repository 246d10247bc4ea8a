"""The project's programs, run as they are, in a process that has imported the libraries already.

A fork of this process runs the script: a try takes a tenth of a second, where a new Python takes
seconds. It ends as any run does; a crash of a library, a hang or hunger for memory end the fork.
So does DVC: its repro is a fork, and each stage that it runs a fork of that.
"""

import functools
import importlib
import os
import resource
import runpy
import signal
import sys
import tempfile
import time
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy  # noqa: F401 (imported once, for all forks)
import soundfile  # noqa: F401
from campaign.rule import INTERRUPTED, Done
from projects import ROOT

import spoken_digits.corpora.folder
import spoken_digits.dataset.recordings
import spoken_digits.params
import spoken_digits.stage  # noqa: F401
from spoken_digits import arithmetic

SECONDS = 60  # of computing; ten times as many of waiting
MEMORY = 2 * 2**30  # bytes, beside what this process has
POLL_S = 0.02
THREADS = 1  # as train.threads in projects.SMALL

_CHANGES = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR
_ALL = (
    "spoken_digits.corpora.espeak", "spoken_digits.corpora.registry",
    "spoken_digits.picture.contact_sheet", "spoken_digits.picture.convert",
    "spoken_digits.dataset.checks", "spoken_digits.training.loop",
    "spoken_digits.training.start_from", "spoken_digits.evaluation.plots_folder",
    "spoken_digits.evaluation.robustness", "spoken_digits.evaluation.reported_metrics",
    "spoken_digits.evaluation.report_page", "spoken_digits.export.graph",
    "spoken_digits.export.latency", "spoken_digits.live.browser", "spoken_digits.workers",
    "dvclive.live", "dvc.cli", "dvc.commands.repro", "dvc.repo.reproduce", "dvc.stage.run",
)  # fmt: skip
"""What the stages and DVC import, and what that imports: torch, onnxruntime, matplotlib."""


@functools.cache
def import_all() -> None:
    """Import what every stage needs, with torch's arithmetic pinned. It takes seconds."""
    arithmetic.pin_arithmetic(THREADS)
    for module in _ALL:
        importlib.import_module(module)


class Fork:
    """A program that runs in a fork of this process, in a process group of its own."""

    def __init__(
        self,
        main: Callable[[], object],
        folder: Path,
        streams: Sequence[IO[Any]] = (),
        environment: Mapping[str, str] | None = None,
        group: bool = True,
    ) -> None:
        """Start it: ``streams`` become its first descriptors, ``environment`` all that it knows."""
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            for number, file in enumerate(streams):
                os.dup2(file.fileno(), number)
            if group:
                os.setpgid(0, 0)
            _become(main, folder, environment)
        if group:
            os.setpgid(self.pid, self.pid)

    def poll(self) -> int | None:
        """Return its exit code, None if it runs."""
        if self.returncode is None:
            self._wait(os.WNOHANG)
        return self.returncode

    def wait(self) -> int:
        """Wait for its end, and return its exit code: -n if signal n ended it."""
        if self.returncode is None:
            self._wait(0)
        assert self.returncode is not None
        return self.returncode

    def communicate(self) -> None:
        """Do as subprocess.Popen does without pipes."""
        self.wait()

    def _wait(self, how: int) -> None:
        found, status = os.waitpid(self.pid, how)
        if found:
            self.returncode = os.waitstatus_to_exitcode(status)


class Program(Fork):
    """dvc, or a script of ``src``, whose output is kept in files."""

    def __init__(
        self,
        words: Sequence[str],
        project: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        first: Callable[[], None] | None = None,
    ) -> None:
        """Start it in a project's folder; ``first`` is called in its process before."""
        self._files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115
        self._files[0].write(stdin)
        self._files[0].seek(0)
        main = partial_of(_dvc if words[0] == "dvc" else _script, words, first)
        super().__init__(main, project, self._files, environment)

    def ended(self) -> Done:
        """Wait for it; return all that it said."""
        code = self.wait()
        texts = []
        for file in self._files[1:]:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        for file in self._files:
            file.close()
        return Done(code, *texts)


def run(
    script: str,
    *arguments: str | Path,
    project: Path,
    stdin: bytes = b"",
    seconds: int = SECONDS,
    environment: Mapping[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> Done:
    """Run a script of ``src`` in a project's folder; ``first`` is called in its process before.

    If it computes longer than so many seconds it is ended, with code -24; -14 if it hangs.
    """

    def limited() -> None:
        signal.alarm(10 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        limit = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        if first is not None:
            first()

    words = [script, *map(str, arguments)]
    return Program(words, project, environment=environment, stdin=stdin, first=limited).ended()


def partial_of(
    main: Callable[[Sequence[str]], object],
    words: Sequence[str],
    first: Callable[[], None] | None,
) -> Callable[[], object]:
    """Return a function that calls ``first``, if any, then ``main`` with the words."""

    def both() -> object:
        if first is not None:
            first()
        return main(words)

    return both


def _script(words: Sequence[str]) -> None:
    sys.argv = [*words]
    runpy.run_path(str(ROOT / "src" / words[0]), run_name="__main__")


def _dvc(words: Sequence[str]) -> int:
    import dvc.stage.run
    from dvc.cli import main

    def popen(command: Sequence[str], *, cwd: str, env: Mapping[str, str], **_: object) -> Fork:
        # sh -c "python3 src/<stage>.py"
        script = command[-1].split()[1]
        return Fork(partial_of(_script, [Path(script).name], None), Path(cwd), (), env, group=False)

    vars(dvc.stage.run)["subprocess"] = types.SimpleNamespace(Popen=popen)
    return int(main(list(words[1:])))


def _become(
    main: Callable[[], object], folder: Path, environment: Mapping[str, str] | None
) -> None:
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
        code = int(main() or 0)  # type: ignore[call-overload]
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        code = INTERRUPTED
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def family(group: int) -> dict[int, float]:
    """Return the processes of a group and how long each has computed, s, as Linux counts it."""
    found = {}
    ticks = os.sysconf("SC_CLK_TCK")
    for name in os.listdir("/proc"):  # noqa: PTH208 (a hundred times a second)
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found[int(name)] = sum(map(int, fields[11:15])) / ticks
    return found


def let_compute(process: Fork, seconds: float) -> float:
    """Let a program and its children compute for some seconds, or to its end; return how long."""
    computed = 0.0
    while computed < seconds and process.poll() is None:
        computed = max(computed, sum(family(process.pid).values()))
        time.sleep(POLL_S)
    return computed


def at_change(number: int, how: signal.Signals) -> None:
    """From now on, send a signal to this process's group just before it changes a file again.

    That is before the change of this number, from 1: a file opened for writing, renamed, removed.
    """
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.killpg(0, how)

    _each_change(count)


def count_changes(file: Path) -> None:
    """From now on, write a byte into a file for each change that this process makes."""
    notes = os.open(file, os.O_WRONLY | os.O_CREAT)
    _each_change(lambda: os.write(notes, b"."))


def _each_change(do: Callable[[], object]) -> None:
    process = os.getpid()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CHANGES or os.getpid() != process:
            return
        if event != "open" or (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            do()

    sys.addaudithook(hook)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
