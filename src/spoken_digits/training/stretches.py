"""Stretches of speech to train on, made anew in every epoch.

A stretch is 6.4 s of somebody's speech: numbers joined from single words, whole phrases, and other
speech, with pauses between. What is joined is the power of mel bands, frame by frame, not
waveforms: it takes a tenth of the time, and the network sees nothing else. People who read a number
run its words into each other and say each more quickly than alone, so words overlap, are quickened
and differ in level.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.recordings import grouped
from spoken_digits.picture.stream import QUIETEST_DB, STEP_DB
from spoken_digits.sizes import SIZE
from spoken_digits.training.clips import Clip, by_corpus

T = TypeVar("T")

FRAMES = 640
"""Of a stretch."""
TEMPO = (0.75, 1.3)
"""How much faster or slower all of it is played, afterwards."""
SOURCE = round(FRAMES * TEMPO[1])
"""Frames that are filled, of which a slow stretch needs fewer."""

_JOINED, _PHRASE = 0.45, 0.45  # shares of what is said; the rest is other speech
_MOST_JOINED = 8
_FLUENT, _PAUSED = 0.5, 0.3  # shares of joined numbers; the rest are a mixture
_FLUENT_GAP = (-7, 3)  # frames
_PAUSE = (5, 45)  # frames
_QUICKENED = (1.0, 1.7)  # fluent words, by this
_LEAD_IN, _BETWEEN = (0, 80), (15, 160)  # frames
_WORD_DB, _GROUP_DB = 2.0, 4.0  # standard deviations of levels
_LEVEL = 200  # of the loudest frame of what is said, in steps
_FEW = 20  # words: a voice that has fewer is joined with others of its corpus
_POWER = (10 ** ((np.arange(256) * STEP_DB + QUIETEST_DB) / 10)).astype(np.float32)
_POWER[0] = 0


class Bank(NamedTuple):
    """Clips to choose from: of each corpus the same number of times, whatever its size."""

    voices: list[list[list[Clip]]]
    """Single words of the vocabulary: by corpus and voice."""
    phrases: list[list[Clip]]
    """Whole utterances: by corpus."""
    others: list[list[Clip]]
    """Single words that are not of the vocabulary: by corpus."""


class Stretch(NamedTuple):
    """Power of mel bands (100, SOURCE), how many of its frames are used, and what is said."""

    power: NDArray[np.float32]
    frames: int
    labels: list[int]


def bank(words: Sequence[Clip], phrases: Sequence[Clip]) -> Bank:
    """Sort single words and whole utterances into a bank."""
    said = by_corpus(clip for clip in words if clip.labels)
    return Bank(
        [_voices(clips) for clips in said.values()],
        list(by_corpus(phrases).values()),
        list(by_corpus(clip for clip in words if not clip.labels).values()),
    )


def _voices(clips: list[Clip]) -> list[list[Clip]]:
    voices = grouped(clips, lambda clip: clip.speaker)
    few = [clip for voice in voices if len(voice) < _FEW for clip in voice]
    return [voice for voice in voices if len(voice) >= _FEW] + ([few] if few else [])


def stretch(clips: Bank, random: np.random.Generator) -> Stretch:
    """Make a stretch of speech."""
    power = np.zeros((SIZE, SOURCE), np.float32)
    frames = round(FRAMES * random.uniform(*TEMPO))
    labels: list[int] = []
    at = int(random.integers(*_LEAD_IN))
    while True:
        said = _something(clips, random)
        end = at + sum(gap + part.shape[1] for gap, part, _ in said)
        if end > frames:
            return Stretch(power, frames, labels)
        for gap, part, of_part in said:
            at = max(at + gap, 0)
            power[:, at : at + part.shape[1]] += part
            at += part.shape[1]
            labels += of_part
        at += int(random.integers(*_BETWEEN))


_Said = list[tuple[int, NDArray[np.float32], tuple[int, ...]]]
"""Frames before, power (100, n), labels."""


def _something(clips: Bank, random: np.random.Generator) -> _Said:
    kind = random.random()
    if kind < _JOINED:
        return _joined(clips, random)
    if kind < _JOINED + _PHRASE or not clips.others:
        chosen = _one(_one(clips.phrases, random), random)
        return [(0, _power(chosen, _shift([chosen], _GROUP_DB, random), 1.0), chosen.labels)]
    corpus = _one(clips.others, random)
    words = [_one(corpus, random) for _ in range(random.integers(1, 5))]
    return [
        (int(random.integers(-3, 20)), _power(word, _shift([word], _GROUP_DB, random), 1.0), ())
        for word in words
    ]


def _joined(clips: Bank, random: np.random.Generator) -> _Said:
    voice = _one(_one(clips.voices, random), random)
    words = [_one(voice, random) for _ in range(random.integers(1, _MOST_JOINED + 1))]
    way = random.random()
    quickened = random.uniform(*_QUICKENED)
    level = _shift(words, _GROUP_DB, random)
    said: _Said = []
    for word in words:
        fluent = way < _FLUENT or (way >= _FLUENT + _PAUSED and random.random() < 0.6)
        gap = int(random.integers(*(_FLUENT_GAP if fluent else _PAUSE))) if said else 0
        shift = level + round(random.normal(0, _WORD_DB / STEP_DB))
        said.append((gap, _power(word, shift, quickened if fluent else 1.0), word.labels))
    return said


def _shift(words: Sequence[Clip], deviation: float, random: np.random.Generator) -> int:
    """Return by how many steps what is said is to be louder."""
    loudest = max(int(word.levels.max(initial=0)) for word in words)
    return _LEVEL - loudest + round(random.normal(0, deviation / STEP_DB))


def _power(clip: Clip, shift: int, quickened: float) -> NDArray[np.float32]:
    """Return a clip's power, (100, n), ``shift`` steps louder and that much faster."""
    louder = np.clip(clip.levels.astype(np.int16) + shift, 0, 255)
    power = _POWER[np.where(clip.levels > 0, louder, 0)]
    if quickened == 1.0 or power.shape[1] < 2:
        return power
    wanted = np.arange(max(int(power.shape[1] / quickened), 2)) * quickened
    before = np.minimum(wanted.astype(int), power.shape[1] - 2)
    share = np.minimum(wanted - before, 1).astype(np.float32)
    quick: NDArray[np.float32] = power[:, before] * (1 - share) + power[:, before + 1] * share
    return quick


def _one(items: Sequence[T], random: np.random.Generator) -> T:
    return items[int(random.integers(len(items)))]
