"""Scores of numbers that were read, worked out by hand."""

import numpy as np
import pytest

from spoken_digits.evaluation.numbers import (
    Reading,
    as_table,
    by_corpus,
    conditions,
    measure,
    scores,
)
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
    assert reading("123", "").utterance.is_number
    assert not reading("1-3", "").utterance.is_number
    assert not reading("--", "").utterance.is_number
    assert reading("123", "", seconds=1.0).is_fast
    assert not reading("123", "", seconds=2.0).is_fast


@pytest.mark.parametrize(("name", "ratio"), [("white_20", 100), ("white_10", 10), ("white_0", 1)])
def test_noise_is_the_same_each_time_and_so_far_below(name, ratio):
    sound = np.sin(np.arange(16_050) / 5)
    noisy = conditions(0)[name]
    np.testing.assert_array_equal(noisy(sound), noisy(sound))
    noise = noisy(sound) - sound[:16_000]
    assert np.square(sound).mean() / np.square(noise).mean() == pytest.approx(ratio, rel=0.05)


SAID = [
    reading("12", "12", "a", seconds=0.5),
    reading("34", "35", "b", seconds=2.0),
    reading("5--6", "56", "b"),
    reading("---", "7", "c"),
]


def test_what_is_measured_by_corpus_pace_and_what_else_is_said():
    found = measure(SAID)
    assert (found["an4"]["utterances"], found["an4"]["error"]) == (2, 0.25)
    assert (found["fast"]["an4"]["error"], found["slow"]["an4"]["error"]) == (0.0, 0.5)
    assert found["among_other_words"]["an4"]["whole"] == 1
    assert found["other_speech"] == {"an4": {"utterances": 1, "other_words": 3, "claimed": 1}}


def test_a_corpus_without_slow_numbers_has_none():
    assert measure(SAID[:1])["slow"] == {}


def test_the_table_has_a_row_a_corpus_and_condition():
    numbers = [one for one in SAID if one.utterance.is_number]
    table = as_table({"clean": measure(SAID), "white_10": by_corpus(numbers)}).splitlines()
    assert len(table) == 2 + 5
    assert table[2] == (
        "| an4 | clean | 2 | 4 | 25.0% (0.0%-50.0%) | 25.0%, 0.0%, 0.0% | 50.0% (0.0%-100.0%) |"
    )
    whats = [line.split(" | ")[1] for line in table[2:]]
    assert whats == ["clean", "slow", "fast", "among other words", "white 10"]
