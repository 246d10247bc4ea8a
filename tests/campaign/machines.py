"""Disks that are full or read-only, little memory, few open files, in every stage."""

import itertools
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from campaign import places, programs
from campaign.kills import STAGES, begin_stage, compare
from campaign.rule import Done, Outcome, Try, judge
from machine import fill, needs, shell, small_disk, tree

NAMESPACE = "unshare --mount sh -ec"
REMEDIES = (
    "disk is full|read-only|no memory is left|memory is limited|too many files|larger than|"
    "may be started|DVC_SITE"
)
"""One of these is in what a stage says."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield limits, each with each stage."""
    programs.import_all()
    for stage in STAGES:
        for room in (0, *(chance.randrange(4, 400) for _ in range(2))):
            case = f"{stage}, {room} kB free"
            yield Try("a full disk", case, partial(full, top, stage, room))
        yield Try("a read-only project", stage, partial(read_only, top, stage))
        for megabytes in (50, chance.randrange(60, 1500)):
            do = partial(short_of_memory, top, stage, megabytes)
            yield Try("little memory", f"{stage}, {megabytes} MB", do)
        for files in (chance.randrange(5, 40) for _ in range(2)):
            do = partial(limited, top, stage, resource.RLIMIT_NOFILE, files)
            yield Try("few open files", f"{stage}, {files} files", do)
        for size in (1, chance.randrange(2, 300)):
            do = partial(limited, top, stage, resource.RLIMIT_FSIZE, size * 1024)
            yield Try("small files only", f"{stage}, {size} kB a file", do)
        for clock in (0, 60, 2**32, None):
            case = f"{stage}, {'jumping' if clock is None else f'{clock} s after 1970'}"
            yield Try("a wrong clock", case, partial(wrong_clock, top, stage, clock))


def wrong_clock(top: Path, stage: str, clock: int | None, folder: Path) -> Outcome:
    """Run a stage at a time that stands still, or jumps if it is None: it makes the same."""
    project = places.copy_files(places.built(top), folder)
    before = tree(project)
    jumps = random.Random(stage)

    def set_clock() -> None:
        time.time = lambda: jumps.uniform(0, 2**33) if clock is None else clock

    done = begin_stage(top, project, stage, set_clock).ended()
    return compare(done, project, before)._replace(how="worked")


def full(top: Path, stage: str, kilobytes: int, folder: Path) -> Outcome:
    """Run a stage on a disk that has so much room left."""
    with small_disk(folder / "disk", 40) as disk:
        ignored = shutil.ignore_patterns(".git", "cache", "tmp")
        project = shutil.copytree(
            places.built(top), disk / "project", symlinks=True, ignore=ignored
        )
        fill(disk)
        with (disk / "fill").open("r+b") as file:
            file.truncate((disk / "fill").stat().st_size - kilobytes * 1024)
        return run(stage, project)


def read_only(top: Path, stage: str, folder: Path) -> Outcome:
    """Run a stage where nothing can be written, also by root."""
    project = places.copy(places.built(top), folder)
    bind = f"mount --bind {project} {project}; mount -o remount,ro,bind {project}; cd {project}"
    needs(f"{NAMESPACE} '{bind}'")
    before = tree(project)
    done = shell(f"{NAMESPACE} '{bind}; python3 src/{stage}.py'", project)
    return judge(Done(done.returncode, done.stdout, done.stderr), project, before, names=REMEDIES)


def short_of_memory(top: Path, stage: str, megabytes: int, folder: Path) -> Outcome:
    """Run a stage in a new Python that may have so much memory, and once more without a limit."""
    project = places.copy(places.built(top), folder)
    before = tree(project)
    done = shell(f"ulimit -v {megabytes * 1024}; exec python3 src/{stage}.py", project)
    result = Done(done.returncode, done.stdout, done.stderr)
    return and_again(stage, project, judge(result, project, before, names=REMEDIES))


def limited(top: Path, stage: str, what: int, most: int, folder: Path) -> Outcome:
    """Run a stage that may have so much of something, and once more without the limit."""
    project = places.copy(places.built(top), folder)
    return and_again(stage, project, run(stage, project, partial(limit, what, most)))


def limit(what: int, most: int) -> None:
    """Limit this process to so much of something as a new process may have."""
    if what == resource.RLIMIT_NOFILE:  # a new one has three; a fork has its parent's too
        free = (n for n in itertools.count() if not Path(f"/proc/self/fd/{n}").exists())
        most = next(itertools.islice(free, most - 3, None))
    resource.setrlimit(what, (most, most))


def and_again(stage: str, project: Path, outcome: Outcome) -> Outcome:
    """If a stage failed, it works as soon as there is nothing in its way."""
    if outcome.how == "worked":
        return outcome
    again = run(stage, project)
    wrong = [] if again.how == "worked" else ["it fails without the limit too"]
    return outcome._replace(wrong=[*outcome.wrong, *again.wrong, *wrong])


def run(stage: str, project: Path, first: Callable[[], None] | None = None) -> Outcome:
    """Run a stage's script."""
    before = tree(project)
    done = programs.run(f"{stage}.py", project=project, first=first)
    return judge(done, project, before, names=REMEDIES)
