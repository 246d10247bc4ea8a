"""From a stream of sound to the words said in it."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import Model
from spoken_digits.live.decision import Verdict, loudest_dbfs, recognise_word
from spoken_digits.live.detector import chosen_detector
from spoken_digits.live.digit_string import Reader, Spoken
from spoken_digits.live.endpointer import Endpointer, Utterance
from spoken_digits.params import DetectorName
from spoken_digits.sizes import SAMPLE_RATE

_THINK_EVERY = SAMPLE_RATE // 5  # once at least in a hang-over; more often costs CPU alone


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

    An utterance that the ``speech`` detector finds may hold several words; what the ``level``
    detector finds is one sound.
    """

    def __init__(
        self, model: Model, reject: float, hangover_ms: int, detector: DetectorName = "speech"
    ) -> None:
        self.model = model
        self.reject = reject
        self._reader: Reader | OneSound = (
            Reader(model, reject) if detector == "speech" else OneSound(model, reject)
        )
        self.endpointer = Endpointer(chosen_detector(detector), hangover_ms)
        self.heard = 0  # samples
        self.level_dbfs = -200.0
        """How loud the latest block was, dB re a full-scale sine."""

    def feed(self, samples: NDArray[np.float32]) -> list[Utterance]:
        """Take the stream's next samples (n,), and return what was said and ended in them."""
        self.heard += len(samples)
        if len(samples):
            self.level_dbfs = loudest_dbfs(samples)
        ended = self.endpointer.feed(samples)
        going_on = self.endpointer.so_far(_THINK_EVERY)
        if going_on is not None and not ended:
            self._reader.read_ahead(going_on)
        return ended

    def finish(self) -> list[Utterance]:
        """Return what is being said where the stream ends."""
        last = self.endpointer.finish()
        return [] if last is None else [last]

    def words(self, utterance: Utterance, arrived: float | None) -> Iterator[Word]:
        """Recognise the words of an utterance; ``arrived`` is when the latest sample came."""
        for start, end, verdict in self._reader.read(utterance):
            latency = None
            if arrived is not None:
                waited = (self.heard - utterance.end) / SAMPLE_RATE
                latency = (time.monotonic() - arrived + waited) * 1000
            room = SAMPLE_RATE // 10
            first = max(start - room, utterance.offset) - utterance.offset
            sound = utterance.sound[first : end + room - utterance.offset]
            yield Word(start / SAMPLE_RATE, end / SAMPLE_RATE, verdict, latency, sound)


class OneSound:
    """Takes an utterance for one sound, as Reader does for words: its loudest second is judged."""

    def __init__(self, model: Model, reject: float) -> None:
        self._model = model
        self._reject = reject

    def read_ahead(self, utterance: Utterance) -> None:
        """Do nothing: a sound that goes on may become louder."""

    def read(self, utterance: Utterance) -> list[Spoken]:
        """Return what the sound is, or why it is none of the vocabulary."""
        verdict = recognise_word(self._model, utterance.sound, self._reject)
        return [Spoken(utterance.start, utterance.end, verdict)]
