"""A model file is loaded, or it is said why it cannot be."""

import json

import numpy as np
import onnx
import pytest
from live_support import METADATA, OF_WORDS, save_model, word

from spoken_digits.export.inference import ModelError, load_model
from spoken_digits.sound.one_second import one_second


def test_probabilities_of_many_seconds_at_once(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    digits = [7, 0, 3] * 30  # more than a batch
    seconds = np.stack([one_second(word(digit)) for digit in digits]).astype(np.float32)
    probabilities = model.probabilities(seconds)
    assert probabilities.shape == (90, 11)
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == digits
    assert np.allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("place", ["../secret", "/etc/hostname", "beside"])
def test_data_outside_the_file_is_not_read(tmp_path, place):
    """ONNX lets a model name other files for its numbers: none is opened."""
    model = onnx.load(save_model(tmp_path / "digits.onnx"))
    (tmp_path / "beside").write_bytes(bytes(2**22))
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=place)
    (tmp_path / "digits.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"digits\.onnx: not an ONNX model that can be read"):
        load_model(tmp_path / "digits.onnx")


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
        (
            {"labels": json.dumps(["yes", "no"])},
            "labels is .'yes', 'no'., not words and then 'other': a model",
        ),
        ({"labels": "]"}, "lacks a readable 'labels'"),
        ({"labels": None}, "lacks a readable 'labels'"),
        ({"sample_rate": "8000"}, "sample_rate is 8000, not 16000"),
    ],
)
def test_metadata_of_something_else(tmp_path, change, words):
    metadata = {key: value for key, value in (METADATA | change).items() if value is not None}
    with pytest.raises(ModelError, match=words):
        load_model(save_model(tmp_path / "digits.onnx", metadata))


@pytest.mark.parametrize(
    "labels",
    [
        ["yes", "no"],
        ["other", "yes", "no"],
        ["other"],
        [],
        "other",
        {"other": 0},
        None,
    ],
    ids=str,
)
def test_labels_are_words_and_then_other(tmp_path, labels):
    metadata = METADATA | {"labels": json.dumps(labels)}
    with pytest.raises(ModelError) as caught:
        load_model(save_model(tmp_path / "words.onnx", metadata, words=2))
    assert str(caught.value).endswith(
        f"labels is {labels}, not words and then 'other': a model of something else"
    )


def test_a_model_of_words_says_which(tmp_path):
    model = load_model(save_model(tmp_path / "words.onnx", OF_WORDS, words=3))
    assert model.labels == ("yes", "no", "lights-on")
    assert model.classes == ("yes", "no", "lights-on", "other")
    assert model.noun == "word"
    seconds = np.stack([one_second(word(number)) for number in (2, 0, 7)]).astype(np.float32)
    probabilities = model.probabilities(seconds)
    assert [model.classes[best] for best in probabilities.argmax(axis=1)] == [
        "lights-on",
        "yes",
        "other",
    ]
    assert model.probabilities(seconds[:0]).shape == (0, 4)


def test_a_model_of_digits_says_so(tmp_path):
    model = load_model(save_model(tmp_path / "digits.onnx"))
    assert model.labels == tuple("0123456789")
    assert model.noun == "digit"


def test_a_model_with_other_words_than_it_says(tmp_path):
    with pytest.raises(ModelError, match="gives 11 probabilities, not 4"):
        load_model(save_model(tmp_path / "words.onnx", OF_WORDS))


def test_another_number_of_classes(tmp_path):
    with pytest.raises(ModelError, match="gives 12 probabilities, not 11"):
        load_model(save_model(tmp_path / "digits.onnx", others=2))


def test_weights_that_are_no_numbers(tmp_path):
    path = save_model(tmp_path / "digits.onnx")
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values * np.float32("nan"), tensor.name))
    onnx.save(model, path)
    with pytest.raises(ModelError, match="gives probabilities that are no numbers: its weights"):
        load_model(path)


def test_a_model_says_what_it_was_trained_on(tmp_path):
    told = {
        "corpora": json.dumps(["espeak", "fsdd"]),
        "accuracy": json.dumps({"accuracy": 0.98765, "n": 1743}),
    }
    path = save_model(tmp_path / "digits.onnx", METADATA | told)
    assert load_model(path).description == (
        f"{path}, trained on espeak + fsdd, 98.77% of 1,743 test digits right"
    )


def test_a_model_of_words_was_tested_on_words(tmp_path):
    told = {"corpora": '["folder"]', "accuracy": '{"accuracy": 0.5, "n": 2}'}
    model = load_model(save_model(tmp_path / "words.onnx", OF_WORDS | told, words=3))
    assert model.training == "trained on folder, 50.00% of 2 test words right"


@pytest.mark.parametrize("change", [{}, {"corpora": "[1]", "accuracy": "0.9"}])
def test_a_model_that_does_not_say_what_it_was_trained_on(tmp_path, change):
    path = save_model(tmp_path / "digits.onnx", METADATA | change)
    assert load_model(path).description == f"{path}, which does not say what it was trained on"
