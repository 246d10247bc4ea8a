"""Phonemes of espeak-ng in misaki's letters."""

import random

import pytest

from spoken_digits.corpora.hibari_voice import _network
from spoken_digits.corpora.misaki import _LETTERS, _PART, misaki
from spoken_digits.corpora.pronunciation import PRONUNCIATIONS, RESPELT, with_foreign_sounds
from spoken_digits.corpora.spoken_words import OTHER_WORDS
from spoken_digits.corpora.transcription import transcribe


@pytest.mark.parametrize(
    ("phonemes", "letters"),
    [
        ("s'Ev@n", "sˈɛvən"),
        ("w'O:t#3", "wˈɔTəɹ"),
        ("@b'aUt", "əbˈWt"),
        ("l'It#@L", "lˈɪTᵊl"),
        ("'aktSu:@L", "ˈækʧuᵊl"),
        ("r'aIt '0n", "ɹˈIt ˈɑn"),
        ("z'i@roU", "zˈiəɹO"),
        ("h'0th,aUs", "hˈɑthˌWs"),
    ],
)
def test_a_letter_a_phoneme(phonemes, letters):
    assert misaki(phonemes) == letters


def test_what_has_no_main_stress_gets_it():
    assert misaki("w,Vn") == "wˈʌn"
    assert misaki("D@") == "ðə"


def test_two_r_are_one_and_o_before_r_is_open():
    assert misaki("f'O@r") == misaki("f'or") == "fˈɔɹ"


def test_variants_are_their_phoneme():
    assert misaki("I2l'Ektr-Ik") == "ɪlˈɛktɹɪk"


def test_every_letter_is_one_that_the_network_reads():
    letters = {letter for letters in _LETTERS.values() for letter in letters}
    assert letters <= _network().ids.keys()


def lost(phonemes):
    """Return what of phonemes misaki() leaves out, but for the signs of variants."""
    return set(_PART.sub("", phonemes)) - set("2#-")


def test_no_sound_is_lost():
    words = [*OTHER_WORDS["en"], *PRONUNCIATIONS]
    spoken = transcribe(words, ["gmw/en", "gmw/en-US"])
    for transcripts in spoken.values():
        for word, phonemes in transcripts.items():
            assert lost("".join(phonemes)) == set(), word
    for groups in PRONUNCIATIONS.values():
        assert lost("".join(groups).replace("_", "")) == set()
    for language in RESPELT:
        for word, phonemes in spoken["gmw/en"].items():
            foreign = with_foreign_sounds(phonemes, language, random.Random(0))
            assert lost("".join(foreign)) == set(), (language, word)
