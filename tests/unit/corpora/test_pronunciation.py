"""Pronunciations: natives differ, foreigners say English with the sounds of their own language."""

import random
import struct
from pathlib import Path

import espeakng_loader
import pytest

from spoken_digits.corpora import espeak
from spoken_digits.corpora.pronunciation import (
    PRONUNCIATIONS,
    RESPELT,
    pronounced,
    varied,
    with_foreign_sounds,
)
from spoken_digits.corpora.spoken_words import OTHER_WORDS
from spoken_digits.corpora.transcription import REFERENCE, sound, split_stress, transcribe

ENGLISH = REFERENCE["en"]
WORDS = [*OTHER_WORDS["en"], "judge", "vision", "fire", "hour", "pure", "loch", "turn on the light"]
FOREIGN = sorted(RESPELT)


@pytest.fixture(scope="module")
def spoken():
    return transcribe(WORDS, [ENGLISH])[ENGLISH]


def variants(phonemes, language="en", unlike=(), times=200):
    return {varied(phonemes, language, unlike, random.Random(seed)) for seed in range(times)}


def foreign(phonemes, language, times=50):
    return {
        "".join(with_foreign_sounds(phonemes, language, random.Random(seed)))
        for seed in range(times)
    }


def mnemonics(language):
    """Return the names of a language's phonemes, from espeak-ng's phontab."""
    data = (Path(espeakng_loader.get_data_path()) / "phontab").read_bytes()
    tables, position = [], 4
    for _ in range(data[0]):
        count, includes = data[position : position + 2]
        name = data[position + 4 : position + 36].split(b"\0")[0].decode()
        starts = range(position + 36, position + 36 + 16 * count, 16)
        own = {struct.unpack_from("4s", data, start)[0].rstrip(b"\0") for start in starts}
        inherited = tables[includes - 1][1] if includes else set()
        tables.append((name, inherited | {one.decode("latin1") for one in own}))
        position += 36 + 16 * count
    return dict(tables)[language]


def test_words_by_hand():
    ways = {pronounced("Three", random.Random(seed)) for seed in range(200)}
    assert {"Tr'i:", "sr'i:", "tw'i:"} < ways
    assert pronounced("tree", random.Random(0)) is None
    assert "" not in {pronounced(word, random.Random(0)) for word in PRONUNCIATIONS}


def test_each_language_respells_the_same_words():
    assert {tuple(words) for words in RESPELT.values()} == {tuple(PRONUNCIATIONS)}


def test_every_foreign_voice_has_respellings_and_sounds():
    assert {espeak._language(accent) for accent in espeak._FOREIGN} == set(FOREIGN)


def test_natives_vary_vowels_and_plosives(spoken):
    ways = variants(spoken["left"])
    assert {"l'Eft", "l'aft", "l'e:fth", "l'Efd"} < ways
    assert all(way.startswith("l'") for way in ways)


def test_the_end_of_a_word_is_devoiced_and_its_beginning_is_not(spoken):
    assert {way[0] + way[-1] for way in variants(spoken["dog"])} == {"dg", "dk"}


def test_words_of_a_phrase_stay_apart(spoken):
    assert all(way.count(" ") >= 1 for way in variants(spoken["turn on the light"]))


def test_a_change_that_makes_another_word_is_not_made(spoken):
    laughed = sound(("l", "'a", "f", "t"))
    assert "l'aft" in variants(spoken["left"])
    assert "l'aft" not in variants(spoken["left"], unlike={laughed})
    assert "l'afth" in variants(spoken["left"], unlike={laughed})


def test_most_of_the_time_a_word_is_said_as_usual(spoken):
    usual = "".join(spoken["no"])
    said = [varied(spoken["no"], "en", (), random.Random(seed)) for seed in range(200)]
    assert 80 < said.count(usual) < 180


@pytest.mark.parametrize("language", ["de", "fr", "es", "it"])
def test_other_languages_vary_what_all_of_them_have(language):
    voice = REFERENCE[language]
    word = {"de": "Tee", "fr": "été", "es": "té", "it": "tre"}[language]
    phonemes = transcribe([word], [voice])[voice][word]
    ways = variants(phonemes, language)
    assert len(ways) > 1
    assert "".join(phonemes) in ways


@pytest.mark.parametrize("language", FOREIGN)
def test_foreigners_use_only_sounds_of_their_language(spoken, language):
    known = mnemonics(language) | {" ", "ts"}  # Finnish says t and s
    for word, phonemes in spoken.items():
        for seed in range(4):
            for one in with_foreign_sounds(phonemes, language, random.Random(seed)):
                assert split_stress(one)[1] in known, f"{word} in {language}"


@pytest.mark.parametrize(
    ("language", "word", "ways"),
    [
        ("de", "with", {"vIt", "vIs", "vId", "vIz"}),
        ("fr", "house", {"'aus"}),
        ("es", "yes", {"i'es"}),
        ("it", "yes", {"i'Es"}),
        ("pl", "dog", {"d'ok", "d'ak"}),
        ("hi", "stop", {"st'op", "st.'op", "st'ap", "st.'ap"}),
    ],
)
def test_foreign_pronunciations(spoken, language, word, ways):
    assert foreign(spoken[word], language) & ways


def test_an_r_is_not_said_twice(spoken):
    assert foreign(("f", "'e@", "r", "i"), "de") == {"f'eri"}
    assert foreign(("f", "'e@", "l", "i"), "de") == {"f'erli"}
