"""The live program's benchmarks say how they are used, and count right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_support import ROOT

BENCHMARKS = sorted(path.name for path in (ROOT / "benchmarks/live").glob("*.py"))
PIPELINES = ("sounds.py",)
"""What is run where a pipeline was run, and needs no archive."""

PATHS = f"{ROOT / 'src'}:{ROOT / 'benchmarks'}"


def _run(name: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": PATHS}
    env.pop("CORPUS_MIRROR", None)
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks/live" / name, *arguments],
        env=env, cwd=cwd, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_sounds_are_those_of_a_pipeline(tmp_path):
    assert _run("sounds.py", "--help").stdout.startswith("usage:")
    done = _run("sounds.py", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: data/split.csv: ")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name not in PIPELINES])
def test_how_it_is_used_and_what_it_needs(name):
    done = _run(name, "--help")
    assert (done.returncode, done.stdout[:6]) == (0, "usage:")
    done = _run(name)
    assert done.returncode == 1
    assert done.stderr.startswith("set CORPUS_MIRROR to the directory that holds")


def test_a_word_is_right_in_its_own_time_once():
    code = """
from common.streams import Said, count_right

said = [Said("7", 16_000, 24_000), Said("3", 40_000, 48_000)]
def heard(digit, start, end):
    return {"digit": digit, "start": start, "end": end}
seven, three = heard("7", 1.05, 1.6), heard("3", 2.4, 3.0)
print(*count_right(said, [seven, three]))
print(*count_right(said, [seven, seven, three]))
print(*count_right(said, [heard("7", 2.4, 3.0), heard(None, 1.0, 1.5)]))
print(*count_right(said, [heard("7", 3.05, 3.6)], delay=2.0))
"""
    env = os.environ | {"PYTHONPATH": PATHS}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["2 0", "2 1", "0 1", "1 0"]
