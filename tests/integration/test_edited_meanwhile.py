"""What is edited while a stage runs: DVC would note the new text beside the old one's outputs."""

import pytest
from machine import tree

EDITOR = """
import os, sys
from pathlib import Path

def note(event, arguments):
    global waiting
    if event == "open" and waiting and "split.csv." in os.fsdecode(arguments[0] or ""):
        waiting = False
        path = Path(os.environ["EDITED"])
        old, new = os.environ["CHANGE"].split("|")
        path.write_text(path.read_text().replace(old, new))

waiting = os.environ.get("DVC_STAGE") == "split"
sys.addaudithook(lambda event, arguments: note(event, arguments) if event == "open"
                 and isinstance(arguments[0], (str, bytes)) else None)
"""
"""Edits a file at the moment when the stage begins to write its output."""


@pytest.fixture
def split_while_edited(work, run, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(EDITOR, encoding="utf-8")

    def execute(path, change):
        edits = {"PYTHONPATH": str(tmp_path), "EDITED": path, "CHANGE": change}
        force = ["dvc", "repro", "--force", "--single-item", "split"]
        return run(*force, cwd=work, env=edits, check=False)

    return execute


@pytest.mark.parametrize(
    ("path", "change", "named"),
    [
        ("src/spoken_digits/dataset/split.py", "def assign|# of mine\\ndef assign", None),
        ("src/split.py", "Stage split|Stage Split", None),
        ("src/spoken_digits/dataset/checks.py", "import|import ", None),  # not imported by split
        ("params.yaml", "test_percent: 20|test_percent: 21", "params.yaml: split"),
        ("data/raw/skipped.csv", "reason|reasons", None),
    ],
)
def test_an_input_that_changed_fails_the_stage(work, run, split_while_edited, path, change, named):
    (work / "data/raw/skipped.csv").chmod(0o644)
    done = split_while_edited(path, change)
    assert done.returncode != 0
    assert (
        f"error: {named or path} changed while this stage ran, so its outputs are not made of what "
        "is there now. Run it again: dvc repro\n"
    ) in done.stderr
    assert "Traceback" not in done.stderr
    assert "split" in run("dvc", "status", "split", cwd=work).stdout  # and so it is not up to date


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("src/split.py", "import|import"),  # written anew, the same
        ("params.yaml", "learning_rate: 0.004|learning_rate: 0.005"),  # of no section of split's
        ("src/train.py", "Stage train|Stage Train"),
        ("README.md", "a|b"),
    ],
)
def test_what_is_no_input_of_the_stage_may_change(work, split_while_edited, path, change):
    (work / "README.md").write_text("a", encoding="utf-8")
    assert change.partition("|")[0] in (work / path).read_text(encoding="utf-8")
    before = tree(work)["data/split.csv"]
    done = split_while_edited(path, change)
    assert done.returncode == 0, done.stderr
    assert tree(work)["data/split.csv"] == before


def test_run_by_hand_it_does_not_matter(work, run, tmp_path):
    """DVC then notes nothing."""
    (tmp_path / "sitecustomize.py").write_text(EDITOR, encoding="utf-8")
    run("python3", "src/split.py", cwd=work, env={"PYTHONPATH": str(tmp_path)})
