"""Disks that are full or read-only, little memory, few open files, in every stage."""

import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from campaign import places
from campaign.kills import STAGES
from campaign.rule import Done, Outcome, Try, judge
from machine import fill, needs, shell, small_disk, tree

NAMESPACE = "unshare --mount sh -ec"
REMEDIES = (
    "disk is full|read-only|no memory is left|too many files|larger than|may be started|DVC_SITE"
)
"""One of these is in what a stage says."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield limits, each with each stage."""
    for stage in STAGES:
        for room in (0, *(chance.randrange(4, 400) for _ in range(5))):
            case = f"{stage}, {room} kB free"
            yield Try("a full disk", case, partial(full, top, stage, room))
        yield Try("a read-only project", stage, partial(read_only, top, stage))
        for megabytes in (50, *(chance.randrange(60, 1500) for _ in range(5))):
            case = f"{stage}, {megabytes} MB"
            limit = f"ulimit -v {megabytes * 1024}"
            yield Try("little memory", case, partial(limited, top, stage, limit))
        for files in (chance.randrange(5, 40) for _ in range(3)):
            case = f"{stage}, {files} files"
            yield Try("few open files", case, partial(limited, top, stage, f"ulimit -n {files}"))
        for size in (1, chance.randrange(2, 300)):
            case = f"{stage}, {size} kB a file"
            yield Try("small files only", case, partial(limited, top, stage, f"ulimit -f {size}"))


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


def limited(top: Path, stage: str, limit: str, folder: Path) -> Outcome:
    """Run a stage under a limit of the shell, and once more without it."""
    project = places.copy(places.built(top), folder)
    outcome = run(stage, project, f"{limit}; ")
    if outcome.how == "worked":
        return outcome
    again = run(stage, project)
    return outcome._replace(wrong=outcome.wrong + again.wrong, lost=outcome.lost + again.lost)


def run(stage: str, project: Path, limit: str = "") -> Outcome:
    """Run a stage's script."""
    before = tree(project)
    done = shell(f"{limit}exec python3 src/{stage}.py", project)
    return judge(Done(done.returncode, done.stdout, done.stderr), project, before, names=REMEDIES)
