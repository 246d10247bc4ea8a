"""--help of the programs and tools answers at once: it imports nothing that takes time."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

SCRIPTS = [
    *sorted((ROOT / "src").glob("*.py")),
    *(path for path in sorted((ROOT / "tools").glob("*.py")) if "__main__" in path.read_text()),
]
SLOW = {"numpy", "torch", "scipy", "onnxruntime", "dvc", "pydantic", "joblib", "tqdm", "rich"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_waits_for_nothing(script):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", script, "--help"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "usage:" in done.stdout.lower()
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert imported
    assert not SLOW & imported


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_without_pythonpath_anywhere_with_closed_streams(script, tmp_path):
    """Also with a Python that drops docstrings and asserts, where no file can be kept."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$1" --help <&- >&-', sys.executable, script],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": "", "PYTHONOPTIMIZE": "2", "HOME": "/dev/null", "TMPDIR": "/dev/null"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_help_into_a_full_disk(script):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, script, "--help"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": "src:tools", "PYTHONUNBUFFERED": ""},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: the disk is full. Free some space")
    assert len(done.stderr.splitlines()) == 1


def test_make_help_lists_every_target_in_its_group():
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (names,) = [
        text.split()
        for text in makefile.replace("\\\n", " ").splitlines()
        if text.startswith(".PHONY: help")
    ]
    assert {line.split()[1] for line in shown.splitlines() if line.startswith("  make ")} == {
        *names[1:]
    }
    assert "\nThe pipeline\n  make repro " in shown
