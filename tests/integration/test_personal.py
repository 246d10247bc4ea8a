"""make personal on the real pipeline, shrunk: a voice of its own kind is learnt and kept."""

import json
import shutil
import sys

import personal
import pytest
from conftest import commit_all

from spoken_digits.export import released
from spoken_digits.export.inference import load_model
from spoken_digits.training import start_from

SMALL = {"corpora": ["espeak"], "split.scheme": "takes"}
SHORT = {
    "epochs": 8, "patience": 8, "learning_rate": 0.004, "anneal": 1, "epoch_size": 640, "augment": 0
}  # fmt: skip


@pytest.mark.slow
def test_a_voice_is_learnt_measured_and_kept(
    work, machine, run, recordings, monkeypatch, capfd, tmp_path
):
    for name, value in machine("anna").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(work)
    monkeypatch.setattr(released, "PARAMS", SMALL)
    monkeypatch.setattr(start_from, "SETTINGS", SHORT)
    released.FOLDER.mkdir(exist_ok=True)
    sums = {}
    for path in (released.MODEL, released.WEIGHTS):
        shutil.copy(f"models/{path.name}", path)
        sums[f"models/{path.name}"] = released.sha256(path.read_bytes())
    released.ABOUT.write_text(json.dumps({"sha256": sums}), encoding="utf-8")
    commit_all(run, work, "A released model")
    mine = tmp_path / "my recordings"
    mine.mkdir()
    for name, content in recordings("anna", takes=6).items():
        (mine / name).write_bytes(content)

    monkeypatch.setattr(sys, "argv", ["personal.py", "--recordings", str(mine)])
    personal.main()

    said = capfd.readouterr().out
    assert "you, released model                 20 " in said
    assert "everybody else, personal model" in said
    assert "everybody else: test recordings of espeak\n" in said
    assert "models/personal.onnx is personal-1's. To use it: python src/predict_live.py" in said
    assert load_model(personal.PERSONAL).labels == tuple("0123456789")
    kept = run("git", "status", "--porcelain", cwd=work).stdout
    assert kept == "", "the working tree is as it was, and the model is not Git's"
