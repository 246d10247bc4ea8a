"""The fault campaign, make faults: a few tries of each kind, and what it says if one goes wrong."""

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import faults
import pytest
from campaign import machines, programs
from campaign.rule import Done, Outcome, Try, judge
from conftest import ROOT

QUICK = ("archives", "recordings", "models", "network", "params_values")
"""Kinds that need no training."""


def make_faults(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "tools/faults.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src:tools", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def only(*kinds: str) -> list[str]:
    return [word for kind in kinds for word in ("--only", kind)]


def test_two_tries_of_what_needs_no_training():
    done = make_faults(*only(*QUICK), "--tries", "2", "--minutes", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    head, *rows, last = done.stdout.splitlines()
    assert head.split() == ["fault", "tried", "lost", "outcome"]
    assert len(rows) > 15
    assert last.endswith("; 0 were wrong")


def test_what_there_is_no_time_for_is_counted():
    done = make_faults(*only("network"), "--minutes", "0")
    assert done.returncode == 0
    *_, row, last = done.stdout.splitlines()
    assert row.split()[-4:] == ["0", "of", "2", "0"]
    assert last == "0 of 103 tries in 0.0 minutes; 0 were wrong"


def test_the_same_seed_tries_the_same(tmp_path):
    def cases(seed):
        return [one.case for one in faults.plan(["network"], seed, tmp_path, most=3)]

    assert cases(0) == cases(0)
    assert cases(0) != cases(1)


def test_what_goes_wrong_is_told_and_how_to_do_it_again(tmp_path, capsys):
    bad = Outcome("refused", ["exit code -11"], ["data/split.csv"])
    tries = [
        Try("a fault", "case 1", lambda folder: Outcome("worked", [], [])),
        Try("a fault", "case 2", lambda folder: bad),
        Try("another", "case 3", lambda folder: pytest.skip("no disk here")),
    ]
    assert faults.campaign(tries, tmp_path, seconds=60) == 1
    said = capsys.readouterr().out
    assert "a fault       2 of 2     1  1 worked, 1 refused, 1 WRONG\n" in said
    assert "another       0 of 1     0  not tried: no disk here\n" in said
    assert "2 of 3 tries in 0.0 minutes; 1 were wrong\n" in said
    assert "\na fault: case 2\n  exit code -11\n  lost: data/split.csv\n" in said


def three_files():
    for name in "abc":
        Path(name).write_text(name)
    Path("a").replace("d")


@pytest.mark.parametrize(
    ("number", "left"), [(1, ""), (2, "a"), (4, "abc"), (5, "bcd")], ids=lambda value: str(value)
)
def test_a_process_is_killed_just_before_the_change_of_that_number(tmp_path, number, left):
    def main():
        programs.at_change(number, signal.SIGKILL)
        three_files()

    ended = programs.Fork(main, tmp_path).wait()
    assert ended == (-signal.SIGKILL if number <= 4 else 0)
    assert "".join(sorted(path.name for path in tmp_path.iterdir())) == left


def test_changes_are_counted(tmp_path):
    def main():
        programs.count_changes(Path("count"))
        three_files()

    assert programs.Fork(main, tmp_path).wait() == 0
    assert (tmp_path / "count").stat().st_size == 4


def test_a_limit_of_files_is_what_a_new_process_would_have(tmp_path):
    """A fork has its parent's files besides."""
    ours = [(tmp_path / "x").open("w") for _ in range(20)]

    def main():
        machines.limit(resource.RLIMIT_NOFILE, 5)
        more = [os.open("x", os.O_RDONLY) for _ in range(2)]
        with pytest.raises(OSError, match="Too many open files"):
            os.open("x", os.O_RDONLY)
        return len(more)

    assert programs.Fork(main, tmp_path).wait() == 2
    for file in ours:
        file.close()


# The rule

WELL = Done(0, "done\n", "")
FAILED = Done(1, "", "error: data/raw: the disk is full\n")


def judged(done, tmp_path, *, before=None, **options):
    return judge(done, tmp_path, before or {}, **options)


@pytest.mark.parametrize(
    ("done", "wrong"),
    [
        (WELL, []),
        (FAILED, []),
        (FAILED._replace(code=-11), ["exit code -11"]),
        (FAILED._replace(code=77), ["exit code 77"]),
        (FAILED._replace(err="oh\n"), ["no sentence that begins with error:"]),
        (FAILED._replace(err="error: no\n"), ["data/raw is not named"]),
        (
            FAILED._replace(err="Traceback (most recent call last):\n" + FAILED.err),
            ["a traceback"],
        ),
        (WELL._replace(err="Exception ignored in: <stdout>"), ["a traceback"]),
    ],
)
def test_the_rule_for_what_a_program_says(tmp_path, done, wrong):
    outcome = judged(done, tmp_path, names="data/raw")
    assert [text for text in outcome.wrong if not text.startswith("it said: ")] == wrong
    assert outcome.lost == []


def test_the_rule_for_files(tmp_path):
    for name in ("kept", "other", "new", ".split.csv.7.partial"):
        (tmp_path / name).write_text("now")
    before = {"kept": b"now", "other": b"then", "gone": b"then"}
    outcome = judged(FAILED, tmp_path, before=before)
    assert outcome.lost == ["other", "gone"]
    assert outcome.wrong[:2] == ["left behind: .split.csv.7.partial", "half done: new"]
    assert judged(WELL, tmp_path, before=before).lost == []  # it may write
    assert judged(WELL, tmp_path, before=before).wrong[0].startswith("left behind: ")


def test_each_test_that_the_page_names_exists():
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 40
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name
