"""How words are pronounced, in espeak-ng's phonemes: by natives who differ, and by foreigners.

``varied`` changes the phonemes of a word as native speakers differ: a neighbouring vowel, a plosive
aspirated, weakened or devoiced, an r dropped. ``with_foreign_sounds`` says an English word with the
sounds of another language. Words that matter most are written by hand: PRONUNCIATIONS and RESPELT.

In every table a sound is replaced by one of a group, separated by blanks. The commoner ones are
repeated. _ is nothing, and h after a plosive aspirates it.
"""

import random
import re
from collections.abc import Collection, Mapping

from spoken_digits.corpora.transcription import Phonemes, sound, split_stress

PRONUNCIATIONS = {
    "zero": ("z z z z s", "'i@ 'I@ 'i: 'I 'E", "r r r R", "oU oU @U o:"),
    "one": ("w", "'V 'V 'V '0 'A: '@ 'aa", "n n n m"),
    "two": ("t th th tS", "'u: 'u: 'u: 'U 'u:@ j'u:"),
    "three": ("T T T T f t t s", "r r r R w", "'i: 'i: 'i: 'i:@"),
    "four": ("f", "'O: 'O@ 'o@ 'o: 'oU@", "r r _"),
    "five": ("f", "'aI 'aI 'aI@ 'VI 'A:I 'a:I 'A:", "v v f f"),
    "six": ("s", "'I 'I 'I 'i: 'E", "k k k kh g", "s s s _"),
    "seven": ("s s s z", "'E 'E 'E 'e: 'a", "v v v b", "@ @ I E _", "n n n m"),
    "eight": ("'eI 'eI 'eI 'e: 'EI 'E:", "t th th ts d"),
    "nine": ("n", "'aI 'aI 'aI@ 'VI 'A:I 'a:I 'A:", "n"),
}
"""English words as English voices pronounce them: groups of phonemes."""

_RESPELT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RESPELT = {
    language: dict(zip(_RESPELT_WORDS, words.split(), strict=True))
    for language, words in {
        "de": "siero wann tu sri fohr feif six sewen eht nein",
        "fr": "zirau ouane tou sri fôr faïve sixe sévène eïte naïne",
        "es": "sirou uan tuu tri for faif siks seven eit nain",
        "it": "ziro uan tuu tri for faiv sics seven eit nain",
        "el": "ζίροου ουάν τουου θρι φορ φάιβ σιξ σέβεν έιτ νάιν",
        "nl": "ziero wan toe srie foor faif siks sevven eet nain",
        "pl": "ziroł łan tu fri for fajw siks sewen ejt najn",
        "pt": "zirou uã tu tri fór faive sikes séven eite naine",
        "hi": "ज़ीरो वन टू थ्री फोर फाइव सिक्स सेवन एट नाइन",
        "tr": "ziro van tuu tri for fayv siks sevın eyt nayn",
        "ru": "зироу уан тууу сри фор файв сикс севен эйт найн",
        "sv": "siro oann to tri får fajv siks seven ejt najn",
        "fi": "siirou van tuu trii foor faiv siks seven eit nain",
        "id": "ziro wan tuu tri for faif siks seven eit nain",
    }.items()
}
"""English words, by language, spelt so that the language's own voice says them."""

_VARIED = {
    # vowels
    "I": "I I I I i: E",
    "i:": "i: i: i: i:@ I",
    "i@": "i@ I@ i: I E",
    "E": "E E E E e: a",
    "e@": "e@ e@ E@ E: e:",
    "a": "a a a a E aa",
    "aa": "aa aa a A:",
    "A:": "A: A: A: aa 0",
    "0": "0 0 0 0 O: A:",
    "O:": "O: O: O@ o@ o:",
    "O@": "O@ o@ O: o:",
    "o@": "O@ o@ O: o:",
    "V": "V V V V V @ A: 0",
    "U": "U U U u:",
    "u:": "u: u: u: U u:@",
    "3:": "3: 3: 3: e@",
    "eI": "eI eI eI e: EI E:",
    "aI": "aI aI aI@ VI A:I a:I A:",
    "oU": "oU oU @U o:",
    "aU": "aU aU a:U A:U",
    "OI": "OI OI O:I",
    # consonants
    "p": "p p p ph ph b",
    "t": "t th th ts d",
    "k": "k k k kh g",
    "v": "v v v b",
    "z": "z z z z s",
    "T": "T T T T f t t s",
    "D": "D D D d z",
    "tS": "tS tS tS S",
    "dZ": "dZ dZ dZ Z",
    "r": "r r r R",
}
_VARIED_AT_THE_END = {
    "b": "b b b p",
    "d": "d d d t",
    "g": "g g g k",
    "v": "v v f f",
    "z": "z z z s",
    "dZ": "dZ dZ tS",
    "n": "n n n m",
}
_VARIED_ELSEWHERE = {  # for voices that are not English: only what all of them have
    "E": "E E E e",
    "e": "e e e E",
    "O": "O O O o",
    "o": "o o o O",
    "p": "p p p ph",
    "t": "t t t th",
    "k": "k k k kh",
}

# The English sounds, as phonemes that every language of espeak-ng has.
_FOREIGN = {
    # vowels
    "i:": "i",
    "i": "i",
    "I": "i",
    "i@": "ia i",
    "i@3": "ir",
    "E": "E",
    "e:": "e",
    "e@": "er",
    "a": "a a E",
    "aa": "a",
    "A:": "a",
    "A@": "ar",
    "0": "o o a",
    "O": "o",
    "O:": "o",
    "O@": "or",
    "o:": "o",
    "o@": "or",
    "V": "a a o",
    "U": "u",
    "u:": "u",
    "U@": "ur",
    "@": "e a",
    "@L": "el",
    "3": "er er a",
    "3:": "er er or",
    "eI": "ei e",
    "aI": "ai",
    "aI@": "aier",
    "aI3": "aier",
    "aU": "au",
    "aU@": "auer",
    "oU": "o ou",
    "OI": "oi",
    # consonants; those that are not here every language has
    "T": "t s",
    "D": "d z",
    "w": "w",
    "N": "N",
}
_FOREIGN_OF = {
    "de": {"I": "I", "U": "U", "@": "@", "T": "s t f", "w": "v"},
    "fr": {"@": "@", "T": "s t f", "h": "_"},
    "es": {"E": "e", "a": "a", "T": "T", "D": "d", "h": "x", "j": "i", "w": "u", "v": "b", "z": "s",
           "S": "tS s", "Z": "s", "dZ": "tS"},
    "it": {"T": "t", "D": "d", "h": "_", "j": "i", "w": "u", "Z": "dZ"},
    "el": {"T": "T", "D": "D", "h": "x", "w": "u", "S": "s", "Z": "z", "tS": "ts", "dZ": "dz"},
    "nl": {"I": "I", "@": "@", "T": "t s", "D": "d", "g": "g x", "z": "z s"},
    "pl": {"T": "t f", "D": "d", "h": "x", "w": "w v"},
    "pt": {"T": "t", "D": "d", "h": "x _"},
    "hi": {"I": "I", "U": "U", "V": "V", "@": "V", "T": "t", "D": "d", "t": "t. t", "d": "d. d",
           "w": "v", "v": "v w", "z": "z dZ"},
    "tr": {"T": "t", "D": "d", "w": "v"},
    "ru": {"T": "s t", "h": "x", "w": "v", "N": "ng"},
    "sv": {"I": "I", "T": "t", "D": "d", "w": "v", "z": "s", "Z": "S"},
    "fi": {"E": "e", "a": "a", "T": "t", "D": "d", "w": "v", "b": "b p", "g": "g k", "z": "s",
           "S": "s S", "Z": "s", "dZ": "ts", "tS": "ts tS"},
    "id": {"T": "t", "D": "d", "f": "f p", "v": "f v", "z": "z s"},
}  # fmt: skip
_DEVOICING = {"de", "nl", "pl", "ru", "tr"}
"""Languages that devoice the end of a word."""
_DEVOICED = {"b": "p", "d": "t", "g": "k", "v": "f", "z": "s", "dZ": "tS", "Z": "S"}


def pronounced(text: str, rng: random.Random) -> str | None:
    """Return one of the ways to pronounce a word that PRONUNCIATIONS has; None for any other."""
    groups = PRONUNCIATIONS.get(text.casefold())
    return "".join(_one_of(group, rng) for group in groups) if groups else None


def varied(phonemes: Phonemes, language: str, unlike: Collection[str], rng: random.Random) -> str:
    """Return a text's phonemes as another native speaker of a language might say them.

    They stay as they are if the change makes them ``sound`` as one of ``unlike``: another word.
    """
    changed = []
    for at, phoneme in enumerate(phonemes):
        last = at + 1 == len(phonemes) or phonemes[at + 1] == " "
        tables = [_VARIED] if language == "en" else [_VARIED_ELSEWHERE]
        if language == "en" and last:
            tables.insert(0, _VARIED_AT_THE_END)
        mark, rest = split_stress(phoneme)
        group = next((table[rest] for table in tables if rest in table), rest)
        changed.append(mark + _one_of(group, rng))
    return "".join(phonemes if sound(tuple(changed)) in unlike else changed)


def with_foreign_sounds(phonemes: Phonemes, language: str, rng: random.Random) -> Phonemes:
    """Return an English text's phonemes (of the voice gmw/en), said with a language's own sounds.

    Each of them is in espeak-ng's table of that language's phonemes.
    """
    own = _FOREIGN_OF[language]
    said: list[str] = []
    for at, phoneme in enumerate(phonemes):
        following = split_stress(phonemes[at + 1])[1] if at + 1 < len(phonemes) else " "
        mark, rest = split_stress(phoneme)
        rest = _known(rest, own)
        if language in _DEVOICING and following == " ":
            rest = _DEVOICED.get(rest, rest)
        new = _one_of(own.get(rest) or _FOREIGN.get(rest, rest), rng)
        if new.endswith("r") and following.startswith("r"):
            new = new[:-1]
        said += _apart(mark, new)
    return tuple(said)


def _one_of(group: str, rng: random.Random) -> str:
    return rng.choice(group.split(" ")).replace("_", "") if group != " " else " "


def _known(phoneme: str, own: Mapping[str, str]) -> str:
    """Return a variant of a phoneme, for example t2, I# or n-, as the phoneme that it varies."""
    if phoneme in own or phoneme in _FOREIGN or phoneme == " ":
        return phoneme
    return {"?": "t"}.get(phoneme) or re.sub(r"[-0-9#~\[/;]+$", "", phoneme)


def _apart(mark: str, sounds: str) -> list[str]:
    """Cut "aier" into its phonemes, and put the stress mark before the first."""
    parts = re.findall(r"tS|dZ|ts|[td]\.|.", sounds)
    return [mark + part if at == 0 else part for at, part in enumerate(parts)]
