"""Numbers in one breath are read; what is none is not."""

import numpy as np
import pytest
from live_support import murmur, room, save_model, word
from numpy.typing import NDArray

from spoken_digits.export.inference import Model, load_model
from spoken_digits.live.digit_string import Reader, Spoken
from spoken_digits.live.endpointer import Utterance

RATE = 16_000
AROUND_S = 0.3  # what an endpointer keeps before and after


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Model:
    return load_model(save_model(tmp_path_factory.mktemp("model") / "digits.onnx"))


def _said(*parts: float | NDArray[np.float32], offset: int = 0, noise: float = 5e-4) -> Utterance:
    sound = room(AROUND_S, *parts, AROUND_S, noise=noise)
    around = round(AROUND_S * RATE)
    return Utterance(offset + around, offset + len(sound) - around, offset, sound)


def _digits(spoken: list[Spoken]) -> str:
    return "".join(word.verdict.label or "-" for word in spoken)


@pytest.mark.parametrize("digit", range(10))
def test_one_digit(model, digit):
    (one,) = Reader(model, 0.5).read(_said(word(digit)))
    assert one.verdict.label == str(digit)
    assert one.verdict.confidence > 0.9
    assert one.verdict.probabilities.shape == (11,)


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.15, 0.25])
@pytest.mark.parametrize("number", ["12", "7777", "5551234", "9081726354"])
def test_many_digits(model, number, pause):
    parts = [part for digit in number for part in (word(int(digit)), pause)]
    assert _digits(Reader(model, 0.5).read(_said(*parts[:-1]))) == number


@pytest.mark.parametrize("seconds", [0.5, 0.6, 0.68])
def test_slow_digits_between_pauses_are_one_each(model, seconds):
    parts = [part for digit in (2, 2, 0) for part in (word(digit, seconds), 0.15)]
    spoken = Reader(model, 0.5).read(_said(*parts[:-1]))
    assert _digits(spoken) == "220"
    for one in spoken:
        assert (one.end - one.start) / RATE == pytest.approx(seconds, abs=0.1)


def test_a_soft_voice_in_the_background_adds_no_digit(model):
    said = [word(7), 0.2, 0.1 * word(4), 0.2, word(1)]
    assert _digits(Reader(model, 0.5).read(_said(*said, noise=1e-4))) == "71"
    said[2] = 0.4 * word(4)  # only softly said
    assert _digits(Reader(model, 0.5).read(_said(*said, noise=1e-4))) == "741"


def test_a_stricter_user_gets_fewer_of_a_paused_number_too(model):
    doubtful = word(1) + 0.3 * word(4)
    utterance = _said(word(7), 0.15, doubtful, 0.15, word(8))
    lenient, strict = (_digits(Reader(model, reject).read(utterance)) for reject in (0.5, 0.999))
    assert (lenient, "1" in strict) == ("718", False)


@pytest.mark.parametrize("seconds", [0.3, 0.4, 0.55])
def test_at_any_pace(model, seconds):
    parts = [word(digit, seconds) for digit in (3, 1, 4, 1, 5)]
    assert _digits(Reader(model, 0.5).read(_said(*parts))) == "31415"


def test_in_noise(model):
    parts = [part for digit in (2, 7, 1, 8) for part in (word(digit), 0.15)]
    assert _digits(Reader(model, 0.3).read(_said(*parts[:-1], noise=3e-3))) == "2718"


def test_digits_lie_where_they_were_said(model):
    utterance = _said(word(6), 0.15, word(0), offset=80_000)
    six, nought = Reader(model, 0.5).read(utterance)
    begins = (utterance.start - RATE // 50) / RATE
    assert six.start / RATE >= begins - 0.11
    assert six.end / RATE == pytest.approx(5 + AROUND_S + 0.4, abs=0.16)
    assert nought.start / RATE == pytest.approx(5 + AROUND_S + 0.55, abs=0.16)
    assert six.end <= nought.start < nought.end


def test_no_digit_is_one_verdict_that_says_why(model):
    (one,) = Reader(model, 0.5).read(_said(murmur(0.4)))
    assert (one.verdict.label, one.verdict.reason) == (None, "sounds like something else")
    (long,) = Reader(model, 0.5).read(_said(murmur(2.0)))
    assert (long.verdict.label, long.verdict.reason) == (None, "too long: 2.0 s")
    (quiet,) = Reader(model, 0.5).read(_said(murmur(0.4, 1e-4), noise=0.0))
    assert quiet.verdict.reason.startswith("too quiet: -")


def test_a_digit_or_two_in_much_else_are_no_number(model):
    speech = [murmur(0.7), word(3), murmur(0.7), word(4), murmur(0.7)]
    assert _digits(Reader(model, 0.5).read(_said(*speech))) == "-"


def test_digits_that_are_all_doubtful_are_no_number(model):
    """Each may pass alone; that all of many are so unlikely is chance."""
    number = [word(digit) + 0.33 * word((digit + 3) % 10) for digit in (1, 2, 3, 4)]
    reader = Reader(model, 0.5)
    (alone,) = reader.read(_said(number[0]))
    assert 0.5 < alone.verdict.confidence < 0.9
    assert _digits(reader.read(_said(*number, offset=RATE))) == "-"


def test_a_stricter_user_gets_fewer(model):
    doubtful = word(1) + 0.33 * word(4)
    (lenient,) = Reader(model, 0.5).read(_said(doubtful))
    (strict,) = Reader(model, 0.95).read(_said(doubtful))
    assert (lenient.verdict.label, strict.verdict.label) == ("1", None)
    assert strict.verdict.guess == "1"


def test_reading_while_it_goes_on_changes_nothing_and_leaves_little_to_do(model):
    parts = [part for digit in (5, 5, 1, 2) for part in (word(digit), 0.1)]
    whole = _said(*parts[:-1])
    fresh = Reader(model, 0.5).read(whole)
    reader = Reader(model, 0.5)
    for end in range(whole.start + RATE // 5, whole.end, RATE // 10):
        reader.read(Utterance(whole.start, end, whole.offset, whole.sound[: end - whole.offset]))
    reader.read(whole)
    known = len(reader._known)
    assert _digits(reader.read(whole)) == _digits(fresh) == "5512"
    assert len(reader._known) == known  # nothing was heard again


def test_another_utterance_is_heard_anew(model):
    reader = Reader(model, 0.5)
    assert _digits(reader.read(_said(word(3)))) == "3"
    assert _digits(reader.read(_said(word(8), offset=RATE))) == "8"


def test_an_utterance_at_the_very_start_of_a_stream(model):
    sound = room(word(3), 0.3)
    (one,) = Reader(model, 0.5).read(Utterance(0, len(word(3)), 0, sound))
    assert one.verdict.label == "3"
