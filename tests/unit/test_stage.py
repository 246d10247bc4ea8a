"""What a stage watches while it runs: the inputs that dvc.yaml lists, or numbers/dvc.yaml."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from spoken_digits.stage import _WRITTEN_IN, _inputs, start


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("a: {b: 1}\nc: 2\n", encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("stages: {one: {deps: [x], params: [a.b]}}")
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers/dvc.yaml").write_text("stages: {other: {deps: [y], params: [c]}}")
    for name in "xy":
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("stage", "watched"),
    [
        ("one", ["x", "params.yaml: a.b"]),
        ("../dvc.yaml:one", ["x", "params.yaml: a.b"]),  # dvc was started in a folder
        ("numbers/dvc.yaml:other", ["y", "params.yaml: c"]),
        ("other", ["y", "params.yaml: c"]),  # dvc was started in numbers/
        ("", []),
    ],
)
def test_a_stage_of_either_pipeline_watches_its_own_inputs(project, monkeypatch, stage, watched):
    monkeypatch.setenv("DVC_STAGE", stage)
    assert [name for name, _ in _inputs()] == watched


def test_a_project_without_the_pipeline_of_numbers_has_its_own(project, monkeypatch):
    (project / "numbers/dvc.yaml").unlink()
    monkeypatch.setenv("DVC_STAGE", "one")
    assert [name for name, _ in _inputs()] == ["x", "params.yaml: a.b"]


def test_recordings_that_a_parameter_names_are_watched_and_not_read(project, monkeypatch):
    """There may be a hundred thousand of them, and DVC reads them already."""
    (project / "dvc.yaml").write_text('stages: {one: {deps: [x, "${mine}"]}}')
    (project / "params.yaml").write_text("mine: recordings")
    (project / "recordings/anna").mkdir(parents=True)
    recording = project / "recordings/anna/1_anna_0.wav"
    recording.write_bytes(b"sound")
    monkeypatch.setenv("DVC_STAGE", "one")
    before = dict(_inputs())
    assert before["recordings/anna/1_anna_0.wav"] == (5, recording.stat().st_mtime_ns)
    assert isinstance(before["x"], bytes)  # its hash: Git and editors write the same again
    recording.write_bytes(b"other")
    os.utime(recording, ns=(0, 1))
    after = dict(_inputs())
    assert before.pop("recordings/anna/1_anna_0.wav") != after.pop("recordings/anna/1_anna_0.wav")
    assert before == after


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["data", "models", "metrics", ".checkpoints"])
def test_any_stage_removes_what_a_killed_one_left(tmp_path, monkeypatch, folder):
    """DVC may take that one's outputs from its cache, and not run it again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["split.py"])
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    left = tmp_path / folder / ".plots.0123abcd.partial"
    (left / "plots").mkdir(parents=True)
    start("A stage.")
    assert list((tmp_path / folder).iterdir()) == []


@pytest.mark.parametrize("pipeline", ["dvc.yaml", "numbers/stages.yaml"])
def test_all_folders_that_stages_write_in_are_swept(pipeline):
    stages = yaml.safe_load((ROOT / pipeline).read_text(encoding="utf-8"))["stages"]
    outputs = [
        next(iter(out)) if isinstance(out, dict) else out
        for stage in stages.values()
        for out in (*stage.get("outs", []), *stage.get("metrics", []))
    ]
    assert {Path(out).parent for out in outputs} <= set(_WRITTEN_IN)


@pytest.mark.parametrize(("stage", "least"), [("split", 500), ("train", 1000)])
def test_a_limit_of_memory_with_which_libraries_abort_is_refused(tmp_path, stage, least):
    """With 240 MB a report waited forever for a thread, with 580 a training was aborted."""
    done = subprocess.run(
        [
            "sh",
            "-c",
            f"ulimit -v {(least - 1) * 1024}; exec {sys.executable} {ROOT}/src/{stage}.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"error: memory is limited to {least - 1} MB, and this stage begins with {least}. Raise "
        "the limit: ulimit -v unlimited\n",
    )
