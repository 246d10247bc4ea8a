"""Numbers are made up as people say them: in groups, with "oh" and "double", among other words."""

import random

import pytest

from spoken_digits.corpora.phrases import (
    OTHER_SPEECH,
    Phrase,
    also_said,
    labels_by_said,
    phrase,
    transcript,
)
from spoken_digits.vocabulary import Vocabulary, digits, parse

OTHERS = ("house", "tree")


def phrases_of(vocabulary: Vocabulary, count: int = 400) -> list[Phrase]:
    rng = random.Random(0)
    return [phrase(vocabulary, OTHERS, rng) for _ in range(count)]


def test_double_is_said_for_the_first_of_two_equal_digits():
    doubled = [
        (one, place)
        for one in phrases_of(digits())
        for place, part in enumerate(one)
        if part.said == "double"
    ]
    assert doubled
    for one, place in doubled:
        labels = transcript(one)
        assert labels[place] == labels[place + 1]
        assert one[place + 1].said != "double"
        assert not one[place].pause


def test_a_number_has_at_most_eleven_digits_doubles_counted_twice():
    assert (
        max(len(transcript(one)) - transcript(one).count("-") for one in phrases_of(digits())) == 11
    )


def test_oh_is_nought_and_nothing_else_is():
    said = {
        part.said: part.word.label
        for one in phrases_of(digits())
        for part in one
        if part.word and part.said != "double"
    }
    assert said == labels_by_said(digits())
    assert said["oh"] == said["zero"] == "0"


def test_what_is_no_word_of_the_vocabulary_is_other_speech():
    mixed = [one for one in phrases_of(digits()) if any(part.word is None for part in one)]
    for one in mixed:
        for part, label in zip(one, transcript(one), strict=True):
            assert (part.said in OTHERS) == (label == OTHER_SPEECH)
    assert any(set(transcript(one)) == {OTHER_SPEECH} for one in mixed)


@pytest.mark.parametrize("vocabulary", [digits("de"), parse(["yes", "no"])])
def test_neither_oh_nor_double_is_said_in_german_nor_of_other_words(vocabulary):
    said = {part.said for one in phrases_of(vocabulary) for part in one}
    assert not said & {"oh", "double"}


def test_the_voices_are_told_what_else_is_said():
    assert also_said("en") == ("oh", "double")
    assert also_said("fr") == ()
