"""dvc repro, killed or interrupted at any moment; the next one ends as an undisturbed one does."""

import functools
import math
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
from campaign import places
from campaign.rule import Done, Outcome, Try, changed, judge, kept_on_purpose, temporary
from machine import tree

STAGES = ("download", "spectrogram", "split", "validate", "train", "evaluate", "export", "report")
WITH_WORKERS = ("spectrogram", "validate")
MOMENTS = 100
POLL_S = 0.01
BUSY = "Unable to acquire lock"
LOCK = "dvc.lock"
TIMES = ("trained_on.json", "latency.json")
"""Files that say when or where they were made."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield moments, as shares of the work of a stage."""
    for stage in STAGES:
        for _ in range(MOMENTS):
            moment = chance.random()
            yield Try(
                f"kill -9 in {stage}",
                f"after {moment:.4f} of its work",
                partial(stopped, top, stage, moment, signal.SIGKILL),
            )
    for _ in range(MOMENTS):
        stage, moment = chance.choice(STAGES), chance.random()
        yield Try(
            "Ctrl-C",
            f"in {stage}, after {moment:.4f} of its work",
            partial(stopped, top, stage, moment, signal.SIGINT),
        )
    for _ in range(20):
        stage, moment = chance.choice(WITH_WORKERS), chance.random()
        yield Try(
            "a worker killed",
            f"in {stage}, after {moment:.4f} of its work",
            partial(worker_killed, top, stage, moment),
        )
    for _ in range(10):
        stages = chance.sample(STAGES, 2)
        yield Try(
            "two dvc repro at once",
            " and ".join(stages),
            partial(at_once, top, [["repro", "--force", "--single-item", one] for one in stages]),
        )
    repro, experiment = (
        ["repro", "--force", "split"],
        ["exp", "run", "--temp", "-S", "split.fold=1"],
    )
    for _ in range(3):
        yield Try(
            "dvc repro beside an experiment",
            "dvc exp run --temp",
            partial(at_once, top, [repro, experiment]),
        )


def stopped(top: Path, stage: str, moment: float, how: signal.Signals, folder: Path) -> Outcome:
    """Send a signal to a stage and all that it started, then run the pipeline again."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    work = work_of(top, stage)
    process = begin(top, project, "repro", "--force", "--single-item", stage)
    wait(process, moment * work)
    stop(process, how)
    done = ended(process)
    wrong = []
    after = tree(project)
    worked = "ended first" if done.code == 0 else "stopped, then right"
    # DVC writes it in place. Git has it: git checkout dvc.lock
    if how is signal.SIGKILL and after.get(LOCK) != before[LOCK]:
        (project / LOCK).write_bytes(before[LOCK])
        after[LOCK] = before[LOCK]
        worked = "dvc.lock from Git, then right"
    same = known(before)
    if half := [name for name in changed(before, after) if name in after and name in same]:
        wrong.append(f"half files under their final names: {', '.join(half)}")
    if how is signal.SIGINT:
        if "Traceback" in done.err:
            wrong.append(f"a traceback: {done.err[-600:]}")
        if left := temporary(after):
            wrong.append(f"left behind: {', '.join(left)}")
    outcome = repaired(top, project, before)
    return Outcome(worked, wrong + outcome.wrong, outcome.lost)


def worker_killed(top: Path, stage: str, moment: float, folder: Path) -> Outcome:
    """Kill one of a stage's workers."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    work = work_of(top, stage)
    process = begin(top, project, script=stage)
    wait(process, moment * work)
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    workers = [one for one in family if "popen_loky" in " ".join(one.cmdline())]
    for worker in workers[:1]:
        worker.kill()
    done = ended(process)
    outcome = judge(done, project, before, names="worker process was killed")
    if not workers:
        outcome = outcome._replace(how="had no worker yet")
    again = repaired(top, project, before)
    return outcome._replace(wrong=outcome.wrong + again.wrong, lost=outcome.lost + again.lost)


def at_once(top: Path, commands: list[list[str]], folder: Path) -> Outcome:
    """Give two commands at once: one may say that it must wait."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    processes = [begin(top, project, *command) for command in commands]
    results = [ended(process) for process in processes]
    wrong = [
        f"exit code {done.code}: {done.err[-600:]}"
        for done in results
        if done.code != 0 and BUSY not in done.err
    ]
    if all(done.code != 0 for done in results):
        wrong.append("neither worked")
    outcome = repaired(top, project, before)
    how = "both worked" if all(done.code == 0 for done in results) else "one waited its turn"
    return Outcome(how, wrong + outcome.wrong, outcome.lost)


def repaired(top: Path, project: Path, before: Mapping[str, bytes]) -> Outcome:
    """Run the pipeline again, and compare all that it makes with an undisturbed run's."""
    done = ended(begin(top, project, "repro"))
    wrong = [] if done.code == 0 else [f"dvc repro: exit code {done.code}: {done.err[-900:]}"]
    after = tree(project)
    lost = [name for name in known(before) if after.get(name) != before[name]]
    extra = set(after) - set(before) - set(kept_on_purpose(after))
    if extra:
        wrong.append(f"left behind: {', '.join(sorted(extra))}")
    return Outcome("", wrong, lost)


def known(files: Mapping[str, bytes]) -> list[str]:
    """Return the files that are the same bytes whenever they are made."""
    kept = set(kept_on_purpose(files))
    return [name for name in files if name not in kept and not name.endswith(TIMES)
            and "__pycache__" not in name]  # fmt: skip


@functools.cache
def work_of(top: Path, stage: str) -> float:
    """Return how long dvc repro of a stage computes, s: that is the same on a busy machine."""
    folder = top / f"measured-{stage}"
    folder.mkdir()
    project = places.copy(places.built(top), folder)
    process = begin(top, project, "repro", "--force", "--single-item", stage)
    return wait(process)


def begin(
    top: Path, project: Path, *command: str, script: str | None = None
) -> subprocess.Popen[str]:
    """Start DVC, or a stage's script, in a process group of its own."""
    words = ["dvc", *command] if script is None else ["python3", f"src/{script}.py"]
    return subprocess.Popen(
        words,
        cwd=project,
        env=places.environment(top),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait(process: subprocess.Popen[str], seconds: float = math.inf) -> float:
    """Let a process and its children compute for some seconds, or to their end; return how long."""
    computed = 0.0
    while computed < seconds and process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(process.pid)
            family = [first, *first.children(recursive=True)]
            computed = max(computed, sum(sum(one.cpu_times()[:4]) for one in family))
        time.sleep(POLL_S)
    return computed


def stop(process: subprocess.Popen[str], how: signal.Signals) -> None:
    """Send a signal to all processes of a group."""
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return


def ended(process: subprocess.Popen[str]) -> Done:
    """Wait for a process."""
    out, err = process.communicate()
    return Done(process.returncode, out, err)
