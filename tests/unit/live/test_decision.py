"""A word is claimed if it is likely enough, and what is not claimed has a reason."""

import numpy as np
import pytest

from spoken_digits.live.decision import decide


@pytest.mark.parametrize(
    ("best", "other", "level", "seconds", "digit", "reason"),
    [
        (0.9, 0.05, -20, 0.5, "7", ""),
        (0.4, 0.1, -20, 0.5, None, "sounds like something else"),
        (0.45, 0.5, -20, 0.5, None, "sounds like something else"),
        (0.9, 0.05, -80, 0.5, None, "too quiet: -80 dBFS"),
        (0.9, 0.05, -20, 0.05, None, "too short: 50 ms"),
        (0.9, 0.05, -20, 2.0, None, "too long: 2.0 s"),
    ],
)
def test_verdicts_and_their_reasons(best, other, level, seconds, digit, reason):
    probabilities = np.full(11, (1 - best - other) / 9, np.float32)
    probabilities[7], probabilities[10] = best, other
    verdict = decide("0123456789", probabilities, 0.5, level, seconds)
    assert (verdict.label, verdict.reason, verdict.guess) == (digit, reason, "7")
    assert verdict.confidence == pytest.approx(best)


WORDS = ("yes", "no", "lights-on")


@pytest.mark.parametrize(
    ("probabilities", "label", "guess"),
    [
        ([0.1, 0.1, 0.7, 0.1], "lights-on", "lights-on"),
        ([0.6, 0.1, 0.1, 0.2], "yes", "yes"),
        ([0.1, 0.45, 0.25, 0.2], None, "no"),  # not likely enough
        ([0.05, 0.05, 0.1, 0.8], None, "lights-on"),  # likelier something else
    ],
)
def test_any_vocabulary(probabilities, label, guess):
    verdict = decide(WORDS, np.array(probabilities, np.float32), 0.5, -20, 0.5)
    assert (verdict.label, verdict.guess) == (label, guess)
    assert verdict.confidence == pytest.approx(max(probabilities[:-1]))
    assert bool(verdict.reason) == (label is None)


def test_a_word_as_likely_as_something_else_is_claimed():
    verdict = decide(WORDS, np.array([0, 0.5, 0, 0.5], np.float32), 0.5, -20, 0.5)
    assert verdict.label == "no"
