"""The project's programs, run as they are, in a process that has imported the libraries already.

A fork of this process runs the script: a try takes a tenth of a second, where a new Python takes
seconds. It ends as any run does; a crash of a library, a hang or hunger for memory end the fork.
"""

import os
import resource
import runpy
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy  # noqa: F401 (imported once, for all forks)
import soundfile  # noqa: F401
from campaign.rule import Done
from projects import ROOT

import spoken_digits.corpora.folder
import spoken_digits.dataset.recordings
import spoken_digits.params
import spoken_digits.stage  # noqa: F401

SECONDS = 60  # of computing; ten times as many of waiting
MEMORY = 2 * 2**30  # bytes, beside what this process has


def run(
    script: str,
    *arguments: str | Path,
    project: Path,
    stdin: bytes = b"",
    seconds: int = SECONDS,
    first: Callable[[], None] | None = None,
) -> Done:
    """Run a script of ``src`` in a project's folder; ``first`` is called in its process before.

    If it computes longer than so many seconds it is ended, with code -24; -14 if it hangs.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            child = os.fork()
            if child == 0:
                for number, file in enumerate((given, out, err)):
                    os.dup2(file.fileno(), number)
                _become(script, [str(one) for one in arguments], project, seconds, first)
            _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Done(os.waitstatus_to_exitcode(status), *texts)


def _become(
    script: str,
    arguments: Sequence[str],
    project: Path,
    seconds: int,
    first: Callable[[], None] | None,
) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        os.chdir(project)
        signal.alarm(10 * seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        limit = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        sys.argv = [script, *arguments]
        if first is not None:
            first()
        runpy.run_path(str(ROOT / "src" / script), run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
