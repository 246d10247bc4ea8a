"""The stages evaluate and report on a trained network: what they write, the same every time."""

import json
import re
import sys

import pytest

from spoken_digits.evaluation.predictions import read_predictions
from spoken_digits.evaluation.reported_metrics import MEANING

PLOTS = {
    "Loss",
    "Validation accuracy",
    "Confusion matrix",
    "Confusion matrix, normalised",
    "Accuracy in noise",
    "Accuracy by speaker",
    "Reliability",
    "Rejection",
    "metrics/plots/mistakes.png",
}


def flat(content: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in content.items():
        found |= (
            flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        )
    return found


def test_every_metric_is_documented_and_every_documented_one_is_there(built):
    keys = set(flat(json.loads((built / "metrics" / "evaluate.json").read_text())))
    patterns = {key: re.compile(re.sub(r"<.*?>", "[a-z0-9_]+", re.escape(key))) for key in MEANING}
    for key in keys:
        assert any(pattern.fullmatch(key) for pattern in patterns.values()), key
    for key, pattern in patterns.items():
        assert any(pattern.fullmatch(found) for found in keys), key


def test_the_numbers_are_those_of_the_predictions(built):
    summary = json.loads((built / "metrics" / "evaluate.json").read_text())
    predictions = read_predictions(built / "metrics" / "predictions.csv")
    correct = [one.correct for one in predictions if one.recording.is_word]
    assert summary["n"] == len(correct)
    assert summary["accuracy"] == pytest.approx(sum(correct) / len(correct), abs=1e-6)
    assert summary["cost"]["bytes"] == (built / "models" / "digits.safetensors").stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["evaluate", "report"])
def test_a_second_run_gives_the_same_bytes_whatever_the_surroundings(work, run, stage):
    outputs = [
        *(work / "metrics" / "plots").iterdir(),
        *(work / "metrics" / name for name in ("evaluate.json", "predictions.csv", "report.html")),
    ]
    before = {path: path.read_bytes() for path in outputs}
    surroundings = {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    run(sys.executable, f"src/{stage}.py", cwd=work, env=surroundings)
    for path, content in before.items():
        assert path.read_bytes() == content, path


def test_dvc_shows_every_plot(built, run):
    shown = json.loads(run("dvc", "plots", "show", "--json", cwd=built).stdout)
    assert shown.get("errors", []) == []
    assert set(shown["data"]) == PLOTS
    assert all(shown["data"].values())


@pytest.mark.slow
def test_a_missing_model_is_an_error_of_one_line(work, run):
    (work / "models" / "digits.safetensors").unlink()
    done = run(sys.executable, "src/evaluate.py", cwd=work, check=False)
    assert done.returncode == 1
    assert "models/digits.safetensors: no such model" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_split_of_another_vocabulary_than_the_models_is_an_error(work, run):
    split = work / "data" / "split.csv"
    text = split.read_text()
    split.unlink()  # it may be a link into the cache
    split.write_text(re.sub(r",7_(v\d+)_0.wav,7,test", r",yes_\1_0.wav,yes,test", text))
    done = run(sys.executable, "src/evaluate.py", cwd=work, check=False)
    assert done.returncode == 1
    assert "'yes' is not in the vocabulary, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_test_subset_without_digits_is_an_error(work, run):
    split = work / "data" / "split.csv"
    lines = split.read_text().splitlines()
    split.unlink()  # it may be a link into the cache
    kept = [line for line in lines if not re.search(r",[0-9],test$", line)]
    split.write_text("\n".join(kept) + "\n")
    done = run(sys.executable, "src/evaluate.py", cwd=work, check=False)
    assert done.returncode == 1
    assert "data/split.csv: no digit in the test subset" in done.stderr


def test_keys_are_explained_without_a_project(run, tmp_path, built):
    done = run(sys.executable, built / "src" / "evaluate.py", "--keys", cwd=tmp_path)
    assert "share of the test words that were heard as the word that was said" in done.stdout
