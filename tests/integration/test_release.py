"""make release on the real pipeline, shrunk: what is promoted, what is refused."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import release
from onnx import TensorProto, helper

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.evaluation.real_recordings import hear
from spoken_digits.export import released
from spoken_digits.export.inference import load_model
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.sound.one_second import one_second

RAW = Path("data/raw")
SMALL = {"corpora": ["espeak"], "split.scheme": "random"}
"""What the built project is trained with."""


@pytest.fixture
def promote(work, machine, monkeypatch):
    """Run release.py in this process, in a project of the user's; all that it needs is built."""
    for name, value in machine("anna").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(work)
    monkeypatch.setattr(released, "PARAMS", SMALL)
    shutil.rmtree("models/released", ignore_errors=True)  # trained on more than the test makes

    def promote(revision: str) -> None:
        monkeypatch.setattr(sys, "argv", ["release.py", "--from", revision])
        release.main()

    return promote


def saying(model: Path, level: float, quiet: str, loud: str) -> bytes:
    """Return a model that says one digit below a mean absolute level, and another above it."""
    graph = onnx.load(model)
    for node in graph.graph.node:
        node.output[:] = ["not_said" if out == "probabilities" else out for out in node.output]
    for name, digit in (("said_quiet", quiet), ("said_loud", loud)):
        row = [float(index == int(digit)) for index in range(11)]
        graph.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [1, 11], row))
    graph.graph.initializer.append(
        helper.make_tensor("said_level", TensorProto.FLOAT, [1], [level])
    )
    graph.graph.initializer.append(helper.make_tensor("said_time", TensorProto.INT64, [1], [1]))
    graph.graph.node.extend(
        [
            helper.make_node("Abs", ["waveform"], ["said_absolute"]),
            helper.make_node("ReduceMean", ["said_absolute", "said_time"], ["said_mean"]),
            helper.make_node("Greater", ["said_mean", "said_level"], ["said_is_loud"]),
            helper.make_node(
                "Where", ["said_is_loud", "said_loud", "said_quiet"], ["probabilities"]
            ),
        ]
    )
    return graph.SerializeToString()


@pytest.mark.slow
def test_a_release_is_promoted_described_and_only_replaced_by_one_no_worse(
    work, promote, run, capsys, tmp_path
):
    promote("HEAD")
    model = Path("models/released/digits.onnx")
    assert model.read_bytes() == Path("models/digits.onnx").read_bytes()
    assert released.WEIGHTS.read_bytes() == Path("models/digits.safetensors").read_bytes()
    about = json.loads(Path("models/released/digits.json").read_text(encoding="utf-8"))
    assert about["commit"] == run("git", "rev-parse", "HEAD", cwd=work).stdout.strip()
    assert about["corpora"] == ["espeak"]
    assert about["metrics"]["evaluate"] == json.loads(Path("metrics/evaluate.json").read_text())
    assert about["versions"]["torch"] == "2.13.0"
    assert about["dvc.lock"]["train"]["outs"].keys() == {
        "models/digits.safetensors",
        "metrics/train",
    }
    for path in ("models/digits.onnx", "models/digits.safetensors", "data/split.csv", "dvc.lock"):
        found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        assert about["sha256"][path] == found, path
    assert "src/spoken_digits/model/network.py" in about["sha256"]
    assert released.read_about() == about

    # Two models that tell the quietest recording from the others: one is right on it, one wrong.
    test = [one for one in read_split(Path("data/split.csv")).part("test") if one.is_word]
    sounds = [read_wav(content) for content in read_recordings(RAW, test)]
    levels = np.array([np.abs(one_second(waveform(*sound))).mean() for sound in sounds])
    level = float(np.sort(levels)[:2].mean())
    digit = test[int(levels.argmin())].label
    another = next(one.label for one in test if one.label != digit)
    for name, quiet, loud in (("best", digit, another), ("worst", another, digit)):
        (tmp_path / f"{name}.onnx").write_bytes(saying(model, level, quiet, loud))
    right = {
        name: sum(one.correct for one in hear(load_model(tmp_path / f"{name}.onnx"), RAW, test)[0])
        for name in ("best", "worst")
    }
    assert right["best"] > right["worst"]

    def commit(name: str) -> str:
        shutil.copy(tmp_path / f"{name}.onnx", "models/digits.onnx")
        run("git", "commit", "--quiet", "--allow-empty", "-am", name, cwd=work)
        return run("git", "rev-parse", "HEAD", cwd=work).stdout.strip()

    promote(commit("best"))
    released_bytes = model.read_bytes()
    assert released_bytes == (tmp_path / "best.onnx").read_bytes()
    before = released.ABOUT.read_bytes()
    with pytest.raises(UserError, match=r"refused: \w+ has [\d.]+% on its \d+ test words, the"):
        promote(commit("worst"))
    assert model.read_bytes() == released_bytes
    assert released.ABOUT.read_bytes() == before
    promote(commit("best"))  # the same again is no worse
    assert "no difference that these" in capsys.readouterr().out


def test_a_model_that_is_trained_otherwise_is_not_promoted(work, promote, monkeypatch):
    monkeypatch.setattr(released, "PARAMS", SMALL | {"split.scheme": "takes"})
    with pytest.raises(UserError, match=r'HEAD is not .*: split.scheme is "random", not "takes"'):
        promote("HEAD")
    assert not released.MODEL.exists()


def test_no_such_experiment(promote):
    with pytest.raises(UserError, match="nobody: no such revision or experiment"):
        promote("nobody")


def test_without_the_cache_it_says_what_is_missing(work, promote):
    shutil.rmtree(".dvc/cache")
    shutil.rmtree("data")
    with pytest.raises(UserError, match=r"data/split.csv of \w+ is in neither DVC's cache"):
        promote("HEAD")
    assert not released.MODEL.exists()
