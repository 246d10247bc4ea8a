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

from spoken_digits import released
from spoken_digits.dataset import read_split
from spoken_digits.errors import UserError
from spoken_digits.measure import hear
from spoken_digits.onnx_model import load_model

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


def turned(model: Path, steps: int) -> bytes:
    """Return a model that says digit d + steps where the given one says d."""
    graph = onnx.load(model)
    for node in graph.graph.node:
        node.output[:] = ["straight" if out == "probabilities" else out for out in node.output]
        node.input[:] = ["straight" if one == "probabilities" else one for one in node.input]
    order = [(digit - steps) % 10 for digit in range(10)] + [10]
    graph.graph.initializer.append(helper.make_tensor("order", TensorProto.INT64, [11], order))
    graph.graph.node.append(
        helper.make_node("Gather", ["straight", "order"], ["probabilities"], axis=1)
    )
    return graph.SerializeToString()


@pytest.mark.slow
def test_a_release_is_promoted_described_and_only_replaced_by_one_no_worse(
    work, promote, run, capsys, tmp_path
):
    promote("HEAD")
    model = Path("models/released/digits.onnx")
    assert model.read_bytes() == Path("models/digits.onnx").read_bytes()
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
    assert "src/spoken_digits/network.py" in about["sha256"]
    assert released.read_about() == about

    # Whichever digit it says, it is right for some; turned, it is right for others.
    rows = [row for row in read_split(Path("data/split.csv")) if row.subset == "test"]
    rows = [row for row in rows if row.label != "other" and row.label.isdigit()]
    right = []
    for steps in range(10):
        (tmp_path / f"{steps}.onnx").write_bytes(turned(model, steps))
        heard, _ = hear(load_model(tmp_path / f"{steps}.onnx"), Path("data/raw"), rows)
        right.append(sum(one.correct for one in heard))
    assert sum(right) == len(rows)
    best, worst = int(np.argmax(right)), int(np.argmin(right))
    assert right[best] > right[worst]

    def commit(steps: int) -> str:
        shutil.copy(tmp_path / f"{steps}.onnx", "models/digits.onnx")
        run("git", "commit", "--quiet", "--allow-empty", "-am", f"turned {steps}", cwd=work)
        return run("git", "rev-parse", "HEAD", cwd=work).stdout.strip()

    promote(commit(best))
    released_bytes = model.read_bytes()
    assert released_bytes == (tmp_path / f"{best}.onnx").read_bytes()
    before = released.ABOUT.read_bytes()
    with pytest.raises(UserError, match=r"refused: \w+ has [\d.]+% on its \d+ test digits, the"):
        promote(commit(worst))
    assert model.read_bytes() == released_bytes
    assert released.ABOUT.read_bytes() == before
    promote(commit(best))  # the same again is no worse
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
