"""The real pipeline, shrunk to seconds, in a Git and DVC repository of its own."""

import json
import re
from pathlib import Path

import pytest
import yaml
from conftest import set_params

from spoken_digits.params import NO_FOLDER

LARGEST_IN_GIT = 1_000_000
SCRATCH = (".dvc", ".git", ".checkpoints/")
"""DVC's and Git's own files, and what resumes a killed run."""


IN_GIT_ALONE = {"metrics/latency.json"}
"""Written by a stage, but no output of it: a time is another number on every run."""


def pipeline(project: Path) -> dict[str, dict]:
    return yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def out_paths(stage: dict) -> set[str]:
    outs = stage.get("outs", []) + stage.get("metrics", [])
    return {out if isinstance(out, str) else next(iter(out)) for out in outs}


def within(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def source(path: str) -> str:
    """Return the source of a compiled module."""
    return re.sub(r"__pycache__/(.+?)\.cpython-[0-9]+(\.opt-\d)?\.pyc.*$", r"\1.py", path)


def test_everything_is_up_to_date_after_one_run(built, run):
    assert json.loads(run("dvc", "status", "--json", cwd=built).stdout) == {}
    assert run("git", "status", "--porcelain", cwd=built).stdout == ""


def test_a_stage_opens_only_what_dvc_yaml_says(built):
    """It reads its deps, params.yaml and its outputs, and writes its outputs."""
    opened = (built.parent / "opened.txt").read_text(encoding="utf-8").splitlines()
    stages = pipeline(built)
    wrong = set()
    for line in opened:
        stage, how, path = line.split("\t")
        mine = out_paths(stages[stage])
        read = set(stages[stage]["deps"]) | {"dvc.yaml", "params.yaml", NO_FOLDER} | mine
        path = source(path)
        if path.endswith(".partial") or ".partial/" in path or path.startswith(SCRATCH):
            continue
        if how == "r" and not (built / path).is_file():
            continue  # a directory, or a temporary file
        if Path(path).name == "__init__.py" and path.startswith("src/"):
            continue  # test_dvc_yaml.py knows which of them hold code
        if not within(path, read if how == "r" else mine | {"src"} | IN_GIT_ALONE):
            wrong.add(f"{stage} {'reads' if how == 'r' else 'writes'} {path}")
    assert not wrong
    assert {line.split("\t")[0] for line in opened} == set(stages)


def test_what_git_holds_of_the_outputs_is_small_and_is_there_in_a_bare_clone(built, run, tmp_path):
    run("git", "clone", "--quiet", built, tmp_path / "clone", cwd=tmp_path)
    held = run("git", "ls-files", "metrics", "models", "data", cwd=tmp_path / "clone").stdout
    for name in held.splitlines():
        assert (tmp_path / "clone" / name).stat().st_size < LARGEST_IN_GIT, name
    shown = run("dvc", "metrics", "show", "--json", cwd=tmp_path / "clone").stdout
    assert 0 <= json.loads(shown)[""]["data"]["metrics/evaluate.json"]["data"]["accuracy"] <= 1
    assert "models/digits.onnx" in held


def test_the_exported_model_is_small(built):
    assert (built / "models" / "digits.onnx").stat().st_size <= 500_000


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"download.espeak.takes": 2}, "download"),
        ({"spectrogram.depth_db": 70}, "spectrogram"),
        ({"split.test_percent": 30}, "split"),
        ({"train.augment": 0.5}, "train"),
        ({"evaluate.seed": 3}, "evaluate"),
    ],
)
def test_a_param_reruns_its_own_stage_first(work, run, change, first):
    set_params(work, change)
    planned = run("dvc", "repro", "--dry", cwd=work).stdout
    (earliest, *_) = re.findall(r"Running stage '(\w+)'", planned)
    assert earliest == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            "train.epochs=abc",
            'params.yaml: train.epochs: "abc" is not allowed. Allowed: a whole',
            marks=pytest.mark.slow,
        ),
        ("corpora=[fsd]", 'params.yaml: corpora: "fsd" is not allowed. Did you mean fsdd?'),
    ],
)
def test_an_experiment_with_a_bad_param_fails_at_once_and_says_why(work, run, change, message):
    finished = run("dvc", "exp", "run", "--temp", "-S", change, cwd=work, check=False)
    output = finished.stdout + finished.stderr
    assert f"error: {message}" in output
    assert "Traceback" not in output
    assert finished.returncode != 0


def test_the_stages_are_a_chain(built, run):
    shown = run("dvc", "dag", "--mermaid", cwd=built).stdout
    assert shown.startswith("flowchart TD")
    for stage in pipeline(built):
        assert f'"{stage}"' in shown
