"""Numbers read from a stream of any length, while they are said.

A number is what is said until a pause of PAUSE_S: the detector of speech says where it begins and
ends, and the network reads it from its beginning. What is no speech the network does not hear: it
takes the level of the last seconds for that of a voice, and learnt with none before speech. No rule
says where one word ends and the next begins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.sequence_inference import STEP, NumberModel
from spoken_digits.live.endpointer import Endpointer, Utterance
from spoken_digits.live.silero import SileroDetector
from spoken_digits.model.ctc import Emission, best_path, log_probability
from spoken_digits.sizes import SAMPLE_RATE

PAUSE_S = 1.5
"""A longer pause ends a number, s."""
LONGEST_S = 20.0
"""A number that goes on is ended here, s."""
EVERY = SAMPLE_RATE // 2
"""New samples of a number before it is read again."""
UNSURE = "?"
"""Stands for a word that is less probable than ``reject``."""


class Read(NamedTuple):
    """A word of a number: its label, when it is said, s since the stream began, how sure it is."""

    label: str
    start: float
    end: float
    confidence: float


class Number(NamedTuple):
    """Words that are said without a pause of more than PAUSE_S."""

    words: tuple[Read, ...]
    confidence: float
    """The probability of these words, just these and in this order."""
    end: float
    """When the detector of speech heard its end, s since the stream began."""


class NumberReader:
    """Reads a stream that is fed block by block.

    What has no word that is at least ``reject`` likely is no number, nor are words that are less
    likely than that on average (the geometric mean): in long talk one of them may sound like one.
    """

    def __init__(self, model: NumberModel, reject: float) -> None:
        self._model = model
        self._reject = reject
        self._endpointer = Endpointer(SileroDetector(), round(1000 * PAUSE_S), LONGEST_S)
        self._so_far: tuple[Read, ...] = ()

    def feed(self, samples: NDArray[np.float32]) -> list[Number]:
        """Take the next samples (n,) at 16 kHz; return the numbers that ended in them."""
        return self._numbers(self._endpointer.feed(samples))

    def finish(self) -> list[Number]:
        """Return the number that is being said where the stream ends, as if silence followed."""
        last = self._endpointer.finish()
        return [] if last is None else self._numbers([last])

    def so_far(self) -> tuple[Read, ...]:
        """Return the words of the number that is being said; the last ones may still change."""
        utterance = self._endpointer.so_far(EVERY)
        if utterance is not None:
            self._so_far = self._words(utterance, best_path(self._model.read(utterance.sound)))
        elif not self._endpointer.hearing:
            self._so_far = ()
        return self._so_far

    def _numbers(self, utterances: Sequence[Utterance]) -> list[Number]:
        numbers = []
        for utterance in utterances:
            outputs = self._model.read(utterance.sound)
            emitted = best_path(outputs)
            likely = log_probability(outputs, [one.label for one in emitted])
            confidence = min(float(np.exp(likely)), 1.0)
            words = self._words(utterance, emitted)
            sure = any(word.confidence >= self._reject for word in words)
            if sure and confidence >= self._reject ** len(words):
                numbers.append(Number(words, confidence, utterance.end / SAMPLE_RATE))
        return numbers

    def _words(self, utterance: Utterance, emitted: Sequence[Emission]) -> tuple[Read, ...]:
        return tuple(
            Read(
                self._model.labels[one.label],
                (utterance.offset + one.first * STEP) / SAMPLE_RATE,
                (utterance.offset + one.end * STEP) / SAMPLE_RATE,
                one.confidence,
            )
            for one in emitted
        )
