"""Numbers read from a stream of any length, while they are said.

The network says of every 40 ms what is being said, from the 6.1 s before and the 1.0 s after. So a
stream is read in windows: as sound comes, the network hears the last seconds again. What is older
than it looks ahead is settled; what is newer is read as if the sound ended now, and may change. No
rule says where one word ends and the next begins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.sequence_inference import STEP, NumberModel
from spoken_digits.model.ctc import Emission, best_path, log_probability
from spoken_digits.sizes import SAMPLE_RATE

PAUSE_S = 1.5
"""A longer pause ends a number, s."""
AT_ONCE_S, AT_LEISURE_S = 0.25, 4.0
"""How much new sound the network waits for before it hears again: where somebody waits for the
digits, and in a file, which is then read faster."""
LONGEST_S = 60.0
"""A number that goes on is ended here, s: memory stays constant."""
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


class NumberReader:
    """Reads a stream that is fed block by block.

    What has no word that is at least ``reject`` likely is no number. The network hears again when
    ``every_s`` of new sound has come.
    """

    def __init__(self, model: NumberModel, reject: float, every_s: float = AT_ONCE_S) -> None:
        self._model = model
        self._reject = reject
        self._every = round(every_s * SAMPLE_RATE)
        self._pause = round(PAUSE_S * SAMPLE_RATE / STEP)  # output frames
        self._ahead = -(-model.ahead // STEP)
        self._sound = np.empty(0, np.float32)
        self._from = 0  # the output frame that _sound begins with
        self._settled = np.empty((0, len(model.labels) + 1), np.float32)
        self._begin = 0  # the output frame that _settled begins with
        self._newest = np.empty((0, len(model.labels) + 1), np.float32)
        self._heard = 0  # samples of _sound that the network has heard

    def feed(self, samples: NDArray[np.float32]) -> list[Number]:
        """Take the next samples (n,) at 16 kHz; return the numbers that ended in them."""
        ended: list[Number] = []
        for start in range(0, len(samples), self._every):  # a long block is a stream, too
            self._sound = np.concatenate([self._sound, samples[start : start + self._every]])
            if len(self._sound) - self._heard >= self._every:
                self._hear(len(self._sound) // STEP, settle_all=False)
                ended += self._ended()
        return ended

    def finish(self) -> list[Number]:
        """Return the numbers that are being said where the stream ends, as if silence followed."""
        frames = -(-len(self._sound) // STEP) + self._ahead
        self._sound = np.pad(self._sound, (0, frames * STEP - len(self._sound)))
        self._hear(frames, settle_all=True)
        numbers = self._ended()
        last = self._number(self._settled)
        self._forget(self._begin + len(self._settled))
        return numbers + ([last] if self._is_sure(last) else [])

    def so_far(self) -> tuple[Read, ...]:
        """Return the words of the number that is being said; the last ones may still change."""
        return self._words(best_path(np.concatenate([self._settled, self._newest])))

    def _hear(self, frames: int, settle_all: bool) -> None:
        """Read the first ``frames`` output frames of the sound, and drop what is no longer used."""
        outputs = self._model.log_probabilities(self._sound[: frames * STEP])
        known = self._begin + len(self._settled) - self._from
        settled = frames if settle_all else max(frames - self._ahead, known)
        self._settled = np.concatenate([self._settled, outputs[known:settled]])
        self._newest = outputs[settled:]
        kept = max(settled - -(-self._model.past // STEP), 0)
        self._from += kept
        self._sound = self._sound[kept * STEP :]
        self._heard = len(self._sound)

    def _ended(self) -> list[Number]:
        """Return the numbers in what is settled after which there is a pause."""
        ended: list[Number] = []
        while words := best_path(self._settled):
            end = self._end(words)
            if end is None:
                return ended
            number = self._number(self._settled[: end + 1])
            ended += [number] if self._is_sure(number) else []
            self._forget(self._begin + end)
        self._forget(self._begin + max(len(self._settled) - 1, 0))
        return ended

    def _end(self, words: Sequence[Emission]) -> int | None:
        """Return where, among what is settled, the first number ends, if it does."""
        following = [*(word.first for word in words[1:]), len(self._settled)]
        for word, begins in zip(words, following, strict=True):
            long = word.end * STEP > LONGEST_S * SAMPLE_RATE
            if long or begins - word.end > self._pause:
                return word.end
        return None

    def _number(self, outputs: NDArray[np.float32]) -> Number:
        emitted = best_path(outputs)
        likely = log_probability(outputs, [one.label for one in emitted])
        return Number(self._words(emitted), min(float(np.exp(likely)), 1.0))

    def _words(self, emitted: Sequence[Emission]) -> tuple[Read, ...]:
        """Return what is emitted, in output frames from _begin on, as words of the stream."""
        seconds = STEP / SAMPLE_RATE
        return tuple(
            Read(
                self._model.labels[one.label],
                (self._begin + one.first) * seconds,
                (self._begin + one.end) * seconds,
                one.confidence,
            )
            for one in emitted
        )

    def _is_sure(self, number: Number) -> bool:
        return any(word.confidence >= self._reject for word in number.words)

    def _forget(self, frame: int) -> None:
        """Drop what is settled before an output frame."""
        self._settled = self._settled[frame - self._begin :]
        self._begin = frame
