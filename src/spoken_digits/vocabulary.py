"""The vocabulary: the words that are recognised, as params.yaml lists them.

An entry is a label, optionally with what is said for it and alternatives: ``stop``, ``0=zero|oh``,
``lights-on=lights on|turn on the lights``. A label is what the names of recordings begin with. This
module alone knows that digits are special: ``digits`` stands for the ten of them, said in the
language of the synthetic voices.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

OTHER = "other"
"""The class of all other sound, and what the label of a word outside the vocabulary begins with."""

FEWEST, MOST = 2, 60
"""Words of a vocabulary."""
LONGEST_LABEL, LONGEST_SAID = 30, 60
"""Characters."""

_ALL_DIGITS = "digits"
ALLOWED = f"{_ALL_DIGITS}, or a list of {FEWEST} to {MOST} words, for example [yes, no]"
"""What params.yaml may have under ``vocabulary``."""

_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
}
LANGUAGES = tuple(_DIGITS)
"""Languages in which the synthetic voices can say words."""

_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Word(NamedTuple):
    """A word or a phrase of the vocabulary."""

    label: str
    """What names of its recordings begin with, for example "lights-on"."""
    said: tuple[str, ...]
    """What is said for it, any of these, for example ("lights on", "turn on the lights")."""


@dataclass(frozen=True)
class Vocabulary:
    """Words in the order of the network's classes, and the language that they are of."""

    words: tuple[Word, ...]
    language: str = "en"

    @property
    def labels(self) -> tuple[str, ...]:
        """The words' labels, for example ("0", ..., "9")."""
        return tuple(word.label for word in self.words)

    @property
    def classes(self) -> tuple[str, ...]:
        """The network's classes, in the order of its logits: the labels, then all other sound."""
        return (*self.labels, OTHER)

    @property
    def noun(self) -> str:
        """What one of its words is called: see ``noun``."""
        return noun(self.labels)

    def label_of(self, text: str) -> str:
        """Return the label of what is said, or ``other-<text>``: no word of the vocabulary.

        It is ``other`` alone if the text has no letter a-z or digit.
        """
        for word in self.words:
            if text.casefold() in (said.casefold() for said in word.said):
                return word.label
        return f"{OTHER}-{slug(text)}".removesuffix("-")


def noun(labels: Iterable[str]) -> str:
    """Return what one of these labels is called to a user: "digit" if all are digits, or "word"."""
    return "digit" if all(len(label) == 1 and label in "0123456789" for label in labels) else "word"


def digits(language: str = "en") -> Vocabulary:
    """Return the ten digits, as they are said in a language of LANGUAGES."""
    return Vocabulary(
        tuple(Word(str(digit), (said,)) for digit, said in enumerate(_DIGITS[language].split())),
        language,
    )


def entries(value: Any) -> tuple[str, ...]:
    """Return the entries that params.yaml has under ``vocabulary``, as text.

    Raises ValueError, with what is wrong and what is allowed, if it is neither ``digits`` nor a
    list of words.
    """
    if value == _ALL_DIGITS:
        return (_ALL_DIGITS,)
    if not isinstance(value, list | tuple):
        raise ValueError(f"vocabulary: {_shown(value)} is not allowed. Allowed: {ALLOWED}")
    for entry in value:
        if isinstance(entry, bool):
            text = _shown(entry)
            raise ValueError(f"vocabulary: {text} is no text in YAML. Put it in quotes: '{text}'")
        if not isinstance(entry, str | int):
            raise ValueError(f"vocabulary: {_shown(entry)} is no word. Allowed: {ALLOWED}")
    return tuple(str(entry) for entry in value)


def parse(listed: Sequence[str], language: str = "en") -> Vocabulary:
    """Return the vocabulary of some entries (``entries``), said in a language of LANGUAGES.

    Raises ValueError that names the entry and says what is wrong with it.
    """
    if tuple(listed) == (_ALL_DIGITS,):
        return digits(language)
    if not FEWEST <= len(listed) <= MOST:
        raise ValueError(
            f"vocabulary: {len(listed)} {'word' if len(listed) == 1 else 'words'}. "
            f"Allowed: {FEWEST} to {MOST}"
        )
    words = tuple(_word(entry, language) for entry in listed)
    _check_twice("label", [word.label for word in words])
    _check_twice("word", [said.casefold() for word in words for said in word.said])
    return Vocabulary(words, language)


def slug(text: str) -> str:
    """Return text as the end of a label: lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode()))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)  # as errors of other keys show theirs


def _word(entry: str, language: str) -> Word:
    label, equals, alternatives = entry.partition("=")
    label = label.strip()
    if not label:
        raise ValueError(f"vocabulary: {entry!r}: an empty label. Write it as label=what is said")
    if len(label) > LONGEST_LABEL:
        raise ValueError(
            f"vocabulary: {label!r}: a label of {len(label)} characters, at most {LONGEST_LABEL}. "
            "What is said may be longer: label=what is said"
        )
    if not _LABEL.fullmatch(label):
        said = alternatives if equals else label
        example = f"{slug(label)}={said}" if slug(label) else "label=what is said"
        raise ValueError(
            f"vocabulary: {label!r}: a label is lower-case letters a-z, digits and single hyphens. "
            f"Write, for example: {example}"
        )
    if label == OTHER or label.startswith(f"{OTHER}-"):
        raise ValueError(
            f"vocabulary: {label!r}: what begins with {OTHER} is for words outside the vocabulary"
        )
    if not equals:
        return Word(label, (_usually_said(label, language),))
    return Word(label, tuple(_said(label, text) for text in alternatives.split("|")))


def _usually_said(label: str, language: str) -> str:
    if noun([label]) == "digit":
        return _DIGITS[language].split()[int(label)]
    return label.replace("-", " ")


def _said(label: str, text: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if not text:
        raise ValueError(
            f"vocabulary: {label!r}: nothing is said for it in one of its alternatives"
        )
    if len(text) > LONGEST_SAID:
        raise ValueError(
            f"vocabulary: {label!r}: {text!r} has {len(text)} characters, at most {LONGEST_SAID}: "
            "a word lasts a second"
        )
    odd = [sign for sign in text if not (sign.isalnum() or sign in " '-." or _is_mark(sign))]
    if odd or not any(sign.isalnum() for sign in text):
        raise ValueError(
            f"vocabulary: {label!r}: {text!r} cannot be spoken. Allowed: letters, digits, blanks, "
            "' - and ."
        )
    return text


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M")  # vowel signs of Hindi, for example


def _check_twice(kind: str, found: Sequence[str]) -> None:
    twice = sorted(one for one, times in Counter(found).items() if times > 1)
    if twice:
        raise ValueError(f"vocabulary: the {kind} {twice[0]!r} is there twice. Name it once")
