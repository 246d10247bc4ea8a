"""Run a command and say what it cost: wall time, CPU time, peak memory of all its processes."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

INTERVAL = 0.05  # seconds between looks at the memory


class Cost(NamedTuple):
    """What a command cost, and what it printed."""

    wall: float  # s
    cpu: float  # s, user and system, with all children
    memory: int  # bytes: most resident memory of the process and its children together
    output: str


class CommandError(Exception):
    """A command that failed: nothing was measured."""


def measure(command: Sequence[str | Path], directory: Path, environment: Mapping[str, str]) -> Cost:
    """Run ``command`` in ``directory``.

    Memory that processes share, as libraries, counts once for each of them, so that the truth
    is somewhat lower. Raises CommandError with its output if it fails.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=directory,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        watch = _Watch(process.pid)
        watch.start()
        assert process.stdout is not None
        output = process.stdout.read()
        code = process.wait()
        wall = time.perf_counter() - start
    watch.ended.set()
    watch.join()
    if code != 0:
        raise CommandError(f"{' '.join(map(str, command))} exited with {code}:\n{output}")
    return Cost(wall, watch.cpu(), watch.peak, output)


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._before = _children_cpu()
        self.ended = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self.ended.wait(INTERVAL):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.peak = max(self.peak, sum(map(_resident, tree)))

    def cpu(self) -> float:
        """Return the CPU seconds of all children that have ended since the watch began."""
        return _children_cpu() - self._before


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _children_cpu() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)
