"""The vocabulary: what an entry may be, what words are called, what is said of a bad entry."""

import pytest

from spoken_digits.vocabulary import (
    FEWEST,
    LANGUAGES,
    LONGEST_LABEL,
    LONGEST_SAID,
    MOST,
    Vocabulary,
    Word,
    digits,
    entries,
    noun,
    parse,
    slug,
)

HOUSE = parse(["yes", "no", "lights-on=lights on|turn on the lights", "0"])


def vocabulary_of(value: object, language: str = "en") -> Vocabulary:
    """Return the vocabulary of a value under ``vocabulary`` in params.yaml."""
    return parse(entries(value), language)


def error_of(value: object) -> str:
    with pytest.raises(ValueError, match=r"^vocabulary: ") as caught:
        vocabulary_of(value)
    return str(caught.value).removeprefix("vocabulary: ")


def test_digits_are_the_ten_of_them():
    assert entries("digits") == ("digits",)
    ten = vocabulary_of("digits")
    assert ten == digits("en")
    assert ten.labels == tuple("0123456789")
    assert ten.words[7] == Word("7", ("seven",))
    assert ten.noun == "digit"


def test_other_is_the_last_class():
    assert digits().classes == (*"0123456789", "other")
    assert HOUSE.classes == ("yes", "no", "lights-on", "0", "other")


@pytest.mark.parametrize(
    ("language", "seven", "five"),
    [
        ("en", "seven", "five"),
        ("de", "sieben", "fünf"),
        ("fr", "sept", "cinq"),
        ("es", "siete", "cinco"),
        ("it", "sette", "cinque"),
    ],
)
def test_digits_are_said_in_the_language_of_the_voices(language, seven, five):
    spoken = vocabulary_of("digits", language)
    assert spoken.language == language
    assert spoken.labels == tuple("0123456789")
    assert (spoken.words[7].said, spoken.words[5].said) == ((seven,), (five,))
    assert vocabulary_of(["7", "5"], language).words == (spoken.words[7], spoken.words[5])


def test_every_language_has_ten_digits_that_differ():
    for language in LANGUAGES:
        said = [word.said for word in digits(language).words]
        assert len(set(said)) == 10


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ("stop", Word("stop", ("stop",))),
        ("lights-on", Word("lights-on", ("lights on",))),
        ("lights-on=lights on", Word("lights-on", ("lights on",))),
        (
            "lights-on=lights on|turn on the lights",
            Word("lights-on", ("lights on", "turn on the lights")),
        ),
        ("0=zero|oh", Word("0", ("zero", "oh"))),
        ("7", Word("7", ("seven",))),
        (7, Word("7", ("seven",))),
        ("7=seven times", Word("7", ("seven times",))),
        (10, Word("10", ("10",))),
        (" stop = halt |  hold   on ", Word("stop", ("halt", "hold on"))),
        ("yes=Oui", Word("yes", ("Oui",))),
        ("bird=l'oiseau", Word("bird", ("l'oiseau",))),
        ("fuenf=fu\u0308nf", Word("fuenf", ("fünf",))),
        ("haan=हाँ", Word("haan", ("हाँ",))),
        ("others", Word("others", ("others",))),
        ("x" * LONGEST_LABEL, Word("x" * LONGEST_LABEL, ("x" * LONGEST_LABEL,))),
        (f"long={'x' * LONGEST_SAID}", Word("long", ("x" * LONGEST_SAID,))),
    ],
)
def test_an_entry_is_a_label_and_what_is_said_for_it(entry, word):
    assert vocabulary_of([entry, "another"]).words == (word, Word("another", ("another",)))


def test_words_keep_the_order_of_the_list():
    assert vocabulary_of(["stop", "go", "down"]).labels == ("stop", "go", "down")


@pytest.mark.parametrize("count", [FEWEST, MOST])
def test_two_to_sixty_words(count):
    assert len(vocabulary_of([f"w{number}" for number in range(count)]).words) == count


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "0 words. Allowed: 2 to 60"),
        (["yes"], "1 word. Allowed: 2 to 60"),
        ([f"w{number}" for number in range(61)], "61 words. Allowed: 2 to 60"),
        (["yes", "no", "yes"], "the label 'yes' is there twice. Name it once"),
        (["a=stop", "b=Stop"], "the word 'stop' is there twice. Name it once"),
        (["a=stop|stop", "b"], "the word 'stop' is there twice. Name it once"),
        (["5", "0=five"], "the word 'five' is there twice. Name it once"),
        (["", "no"], "'': an empty label. Write it as label=what is said"),
        ([" ", "no"], "' ': an empty label. Write it as label=what is said"),
        (["=yes", "no"], "'=yes': an empty label. Write it as label=what is said"),
        (["yes=", "no"], "'yes': nothing is said for it in one of its alternatives"),
        (["yes=yes||yeah", "no"], "'yes': nothing is said for it in one of its alternatives"),
        (
            ["x" * 31, "no"],
            f"'{'x' * 31}': a label of 31 characters, at most 30. What is said may be longer: "
            "label=what is said",
        ),
        (
            [f"yes={'x' * 61}", "no"],
            f"'yes': '{'x' * 61}' has 61 characters, at most 60: a word lasts a second",
        ),
        (
            ["yes=*", "no"],
            "'yes': '*' cannot be spoken. Allowed: letters, digits, blanks, ' - and .",
        ),
        (
            ["yes=--", "no"],
            "'yes': '--' cannot be spoken. Allowed: letters, digits, blanks, ' - and .",
        ),
        (
            ["yes=a=b", "no"],
            "'yes': 'a=b' cannot be spoken. Allowed: letters, digits, blanks, ' - and .",
        ),
        (["other", "no"], "'other': what begins with other is for words outside the vocabulary"),
        (
            ["other-x", "no"],
            "'other-x': what begins with other is for words outside the vocabulary",
        ),
    ],
)
def test_a_bad_entry_is_named(value, words):
    assert error_of(value) == words


@pytest.mark.parametrize(
    ("entry", "example"),
    [
        ("Yes", "yes=Yes"),
        ("YES=oui", "yes=oui"),
        ("lights on", "lights-on=lights on"),
        ("lights_on", "lights-on=lights_on"),
        ("lights--on", "lights-on=lights--on"),
        ("fünf", "funf=fünf"),
        ("straße", "strasse=straße"),
        ("-1", "1=-1"),
        ("हाँ", "label=what is said"),
    ],
)
def test_a_label_that_no_file_can_be_called_is_refused_with_another(entry, example):
    label = entry.partition("=")[0]
    assert error_of([entry, "no"]) == (
        f"'{label}': a label is lower-case letters a-z, digits and single hyphens. "
        f"Write, for example: {example}"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("yes", '"yes"'),
        ("digit", '"digit"'),
        (None, "null"),
        (3, "3"),
        (True, "true"),
        ({"yes": "oui"}, '{"yes": "oui"}'),
    ],
)
def test_what_is_neither_digits_nor_a_list(value, shown):
    assert error_of(value) == (
        f"{shown} is not allowed. Allowed: digits, or a list of 2 to 60 words, for example "
        "[yes, no]"
    )


@pytest.mark.parametrize(
    ("entry", "shown"), [(None, "null"), (1.5, "1.5"), (["no"], '["no"]'), ({"a": 1}, '{"a": 1}')]
)
def test_an_entry_that_is_no_text(entry, shown):
    assert error_of(["yes", entry]).startswith(f"{shown} is no word. Allowed: digits, or a list")


@pytest.mark.parametrize(("entry", "text"), [(True, "true"), (False, "false")])
def test_a_truth_value_is_to_be_quoted(entry, text):
    assert error_of(["yes", entry]) == f"{text} is no text in YAML. Put it in quotes: '{text}'"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("yes", "yes"),
        ("Yes", "yes"),
        ("turn on the lights", "lights-on"),
        ("Lights On", "lights-on"),
        ("zero", "0"),
        ("lights", "other-lights"),
        ("lights-on", "other-lights-on"),
        ("one", "other-one"),
        ("Où est-il?", "other-ou-est-il"),
        ("नहीं", "other"),
    ],
)
def test_the_label_of_what_is_said(text, label):
    assert HOUSE.label_of(text) == label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stop", "stop"),
        ("turn on the lights", "turn-on-the-lights"),
        ("fünf", "funf"),
        ("Straße", "strasse"),
        ("l'oiseau", "l-oiseau"),
        (" -- ", ""),
    ],
)
def test_text_as_the_end_of_a_label(text, expected):
    assert slug(text) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("0123456789", "digit"),
        (["3", "7"], "digit"),
        (["3", "yes"], "word"),
        (["yes", "no"], "word"),
        (["10", "1"], "word"),
        (["٣", "1"], "word"),
    ],
)
def test_words_are_called_digits_if_all_of_them_are(labels, expected):
    assert noun(labels) == expected
