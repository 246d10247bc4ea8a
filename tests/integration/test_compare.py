"""compare.py on real revisions and experiments, out of a real DVC cache."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import commit_all, init_git

import compare
from spoken_digits.evaluation.comparison import ComparisonError
from spoken_digits.evaluation.experiments import ExperimentError

COMPARE = Path(__file__).parents[2] / "src" / "compare.py"
DVC_YAML = """\
stages:
  evaluate:
    cmd: python make.py
    deps: [make.py]
    params: [wrong]
    outs: [metrics/predictions.csv]
"""
# Stands for the training: as many digits heard wrongly as params.yaml says, the rest rightly.
MAKE = f"""\
import sys
sys.path.insert(0, {str(COMPARE.parent)!r})
from pathlib import Path
import yaml
from spoken_digits.evaluation.predictions import Prediction, write_predictions
from spoken_digits.recording import Recording
params = yaml.safe_load(open("params.yaml"))
rows = []
for take in range(200):
    label = str(take % 10)
    heard = str((take + 1) % 10) if take < params["wrong"] else label
    rows.append(Prediction(Recording("fsdd", label, "anna", take), heard, 0.9, take))
write_predictions(Path("metrics/predictions.csv"), rows)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory, run):
    root = tmp_path_factory.mktemp("compare") / "project"
    root.mkdir()
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "make.py").write_text(MAKE)
    (root / "params.yaml").write_text("wrong: 30\n")
    init_git(run, root)
    run("dvc", "init", "--quiet", cwd=root)
    run("dvc", "repro", cwd=root)
    commit_all(run, root, "first")
    run("dvc", "exp", "run", "--quiet", "-n", "better", "-S", "wrong=10", cwd=root)
    run("git", "checkout", "--quiet", "--force", ".", cwd=root)
    run("dvc", "checkout", "--quiet", cwd=root)
    return root


@pytest.fixture
def compared(built, machine, monkeypatch, capsys):
    """Run compare.py in this process, in a project; return what it prints."""
    for name, value in machine("anna").items():
        monkeypatch.setenv(name, value)

    def compared(*arguments: str, root: Path = built) -> str:
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, "argv", ["compare.py", *arguments])
        compare.main()
        return capsys.readouterr().out

    return compared


@pytest.mark.slow
def test_an_experiment_is_better_than_a_branch_without_anything_in_the_workspace(
    built, run, tmp_path
):
    root = shutil.copytree(built, tmp_path / "project", symlinks=True)
    shutil.rmtree(root / "metrics")
    done = run(sys.executable, COMPARE, "main", "better", cwd=root)
    assert "main          85.00%" in done.stdout
    assert "better        95.00%" in done.stdout
    assert "difference   +10.00%   95% interval +6.00% to +14.50%" in done.stdout
    assert "better is better (p = 1.9e-06)" in done.stdout  # 2 / 2**20
    assert "won: 20 recordings\n  fsdd/0_anna_10.wav: said 0, main heard 1" in done.stdout
    assert not (root / "metrics").exists()
    done = run(sys.executable, COMPARE, "nothing", cwd=root, check=False)
    assert done.returncode == 1
    assert "error: nothing: no such revision or experiment" in done.stderr
    assert "dvc exp list" in done.stderr


def test_the_workspace_is_the_default_and_json_names_everything(compared):
    content = json.loads(compared("better", "--json"))
    assert (content["base"], content["other"]) == ("better", "workspace")
    assert content["difference"] == pytest.approx(-0.1)
    assert content["mcnemar_p"] == pytest.approx(2 / 2**20)
    assert len(content["lost"]) == 20
    assert content["won"] == []


def test_a_recording_less_in_the_workspace_is_refused(built, compared, tmp_path):
    root = shutil.copytree(built, tmp_path / "project", symlinks=True)
    path = root / "metrics" / "predictions.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    path.write_text("".join(lines[:-1]))
    with pytest.raises(ComparisonError, match=r"differ \(200 and 199 words\): 1 only in the base"):
        compared("main", root=root)


@pytest.mark.parametrize("revision", ["better", "main"])
def test_predictions_that_are_not_in_the_cache(built, compared, tmp_path, revision):
    root = shutil.copytree(built, tmp_path / "project", symlinks=True)
    shutil.rmtree(root / ".dvc" / "cache")
    with pytest.raises(ComparisonError, match=rf"{revision}: its metrics/pred.* dvc fetch --all"):
        compared(revision, root=root)


def test_a_workspace_without_predictions(built, compared, tmp_path):
    root = shutil.copytree(built, tmp_path / "project", symlinks=True)
    (root / "metrics" / "predictions.csv").unlink()
    shutil.rmtree(root / ".dvc" / "cache")
    with pytest.raises(ComparisonError, match=r"dvc repro evaluate"):
        compared("workspace", root=root)


def test_without_git_there_are_no_revisions(built, compared, tmp_path):
    root = shutil.copytree(built, tmp_path / "project", symlinks=True)
    shutil.rmtree(root / ".git")
    (root / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n")
    with pytest.raises(ExperimentError, match=r"not under Git, and .* Use a clone instead"):
        compared("main", root=root)
