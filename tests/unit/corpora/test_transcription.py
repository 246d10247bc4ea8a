"""espeak-ng says how words are pronounced, which words sound alike, and which it cannot say."""

import pytest

from spoken_digits.corpora.transcription import (
    REFERENCE,
    check_speakable,
    sound,
    split_stress,
    transcribe,
)
from spoken_digits.errors import UserError
from spoken_digits.vocabulary import LANGUAGES, parse

ENGLISH = REFERENCE["en"]


def phonemes(*texts, voice=ENGLISH):
    found = transcribe(texts, [voice])[voice]
    return [found[text] for text in texts]


def test_phonemes_with_their_stress():
    right, lights_on = phonemes("right", "lights on")
    assert right == ("r", "'aI", "t")
    assert lights_on == ("l", "'aI", "t", "s", " ", "'0", "n")
    assert split_stress("'aI") == ("'", "aI")
    assert split_stress("t") == ("", "t")


def test_a_voice_has_its_own_phonemes():
    assert phonemes("stop") != phonemes("stop", voice="gmw/de")


def test_every_language_has_a_voice_to_compare_sounds_by():
    assert set(REFERENCE) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("one", "other"), [("no", "know"), ("right", "write"), ("two", "too"), ("right", "Right.")]
)
def test_words_that_sound_alike(one, other):
    assert len({sound(spoken) for spoken in phonemes(one, other)}) == 1


@pytest.mark.parametrize(("one", "other"), [("no", "now"), ("left", "lift"), ("on", "off")])
def test_words_that_do_not(one, other):
    assert len({sound(spoken) for spoken in phonemes(one, other)}) == 2


def test_stress_and_length_do_not_count():
    assert sound(("'i:", "n")) == sound(("i", "n")) == "in"


@pytest.mark.parametrize("entry", ["tea=чай", "tea=茶", "tea=tea чай"])
def test_what_a_language_cannot_read_names_the_label(entry):
    vocabulary = parse(["yes", entry])
    said = [text for word in vocabulary.words for text in word.said]
    with pytest.raises(UserError) as caught:
        check_speakable(vocabulary, transcribe(said, [ENGLISH])[ENGLISH])
    assert str(caught.value) == (
        f"params.yaml: vocabulary: 'tea': {vocabulary.words[1].said[0]!r} cannot be spoken by the "
        "voices of voices.language: en. Say what they can read: tea=what is said"
    )


def test_words_of_which_nothing_is_said_name_the_label():
    vocabulary = parse(["yes", "no"])
    with pytest.raises(UserError, match="vocabulary: 'no': 'no' cannot be spoken by the voices"):
        check_speakable(vocabulary, {"yes": ("j", "'E", "s"), "no": ()})


@pytest.mark.parametrize("entry", ["cafe=café", "ouch=ça", "tea-time=tea time", "pi=3.14"])
def test_accents_digits_and_phrases_can_be_read(entry):
    vocabulary = parse(["yes", entry])
    said = [text for word in vocabulary.words for text in word.said]
    check_speakable(vocabulary, transcribe(said, [ENGLISH])[ENGLISH])
