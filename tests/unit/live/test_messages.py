"""What is said of a verdict, in words and as JSON, by what the model's words are called."""

import json
from pathlib import Path

import numpy as np
import pytest
from live_support import OF_WORDS, save_model

from spoken_digits.export.inference import Model, load_model
from spoken_digits.live.decision import Verdict, decide
from spoken_digits.live.messages import as_json, joined, say


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def words(folder: Path) -> Model:
    return load_model(save_model(folder / "words.onnx", OF_WORDS, words=3))


@pytest.fixture(scope="module")
def digits(folder: Path) -> Model:
    return load_model(save_model(folder / "digits.onnx"))


def verdict(model: Model, best: int, share: float) -> Verdict:
    """Return the verdict on a sound that is a word with so much probability, or something else."""
    probabilities = np.zeros(len(model.classes), np.float32)
    probabilities[best], probabilities[-1] = share, 1 - share
    return decide(model.labels, probabilities, 0.5, -20, 0.5)


def test_a_word_is_said_with_its_probability(words, digits):
    assert say(verdict(words, 2, 0.975), words.noun) == "lights-on  98%"
    assert say(verdict(digits, 7, 0.975), digits.noun) == "7  98%"


def test_what_is_none_is_said_with_the_nearest(words, digits):
    assert say(verdict(words, 1, 0.25), words.noun) == (
        "no word of the vocabulary (sounds like something else; nearest no, 25%)"
    )
    assert say(verdict(digits, 7, 0.25), digits.noun) == (
        "not a digit (sounds like something else; nearest 7, 25%)"
    )


def test_json_has_a_word_under_what_it_is_called(words, digits):
    of_words = json.loads(as_json(words, file="a.wav", verdict=verdict(words, 2, 0.75)))
    assert of_words == {
        "file": "a.wav",
        "word": "lights-on",
        "confidence": 0.75,
        "probabilities": {"yes": 0, "no": 0, "lights-on": 0.75, "other": 0.25},
    }
    of_digits = json.loads(as_json(digits, verdict=verdict(digits, 7, 0.75)))
    assert of_digits["digit"] == "7"
    assert "word" not in of_digits
    assert list(of_digits["probabilities"]) == [*"0123456789", "other"]


def test_json_has_null_and_a_reason_for_what_is_none(words, digits):
    for model in (words, digits):
        found = json.loads(as_json(model, verdict=verdict(model, 0, 0.25)))
        assert found[model.noun] is None
        assert found["reason"] == "sounds like something else"


def test_json_without_a_verdict(words):
    assert as_json(words, file="a.wav", error="an empty file") == (
        '{"file": "a.wav", "error": "an empty file"}'
    )


@pytest.mark.parametrize(
    ("labels", "noun", "text"),
    [
        (["5", "5", "1"], "digit", "551"),
        (["lights-on", "no", "yes"], "word", "lights-on no yes"),
        (["5", "yes", "1"], "word", "5 yes 1"),
        ([], "digit", ""),
    ],
)
def test_what_is_said_in_a_row(labels, noun, text):
    assert joined(labels, noun) == text
