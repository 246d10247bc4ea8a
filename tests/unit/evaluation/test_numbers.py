"""Scores of numbers that were read, worked out by hand."""

import numpy as np
import pytest

from spoken_digits.evaluation.numbers import Reading, conditions, scores
from spoken_digits.transcripts import Utterance


def reading(said: str, read: str, speaker: str = "a", seconds: float = 1.0) -> Reading:
    return Reading(Utterance("an4", speaker, 0, tuple(said)), tuple(read), seconds)


def test_errors_by_kind_are_shares_of_what_is_said():
    found = scores([reading("1234", "124"), reading("5678", "5578"), reading("90", "900")])
    assert (found["utterances"], found["words"], found["speakers"]) == (3, 10, 1)
    assert [found[kind] for kind in ("substitutions", "deletions", "insertions")] == [0.1, 0.1, 0.1]
    assert found["error"] == pytest.approx(0.3)
    assert found["whole"] == 0


def test_the_interval_is_over_speakers_not_over_numbers():
    bad, good = reading("12", "34", "bad"), reading("12", "12", "good")
    found = scores([bad] * 20 + [good] * 20)
    assert (found["error"], found["error_low"], found["error_high"]) == (0.5, 0.0, 1.0)
    assert (found["whole"], found["whole_low"], found["whole_high"]) == (0.5, 0.0, 1.0)


def test_what_is_a_number_and_what_is_said_fast():
    assert reading("123", "").is_number
    assert not reading("1-3", "").is_number
    assert not reading("--", "").is_number
    assert reading("123", "", seconds=1.0).is_fast
    assert not reading("123", "", seconds=2.0).is_fast


def test_noise_is_the_same_each_time_and_10_db_below():
    sound = np.sin(np.arange(16_050) / 5)
    noisy = conditions(0)["white_noise_10_db"]
    np.testing.assert_array_equal(noisy(sound), noisy(sound))
    noise = noisy(sound) - sound[:16_000]
    assert np.square(sound).mean() / np.square(noise).mean() == pytest.approx(10, rel=0.05)
