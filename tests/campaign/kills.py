"""Stages and dvc repro, stopped at any moment; the next run ends as an undisturbed one does."""

import functools
import math
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
from campaign import places, programs
from campaign.rule import (
    INTERRUPTED,
    Done,
    Outcome,
    Try,
    changed,
    judge,
    kept_on_purpose,
    temporary,
)
from machine import tree

from spoken_digits.params import parse_yaml

STAGES = ("download", "spectrogram", "split", "validate", "train", "evaluate", "export", "report")
WITH_WORKERS = ("spectrogram", "validate")
COSTLY = ("train", "evaluate", "export")
"""Stages that compute for seconds."""
KILLS, KILLS_OF_COSTLY, CTRL_CS = 100, 50, 100
IN_A_ROW = 10
"""Stops of a stage in one project, before it may come to its end."""
BUSY = re.compile("Unable to acquire lock|is busy, it is being blocked by")
"""What DVC says to the second of two."""
LOCK = "dvc.lock"
QUEUE_S = 600  # that an experiment in the queue may take
TIMES = ("trained_on.json", "latency.json")
"""Files that say when or where they were made."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield moments, as shares of the work of a stage.

    Stages are killed without DVC, which adds nothing but time, and a few with it.
    """
    programs.import_all()
    for stage in STAGES:
        kills = KILLS_OF_COSTLY if stage in COSTLY else KILLS
        for number in range(kills // IN_A_ROW):
            yield in_a_row(chance, top, stage, number, signal.SIGKILL, "kill -9")
    for number in range(CTRL_CS // IN_A_ROW):
        stage = STAGES[number % len(STAGES)]
        yield in_a_row(chance, top, stage, number, signal.SIGINT, "Ctrl-C")
    for stage in STAGES:
        for how, name in ((signal.SIGKILL, "kill -9"), (signal.SIGINT, "Ctrl-C")):
            moment = chance.random()
            yield Try(
                f"{name} of dvc repro",
                f"in {stage}, after {moment:.4f} of its work",
                partial(stopped, top, stage, moment, how),
            )
    for _ in range(6):
        stage, moment = chance.choice(WITH_WORKERS), chance.random()
        yield Try(
            "a worker killed",
            f"in {stage}, after {moment:.4f} of its work",
            partial(worker_killed, top, stage, moment),
        )
    for _ in range(4):
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
    yield Try(
        "dvc repro beside an experiment",
        "dvc exp run --temp",
        partial(at_once, top, [repro, experiment]),
    )
    yield Try("dvc repro beside a queue", "dvc queue start", partial(beside_a_queue, top))


def in_a_row(
    chance: random.Random, top: Path, stage: str, number: int, how: signal.Signals, name: str
) -> Try:
    """Return a try with moments of two kinds: in the stage's work, and at a change of a file."""
    moments = [(chance.random(), chance.random() < 0.5) for _ in range(IN_A_ROW)]
    shown = " ".join(f"{'file' if at_file else 'work'} {share:.4f}" for share, at_file in moments)
    what = f"{IN_A_ROW} times {name}"
    fault = f"{what} in {stage}" if how is signal.SIGKILL else what
    return Try(fault, f"{stage}, row {number}: {shown}", partial(row_of, top, stage, moments, how))


def row_of(
    top: Path,
    stage: str,
    moments: Sequence[tuple[float, bool]],
    how: signal.Signals,
    folder: Path,
) -> Outcome:
    """Stop a stage's script at some moments, one after the other, then let it come to its end.

    The outputs of the run before are there every second time; else they are removed, as DVC does.
    """
    project = places.copy_files(places.built(top), folder)
    before = tree(project)
    same = known(before)
    work, changes = work_of(top, stage)
    wrong: list[str] = []
    stops = 0
    for number, (share, at_file) in enumerate(moments):
        if number % 2:
            remove_outputs(project, stage)
        first = partial(programs.at_change, 1 + int(share * changes), how) if at_file else None
        process = begin_stage(top, project, stage, first)
        if not at_file:
            programs.let_compute(process, share * work)
            stop(process, how)
        done = process.ended()
        after = tree(project)
        stops += done.code != 0
        which = f"stop {number}: "
        if half := [name for name in changed(before, after) if name in after and name in same]:
            wrong.append(f"{which}half files under their final names: {', '.join(half)}")
        if how is signal.SIGINT:
            if done.code not in (0, INTERRUPTED):
                wrong.append(f"{which}exit code {done.code}")
            if done.code and not re.search(r"^interrupted$", done.err, re.MULTILINE):
                wrong.append(f"{which}it does not say that it was interrupted")
            if "Traceback" in done.err or "Exception ignored" in done.err:
                wrong.append(f"{which}a traceback: {done.err[-900:]}")
            if left := temporary(after):
                wrong.append(f"{which}left behind: {', '.join(left)}")
        elif seen := [name for name in temporary(after) if "/." not in name]:
            wrong.append(f"{which}not hidden: {', '.join(seen)}")
    done = begin_stage(top, project, stage).ended()
    outcome = compare(done, project, before)
    return Outcome(f"right after {stops} stops", wrong + outcome.wrong, outcome.lost)


def remove_outputs(project: Path, stage: str) -> None:
    """Remove what a stage writes, as DVC does before it runs one."""
    content = parse_yaml((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    for out in (*content.get("outs", []), *content.get("metrics", [])):
        path = project / (next(iter(out)) if isinstance(out, dict) else out)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def stopped(top: Path, stage: str, moment: float, how: signal.Signals, folder: Path) -> Outcome:
    """Send a signal to a stage and all that it started, then run the pipeline again."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    work, _ = work_of(top, stage)
    process = begin(top, project, "dvc", "repro", "--force", "--single-item", stage)
    programs.let_compute(process, moment * work)
    stop(process, how)
    done = process.ended()
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
    work, _ = work_of(top, stage)
    process = begin(top, project, f"{stage}.py")
    programs.let_compute(process, moment * work)
    workers = workers_of(process) if process.poll() is None else []
    for worker in workers[:1]:
        worker.kill()
    done = process.ended()
    outcome = judge(done, project, before, names="worker process was killed")
    if not workers:
        outcome = outcome._replace(how="had no worker yet")
    again = repaired(top, project, before)
    return outcome._replace(wrong=outcome.wrong + again.wrong, lost=outcome.lost + again.lost)


def workers_of(process: programs.Fork) -> list[psutil.Process]:
    """Return joblib's workers, without its tracker of resources."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):
            if "popen_loky" in " ".join(child.cmdline()):
                found.append(child)
    return found


def at_once(top: Path, commands: list[list[str]], folder: Path) -> Outcome:
    """Give two commands at once: one may say that it must wait."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    processes = [begin(top, project, "dvc", *command) for command in commands]
    results = [process.ended() for process in processes]
    wrong = [
        f"exit code {done.code}: {done.err[-600:]}"
        for done in results
        if done.code != 0 and not BUSY.search(done.err)
    ]
    if all(done.code != 0 for done in results):
        wrong.append("neither worked")
    outcome = repaired(top, project, before)
    how = "both worked" if all(done.code == 0 for done in results) else "one waited its turn"
    return Outcome(how, wrong + outcome.wrong, outcome.lost)


def beside_a_queue(top: Path, folder: Path) -> Outcome:
    """Let DVC's queue run an experiment while dvc repro runs here."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    wrong = []
    for command in ("exp run --queue -S split.fold=1", "queue start", "repro --force split"):
        done = begin(top, project, "dvc", *command.split()).ended()
        if done.code != 0:
            wrong.append(f"dvc {command}: exit code {done.code}: {done.err[-600:]}")
    status = "Queued"
    until = time.monotonic() + QUEUE_S
    while ("Queued" in status or "Running" in status) and time.monotonic() < until:
        time.sleep(1)
        status = begin(top, project, "dvc", "queue", "status").ended().out
    if "Success" not in status:
        wrong.append(f"the experiment did not end well: {status}")
    begin(top, project, "dvc", "queue", "stop", "--kill").ended()
    outcome = repaired(top, project, before)
    return Outcome("both worked", wrong + outcome.wrong, outcome.lost)


def repaired(top: Path, project: Path, before: Mapping[str, bytes]) -> Outcome:
    """Run the pipeline again, and compare all that it makes with an undisturbed run's.

    DVC may take outputs from its cache and run no stage. What a killed one was writing then stays,
    where Git does not see it, until any stage runs: here the quickest.
    """
    done = begin(top, project, "dvc", "repro").ended()
    git = ["git", "status", "--porcelain"]
    seen = subprocess.run(git, cwd=project, env=places.environment(top), capture_output=True)
    swept = begin_stage(top, project, "split").ended()
    outcome = compare(done if done.code else swept, project, before)
    if b".partial" in seen.stdout:
        outcome.wrong.append(f"Git sees {seen.stdout.decode()}")
    return outcome


def compare(done: Done, project: Path, before: Mapping[str, bytes]) -> Outcome:
    """Compare what a program that came to its end made with an undisturbed run's."""
    wrong = [] if done.code == 0 else [f"at last: exit code {done.code}: {done.err[-900:]}"]
    after = tree(project)
    lost = [name for name in known(before) if after.get(name) != before[name]]
    extra = set(after) - set(before) - set(kept_on_purpose(after))
    extra |= set(temporary([*map(str, project.rglob("*.partial"))]))  # empty ones too
    if extra:
        wrong.append(f"left behind: {', '.join(sorted(extra))}")
    return Outcome("", wrong, lost)


def known(files: Mapping[str, bytes]) -> list[str]:
    """Return the files that are the same bytes whenever they are made."""
    kept = set(kept_on_purpose(files))
    return [name for name in files if name not in kept and not name.endswith(TIMES)
            and "__pycache__" not in name]  # fmt: skip


@functools.cache
def work_of(top: Path, stage: str) -> tuple[float, int]:
    """Return how long a stage computes, s, and how many times it changes a file.

    Both are the same on a busy machine.
    """

    def measure(place: Path) -> None:
        place.mkdir()
        project = places.copy_files(places.built(top), place)
        first = partial(programs.count_changes, place / "changes")
        process = begin_stage(top, project, stage, first)
        work = programs.let_compute(process, math.inf)
        shutil.rmtree(project)
        (place / "seconds").write_text(str(work), encoding="ascii")

    place = places.once(top / f"measured-{stage}", measure)
    changes = (place / "changes").stat().st_size
    return float((place / "seconds").read_text(encoding="ascii")), changes


def begin_stage(
    top: Path, project: Path, stage: str, first: Callable[[], None] | None = None
) -> programs.Program:
    """Start a stage's script, which does all its work in one process."""
    environment = {**places.environment(top), "LOKY_MAX_CPU_COUNT": "1"}
    return programs.Program([f"{stage}.py"], project, environment=environment, first=first)


def begin(top: Path, project: Path, *words: str) -> programs.Program:
    """Start DVC, or a stage's script, in a process group of its own."""
    return programs.Program(words, project, environment=places.environment(top))


def stop(process: programs.Fork, how: signal.Signals) -> None:
    """Send a signal to all processes of a group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
