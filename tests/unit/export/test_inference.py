"""A model file is loaded, or it is said why it cannot be."""

import json

import numpy as np
import pytest
from live_support import METADATA, save_model, word

from spoken_digits.export.inference import ModelError, load_model
from spoken_digits.sound.one_second import one_second


def test_probabilities_of_many_seconds_at_once(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    digits = [7, 0, 3] * 30  # more than a batch
    seconds = np.stack([one_second(word(digit)) for digit in digits]).astype(np.float32)
    probabilities = model.probabilities(seconds)
    assert probabilities.shape == (90, len(digits().classes))
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


def test_a_model_says_what_it_was_trained_on(tmp_path):
    told = {
        "corpora": json.dumps(["espeak", "fsdd"]),
        "accuracy": json.dumps({"accuracy": 0.98765, "n": 1743}),
    }
    path = save_model(tmp_path / "digits.onnx", METADATA | told)
    assert load_model(path).description == (
        f"{path}, trained on espeak + fsdd, 98.77% of 1,743 test digits right"
    )


@pytest.mark.parametrize("change", [{}, {"corpora": "[1]", "accuracy": "0.9"}])
def test_a_model_that_does_not_say_what_it_was_trained_on(tmp_path, change):
    path = save_model(tmp_path / "digits.onnx", METADATA | change)
    assert load_model(path).description == f"{path}, which does not say what it was trained on"
