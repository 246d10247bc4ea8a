"""A model file is loaded, or it is said why it cannot be."""

import json

import numpy as np
import pytest
from live_support import METADATA, save_model, word

from spoken_digits.export.inference import ModelError, find_model, load_model
from spoken_digits.recording import CLASSES
from spoken_digits.sound.one_second import one_second


def test_probabilities_of_many_seconds_at_once(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    digits = [7, 0, 3] * 30  # more than a batch
    seconds = np.stack([one_second(word(digit)) for digit in digits]).astype(np.float32)
    probabilities = model.probabilities(seconds)
    assert probabilities.shape == (90, len(CLASSES))
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == digits
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_no_seconds_no_probabilities(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    assert model.probabilities(np.empty((0, 16_000), np.float32)).shape == (0, 11)


def test_one_result_whatever_else_is_in_the_batch(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    seconds = np.stack([one_second(word(digit)) for digit in range(10)]).astype(np.float32)
    together = model.probabilities(seconds)
    alone = np.concatenate([model.probabilities(second[None]) for second in seconds])
    assert np.allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file. Make it with: dvc repro, or fetch it with: dvc pull"),
        (b"", "not an ONNX model that can be read"),
        (b"not a model" * 99, "not an ONNX model that can be read"),
    ],
)
def test_files_that_are_no_model(tmp_path, content, words):
    path = tmp_path / "digits.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.exit_code == 3


def test_a_model_that_is_cut_short(tmp_path):
    path = save_model(tmp_path / "digits.onnx")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ModelError, match="not an ONNX model that can be read"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "spoken-digits 2"}, "another version .'spoken-digits 2'; this program reads"),
        ({"format": None}, "not one of this project"),
        ({"labels": json.dumps(["yes", "no"])}, "labels is .'yes', 'no'., not"),
        ({"labels": "]"}, "lacks a readable 'labels'"),
        ({"labels": None}, "lacks a readable 'labels'"),
        ({"sample_rate": "8000"}, "sample_rate is 8000, not 16000"),
    ],
)
def test_metadata_of_something_else(tmp_path, change, words):
    metadata = {key: value for key, value in (METADATA | change).items() if value is not None}
    with pytest.raises(ModelError, match=words):
        load_model(save_model(tmp_path / "digits.onnx", metadata))


def test_another_number_of_classes(tmp_path):
    with pytest.raises(ModelError, match="gives 12 probabilities, not 11"):
        load_model(save_model(tmp_path / "digits.onnx", classes=12))


def test_the_released_model_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"dvc repro \(or fetch one with: dvc pull\)"):
        find_model()
    (tmp_path / "models" / "released").mkdir(parents=True)
    latest = save_model(tmp_path / "models" / "digits.onnx")
    assert find_model() == latest.relative_to(tmp_path)
    released = save_model(tmp_path / "models" / "released" / "digits.onnx")
    assert find_model() == released.relative_to(tmp_path)
