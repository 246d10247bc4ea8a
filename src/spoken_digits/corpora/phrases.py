"""What is said in a row: numbers in the groups that people say them in, or words one by one."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from spoken_digits.vocabulary import Vocabulary, Word

OTHER_SPEECH = "-"
"""In a transcript, for what is no word of the vocabulary."""
NOUGHTS = {"en": "oh"}
"""What 0 is called in a number besides what the vocabulary says, by language."""
DOUBLES = {"en": "double"}
"""What is said for the first of two equal digits, by language: "double five"."""

_LENGTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SHARES = (2, 4, 9, 16, 12, 9, 14, 8, 6, 12, 8)  # telephone numbers have 7 or 10, codes 4
_GROUPS = {"grouped": (2, 3, 4), "in one": (11,), "one by one": (1,)}
_WAYS = ("grouped", "in one", "one by one")
_WAY_SHARES = (6, 3, 1)
_NOUGHT_SHARE = 0.4  # of zeros
_DOUBLE_SHARE = 0.1  # of digits, if another is to come
_WITH_OTHERS = 0.2  # of the phrases have other words, too
_ONLY_OTHERS = 0.1


class Part(NamedTuple):
    """A word of a phrase, and whether a pause comes after it."""

    said: str
    word: Word | None
    """None if it is no word of the vocabulary. "Double" is the first of two digits."""
    pause: bool


Phrase = tuple[Part, ...]


def phrase(vocabulary: Vocabulary, others: Sequence[str], rng: random.Random) -> Phrase:
    """Make up something to say: mostly a number, sometimes with other words around or alone."""
    kind = rng.random()
    if kind < _ONLY_OTHERS:
        return _others(others, rng.randint(1, 6), rng)
    said = _words(vocabulary, rng)
    if kind < _ONLY_OTHERS + _WITH_OTHERS:
        before, after = rng.choice([(1, 0), (2, 0), (4, 0), (0, 1), (0, 3), (1, 1)])
        return (*_others(others, before, rng), *said, *_others(others, after, rng))
    return said


def transcript(said: Phrase) -> tuple[str, ...]:
    """Return the labels of a phrase, with OTHER_SPEECH where it is something else."""
    return tuple(part.word.label if part.word else OTHER_SPEECH for part in said)


def also_said(language: str) -> tuple[str, ...]:
    """Return what is said in numbers besides what a vocabulary says."""
    return tuple(also[language] for also in (NOUGHTS, DOUBLES) if language in also)


def labels_by_said(vocabulary: Vocabulary) -> dict[str, str]:
    """Return the label of each thing that is said for a word, "oh" of numbers among them."""
    labels = {said: word.label for word in vocabulary.words for said in word.said}
    nought = NOUGHTS.get(vocabulary.language)
    if nought and "0" in vocabulary.labels:
        labels.setdefault(nought, "0")
    return labels


def _words(vocabulary: Vocabulary, rng: random.Random) -> Phrase:
    count = rng.choices(_LENGTHS, _SHARES)[0]
    nought, double = (also.get(vocabulary.language) for also in (NOUGHTS, DOUBLES))
    if vocabulary.noun != "digit":
        count, double = min(count, rng.randint(1, 5)), None
    (way,) = rng.choices(_WAYS, _WAY_SHARES)
    parts: list[Part] = []
    left = 0  # of the group
    while len(parts) < count:
        left = (left or rng.choice(_GROUPS[way])) - 1
        word = rng.choice(vocabulary.words)
        said = rng.choice(word.said)
        if nought and word.label == "0" and rng.random() < _NOUGHT_SHARE:
            said = nought
        if double and len(parts) < count - 1 and rng.random() < _DOUBLE_SHARE:
            parts.append(Part(double, word, pause=False))
        parts.append(Part(said, word, left == 0 and len(parts) < count - 1))
    return tuple(parts)


def _others(others: Sequence[str], count: int, rng: random.Random) -> Phrase:
    return tuple(Part(rng.choice(others), None, rng.random() < 0.2) for _ in range(count))
