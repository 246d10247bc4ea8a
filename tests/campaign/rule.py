"""What a try of a fault is, and the one rule by which every outcome is judged."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from machine import tree

ENDED_WELL = 0
REFUSED = (1, 2, 3, 4)
INTERRUPTED = 130


class Done(NamedTuple):
    """A program that has ended."""

    code: int
    """Its exit code; -n: signal n ended it."""
    out: str
    err: str


class Outcome(NamedTuple):
    """How a try ended. Nothing is wrong if both lists are empty."""

    how: str
    """In a word or two, for the table: "worked", "refused"."""
    wrong: list[str]
    lost: list[str]
    """Files that were there before, and are not or are others now."""


class Try(NamedTuple):
    """One way to do harm."""

    fault: str
    """The table has a row for each."""
    case: str
    """Which one of its kind this is, so that it can be done again."""
    do: Callable[[Path], Outcome]
    """Does it in an empty folder, which is removed afterwards."""


def judge(
    done: Done,
    project: Path,
    before: Mapping[str, bytes],
    *,
    codes: Collection[int] = (ENDED_WELL, *REFUSED),
    names: str = "",
    may_write: Collection[str] = (),
) -> Outcome:
    """Apply the rule to a program that ran in a project.

    Its exit code is one of ``codes``; it shows no traceback and leaves no temporary file. If it
    failed, it says why in a line that begins with "error:", in which ``names`` (a regular
    expression) is found; every file is as it was ``before``, and no file but ``may_write`` is new.
    """
    wrong = []
    if done.code not in codes:
        wrong.append(f"exit code {done.code}")
    if "Traceback (most recent call last)" in done.err or "Exception ignored" in done.err:
        wrong.append("a traceback")
    if done.code in REFUSED:
        said = re.search(r"^(\S+: )?error: ", done.err, re.MULTILINE)
        if said is None:
            wrong.append("no sentence that begins with error:")
        elif not re.search(names, done.err[said.start() :]):
            wrong.append(f"{names} is not named")
    after = tree(project)
    left = temporary(after)
    if left:
        wrong.append(f"left behind: {', '.join(left)}")
    lost = []
    if done.code != ENDED_WELL:
        lost = changed(before, after)
        allowed = {*before, *left, *kept_on_purpose(after), *may_write}
        if new := sorted(set(after) - allowed):
            wrong.append(f"half done: {', '.join(new)}")
    if wrong or lost:
        wrong.append(f"it said: {(done.err or done.out).strip()[-600:]}")
    return Outcome("worked" if done.code == ENDED_WELL else "refused", wrong, lost)


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Return which files are not what they were."""
    return [name for name in before if after.get(name) != before[name]]


def temporary(files: Collection[str]) -> list[str]:
    """Return those of some files that nobody may leave behind."""
    return [name for name in files if re.search(r"\.partial\b|\.waiting|\.tmp$", name)]


def kept_on_purpose(files: Collection[str]) -> list[str]:
    """Return files that a stage may leave when it fails: training goes on from its checkpoint."""
    return [name for name in files if name.startswith((".checkpoints/", ".git/"))]
