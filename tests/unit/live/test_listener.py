"""An utterance is one word, cut in four ways; or none, and why."""

import numpy as np
import pytest
from live_support import murmur, room, save_model, word
from numpy.typing import NDArray

from spoken_digits.export.inference import Model, load_model
from spoken_digits.live.endpointer import Utterance
from spoken_digits.live.listener import Listener, Word

RATE = 16_000
AROUND_S = 0.3  # what an endpointer keeps before and after


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Model:
    return load_model(save_model(tmp_path_factory.mktemp("model") / "digits.onnx"))


def hear(
    model: Model, sound: NDArray[np.float32], reject: float = 0.5, noise: float = 5e-4
) -> Word:
    around = round(AROUND_S * RATE)
    heard = room(AROUND_S, sound, AROUND_S, noise=noise)
    utterance = Utterance(80_000 + around, 80_000 + len(heard) - around, 80_000, heard)
    return Listener(model, reject, 300).word(utterance, None)


@pytest.mark.parametrize("digit", range(10))
def test_one_digit(model, digit):
    one = hear(model, word(digit))
    assert one.verdict.label == str(digit)
    assert one.verdict.confidence > 0.9
    assert one.verdict.probabilities.shape == (11,)
    assert (one.start, one.end) == (5.3, pytest.approx(5.7))
    assert len(one.sound) / RATE == pytest.approx(0.6)  # a tenth of a second before and after


def test_no_digit_and_why(model):
    assert hear(model, murmur(0.4)).verdict.reason == "sounds like something else"
    assert hear(model, murmur(2.0)).verdict.reason == "too long: 2.0 s"
    assert hear(model, murmur(0.4, 1e-4), noise=0.0).verdict.reason.startswith("too quiet: -")
    assert hear(model, word(3, 0.05)).verdict.reason == "too short: 50 ms"


def test_a_stricter_user_gets_fewer(model):
    doubtful = word(1) + 0.33 * word(4)
    lenient, strict = (hear(model, doubtful, reject).verdict for reject in (0.5, 0.95))
    assert (lenient.label, strict.label) == ("1", None)
    assert strict.guess == "1"


def test_an_utterance_at_the_very_start_of_a_stream(model):
    sound = room(word(3), 0.3)
    one = Listener(model, 0.5, 300).word(Utterance(0, len(word(3)), 0, sound), None)
    assert one.verdict.label == "3"
