"""What the synthetic voices say: the vocabulary, and other words that do not sound like it."""

import pytest

from spoken_digits.corpora.spoken_words import OTHER_WORDS, spoken_words, unlike
from spoken_digits.corpora.transcription import REFERENCE, transcribe
from spoken_digits.errors import UserError
from spoken_digits.vocabulary import LANGUAGES, digits, parse


def test_every_language_has_other_words_and_none_of_them_is_a_digit():
    assert set(OTHER_WORDS) == set(LANGUAGES)
    for language, words in OTHER_WORDS.items():
        assert 60 <= len(words) == len(set(words))
        assert spoken_words(digits(language), []).others == words, language


def test_the_vocabulary_is_not_among_the_other_words():
    vocabulary = parse(["yes", "no", "halt=Stop"])
    others = spoken_words(vocabulary, []).others
    assert set(OTHER_WORDS["en"]) - set(others) == {"yes", "no", "stop"}


def test_nor_is_what_sounds_like_it():
    vocabulary = parse(["no", "right", "2=two"])
    words = ["know", "now", "write", "rite", "light", "too", "No"]
    spoken = transcribe([*words, "no", "right", "two"], [REFERENCE["en"]])[REFERENCE["en"]]
    assert unlike(words, vocabulary, spoken) == ("now", "light")


def test_words_of_a_phrase_are_other_words():
    others = spoken_words(parse(["stop-music=stop the music", "go-left"]), []).others
    assert {"stop", "music", "go", "left"} < set(others)


def test_sounds_of_all_words_but_one():
    words = spoken_words(parse(["no", "yes=yes|yeah", "go"]), [])
    voice = REFERENCE["en"]
    assert words.sounds_of_others("yes", voice) == {"noU", "goU"}
    assert len(words.sounds_of_others("go", voice)) == 3


def test_a_word_that_cannot_be_spoken_names_its_label():
    with pytest.raises(UserError, match="vocabulary: 'tea': '茶' cannot be spoken"):
        spoken_words(parse(["yes", "tea=茶"]), [])
