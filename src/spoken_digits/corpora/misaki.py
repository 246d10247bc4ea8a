"""espeak-ng's phonemes in the letters of misaki, which hibari's network reads.

misaki's letters are those of the IPA, but for one letter a diphthong (A, I, O, W, Y: as in day, my,
go, now, boy), T for the t of "water", and ᵊ. The stress mark is before the vowel, as in espeak-ng's
mnemonics: "seven" is sˈɛvən. The list is in EN_PHONES.md of github.com/hexgrad/misaki. Only letters
of American English are here: the network learnt no others.
"""

import re

_LETTERS = {
    # vowels
    "I": "ɪ",
    "i": "i",
    "i:": "i",
    "i:@": "i",
    "i@": "iə",
    "I@": "iə",
    "i@3": "ɪɹ",
    "e": "ɛ",
    "e:": "A",
    "E": "ɛ",
    "E:": "ɛ",
    "e@": "ɛɹ",
    "E@": "ɛɹ",
    "a": "æ",
    "aa": "æ",
    "A": "ɑ",
    "A:": "ɑ",
    "A@": "ɑɹ",
    "0": "ɑ",
    "o": "O",
    "o:": "O",
    "O": "ɔ",
    "O2": "ɔ",
    "O:": "ɔ",
    "O@": "ɔɹ",
    "o@": "ɔɹ",
    "V": "ʌ",
    "U": "ʊ",
    "U@": "ʊɹ",
    "u": "u",
    "u:": "u",
    "u:@": "u",
    "@": "ə",
    "a#": "ə",
    "@L": "ᵊl",
    "3": "əɹ",
    "3:": "ɜɹ",
    # diphthongs, also as voices of other languages say them
    "eI": "A",
    "EI": "A",
    "ei": "A",
    "aI": "I",
    "VI": "I",
    "A:I": "I",
    "a:I": "I",
    "ai": "I",
    "aI@": "Iə",
    "aI3": "Iəɹ",
    "aU": "W",
    "a:U": "W",
    "A:U": "W",
    "au": "W",
    "aU@": "Wə",
    "oU": "O",
    "@U": "O",
    "ou": "O",
    "oU@": "O",
    "OI": "Y",
    "O:I": "Y",
    "oi": "Y",
    # consonants
    "p": "p",
    "b": "b",
    "t": "t",
    "t#": "T",
    "t.": "t",
    "?": "t",
    "d": "d",
    "d.": "d",
    "k": "k",
    "g": "ɡ",
    "f": "f",
    "v": "v",
    "T": "θ",
    "D": "ð",
    "s": "s",
    "z": "z",
    "S": "ʃ",
    "Z": "ʒ",
    "tS": "ʧ",
    "dZ": "ʤ",
    "h": "h",
    "x": "h",
    "m": "m",
    "n": "n",
    "n-": "ᵊn",
    "N": "ŋ",
    "l": "l",
    "r": "ɹ",
    "R": "ɹ",
    "w": "w",
    "j": "j",
}
_STRESSES = {"'": "ˈ", ",": "ˌ"}
_PART = re.compile(  # the longest first; @ is not that of @L
    "|".join(
        re.escape(one) + ("(?!L)" if one.endswith("@") else "")
        for one in sorted([*_LETTERS, *_STRESSES, " "], key=len, reverse=True)
    )
)


def misaki(phonemes: str) -> str:
    """Return the phonemes of an English text, joined, in misaki's letters.

    A text that has no main stress gets it where it has a lesser one. What tells variants of a
    phoneme apart, as the 2 of I2, is left out.
    """
    letters = _LETTERS | _STRESSES | {" ": " "}
    said = "".join(letters[part] for part in _PART.findall(phonemes))
    said = said.replace("ɹɹ", "ɹ").replace("Oɹ", "ɔɹ")  # as Americans have them
    return said if "ˈ" in said else said.replace("ˌ", "ˈ", 1)
