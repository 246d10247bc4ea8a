"""What `make repro` prints last."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def summarise(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "summary.py"],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path) -> Path:
    shutil.copytree(ROOT / "metrics", tmp_path / "metrics")
    return tmp_path


def test_accuracy_comes_with_its_count_and_interval(project):
    metrics = json.loads((project / "metrics" / "evaluate.json").read_text(encoding="utf-8"))
    first = summarise(project).stdout.splitlines()[0]
    for key in ("accuracy", "accuracy_low", "accuracy_high"):
        assert f"{metrics[key]:.2%}" in first
    assert f"of {metrics['n']} test digits" in first


def test_no_line_is_wider_than_a_terminal(project):
    lines = summarise(project).stdout.splitlines()
    assert len(lines) == 7
    assert max(map(len, lines)) <= 80


def test_a_test_subset_without_other_words(project):
    path = project / "metrics" / "evaluate.json"
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics["rejection"] = {"n": 0, "auroc": None, "accepted_at_5": None}
    path.write_text(json.dumps(metrics), encoding="utf-8")
    assert "none in the test subset" in summarise(project).stdout


def test_before_the_first_run(tmp_path):
    done = summarise(tmp_path)
    assert done.returncode == 1
    assert "evaluate.json: No such file or directory. Make it with: make repro" in done.stderr
    assert "Traceback" not in done.stderr
