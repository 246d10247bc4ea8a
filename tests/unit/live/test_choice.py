"""Which model listens: live.model in params.yaml, and what is said of a newer one."""

import os
from pathlib import Path

import pytest

from spoken_digits.export.inference import ModelError
from spoken_digits.live.choice import chosen, newer_model

RELEASED, TRAINED = Path("models/released/digits.onnx"), Path("models/digits.onnx")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a project that holds both models, the released one an hour older."""
    monkeypatch.chdir(tmp_path)
    RELEASED.parent.mkdir(parents=True)
    for path, modified in [(RELEASED, 1e9), (TRAINED, 1e9 + 3600)]:
        path.write_bytes(b"")
        os.utime(path, (modified, modified))


def test_the_released_one_the_trained_one_or_a_path(here):
    Path("mine.onnx").write_bytes(b"")
    assert chosen("released") == RELEASED
    assert chosen("trained") == TRAINED
    assert chosen("mine.onnx") == Path("mine.onnx")


def test_the_other_is_never_taken_without_a_word(here):
    RELEASED.unlink()
    with pytest.raises(ModelError) as caught:
        chosen("released")
    assert str(caught.value) == (
        "models/released/digits.onnx: no such file (params.yaml has live.model: released). Name "
        "another there, or with --model; models/digits.onnx is here (live.model: trained)"
    )


def test_what_is_not_trained_yet(here):
    TRAINED.unlink()
    with pytest.raises(ModelError) as caught:
        chosen("trained")
    assert str(caught.value) == (
        "models/digits.onnx: no such file (params.yaml has live.model: trained). Make it with: "
        "dvc repro, or fetch it with: dvc pull models/digits.onnx"
    )
    assert newer_model(RELEASED) == ""


def test_a_newer_one_is_pointed_out_to_who_uses_the_released_one(here):
    assert newer_model(RELEASED) == (
        "a newer model is models/digits.onnx. "
        "To use it: --model models/digits.onnx, or live.model: trained"
    )
    assert newer_model(TRAINED) == ""
    assert newer_model(Path("mine.onnx")) == ""


def test_an_older_one_and_one_of_the_same_clone_are_not(here):
    os.utime(TRAINED, (1e9 + 5, 1e9 + 5))
    assert newer_model(RELEASED) == ""
    os.utime(TRAINED, (1e9 - 3600, 1e9 - 3600))
    assert newer_model(RELEASED) == ""
