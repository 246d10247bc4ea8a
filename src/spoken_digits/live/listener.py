"""From a stream of sound to the words said in it."""

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import Model
from spoken_digits.live.decision import (
    Verdict,
    loudest_dbfs,
    recognise_utterance,
    recognise_word,
)
from spoken_digits.live.detector import chosen_detector
from spoken_digits.live.endpointer import Endpointer, Utterance
from spoken_digits.params import DetectorName
from spoken_digits.sizes import SAMPLE_RATE

_ROOM = SAMPLE_RATE // 10  # samples kept before and after a word


class Word(NamedTuple):
    """Something said, when, and what it was taken for.

    ``start`` and ``end`` are in seconds since the stream began. ``latency_ms`` is from the moment
    its last sample came to now; None if the stream does not come in real time. ``sound`` (n,) is
    at 16 kHz, with some room around the word.
    """

    start: float
    end: float
    verdict: Verdict
    latency_ms: float | None
    sound: NDArray[np.float32]


class Listener:
    """Hears words in a stream that is fed block by block; holds on to a few seconds at most.

    What is said without a pause is one word. Of what the ``level`` detector finds, the loudest
    second is judged.
    """

    def __init__(
        self, model: Model, reject: float, hangover_ms: int, detector: DetectorName = "speech"
    ) -> None:
        self.model = model
        self.reject = reject
        self.endpointer = Endpointer(chosen_detector(detector), hangover_ms)
        self.heard = 0  # samples
        self.level_dbfs = -200.0
        """How loud the latest block was, dB re a full-scale sine."""
        self._detector = detector

    def feed(self, samples: NDArray[np.float32]) -> list[Utterance]:
        """Take the stream's next samples (n,), and return what was said and ended in them."""
        self.heard += len(samples)
        if len(samples):
            self.level_dbfs = loudest_dbfs(samples)
        return self.endpointer.feed(samples)

    def finish(self) -> list[Utterance]:
        """Return what is being said where the stream ends."""
        last = self.endpointer.finish()
        return [] if last is None else [last]

    def word(self, utterance: Utterance, arrived: float | None) -> Word:
        """Recognise an utterance; ``arrived`` is when the latest sample came."""
        if self._detector == "speech":
            verdict = recognise_utterance(self.model, utterance, self.reject)
        else:
            verdict = recognise_word(self.model, utterance.sound, self.reject)
        latency = None
        if arrived is not None:
            waited = (self.heard - utterance.end) / SAMPLE_RATE
            latency = (time.monotonic() - arrived + waited) * 1000
        first = max(utterance.start - _ROOM - utterance.offset, 0)
        sound = utterance.sound[first : utterance.end + _ROOM - utterance.offset]
        start, end = utterance.start / SAMPLE_RATE, utterance.end / SAMPLE_RATE
        return Word(start, end, verdict, latency, sound)
