"""The digits in an utterance: one, or many in one breath, with pauses or without."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.live.cuts import cuts
from spoken_digits.live.decision import LONGEST_WORD_S, Verdict, decide, loudest_dbfs
from spoken_digits.live.endpoint import Utterance
from spoken_digits.onnx_model import Model
from spoken_digits.recording import CLASSES, DIGITS, OTHER
from spoken_digits.second import SAMPLE_RATE, one_second

_BEFORE, _AFTER = SAMPLE_RATE // 50, SAMPLE_RATE * 3 // 100  # 20, 30 ms: soft ends of words
_SHORTEST, _LONGEST = int(0.14 * SAMPLE_RATE), int(1.0 * SAMPLE_RATE)  # a digit among digits

SURE = 0.9
"""A short utterance that is one digit this likely is not searched for more."""
SURE_S = 0.65
"""Up to here an utterance is short, s: two digits take longer."""

# The costs of a path, chosen by a random search on strings of FSDD's takes 5-49, never 0-4.
_EACH_WORD = -0.05
_SKIPPED_A_SECOND = 10.0
_QUIET_A_SECOND = 0.02
_QUIET_DB = -30.0  # below the utterance's loudest piece
_DURATION = 0.05  # times the square of the logarithm of its ratio to the usual one
_USUAL_S = 0.35
_DURATION_POWER = 1.3
_COVERED = 0.6  # of an utterance's energy lies in digits, or it is none


class Spoken(NamedTuple):
    """A word in an utterance: its first and last sample in the stream, and what it is."""

    start: int
    end: int
    verdict: Verdict


class Reader:
    """Reads an utterance, also while it goes on: what it has heard once it does not hear again."""

    def __init__(self, model: Model, reject: float) -> None:
        self._model = model
        self._reject = reject
        self._known: dict[tuple[int, int], NDArray[np.float32]] = {}

    def forget(self) -> None:
        """Begin another utterance."""
        self._known.clear()

    def read(self, utterance: Utterance) -> list[Spoken]:
        """Return the digits of an utterance in order; or one verdict that says why it is none."""
        first = max(utterance.start - _BEFORE, utterance.offset)
        sound = utterance.sound[
            first - utterance.offset : utterance.end + _AFTER - utterance.offset
        ]
        seconds = (utterance.end - utterance.start) / SAMPLE_RATE
        whole = (0, len(sound))
        self._hear(sound, [whole])
        verdict = decide(self._known[whole], self._reject, loudest_dbfs(sound), seconds)
        alone = [Spoken(utterance.start, utterance.end, verdict)]
        sure = verdict.digit is not None and verdict.confidence >= SURE and seconds <= SURE_S
        if sure or verdict.reason.startswith(("too quiet", "too short")):
            return alone
        digits = self._best_path(sound)
        energy = np.cumsum(np.square(sound, dtype=np.float64))
        covered = sum(energy[end - 1] - energy[start] for start, end in digits)
        if not digits or covered < _COVERED * energy[-1]:
            return alone
        return [
            Spoken(first + start, first + end, self._verdict(start, end)) for start, end in digits
        ]

    def _verdict(self, start: int, end: int) -> Verdict:
        probabilities = self._known[start, end]
        best = int(probabilities[: len(DIGITS)].argmax())
        return Verdict(DIGITS[best], float(probabilities[best]), probabilities)

    def _hear(self, sound: NDArray[np.float32], pieces: list[tuple[int, int]]) -> None:
        new = [piece for piece in pieces if piece not in self._known]
        if not new:
            return
        seconds = [one_second(sound[start:end].astype(np.float64)) for start, end in new]
        heard = self._model.probabilities(np.stack(seconds).astype(np.float32))
        self._known.update(zip(new, heard, strict=True))

    def _best_path(self, sound: NDArray[np.float32]) -> list[tuple[int, int]]:
        """Cut the sound into digits, quiet, and what is skipped, at the least cost.

        Dynamic programming over the cuts: the least cost up to a cut is that up to an earlier one
        and of the piece between. A digit costs its negative log-probability times (nearly) its
        duration, so that paths of few long and of many short words can be compared.
        """
        at = cuts(sound)
        pieces = [
            (int(start), int(end))
            for i, start in enumerate(at)
            for end in at[i + 1 :]
            if _SHORTEST <= end - start <= _LONGEST
        ]
        if len(sound) <= LONGEST_WORD_S * SAMPLE_RATE:
            pieces.append((0, len(sound)))
        self._hear(sound, pieces)
        costs = self._costs(pieces)
        ending: dict[int, list[tuple[int, float]]] = {}
        for (start, end), cost in zip(pieces, costs, strict=True):
            ending.setdefault(end, []).append((start, cost))
        least = {0: 0.0}
        came: dict[int, tuple[int, bool]] = {}  # from which cut, and whether a digit lies between
        for before, end, skipping in zip(at[:-1], at[1:], _skipping(sound, at), strict=True):
            least[int(end)], came[int(end)] = least[int(before)] + skipping, (int(before), False)
            for start, cost in ending.get(int(end), []):
                if least[start] + cost < least[int(end)]:
                    least[int(end)], came[int(end)] = least[start] + cost, (start, True)
        path = []
        end = len(sound)
        while end > 0:
            start, is_digit = came[end]
            if is_digit and self._claims(start, end):
                path.append((start, end))
            end = start
        return path[::-1]

    def _costs(self, pieces: list[tuple[int, int]]) -> NDArray[np.float64]:
        if not pieces:
            return np.empty(0)
        probabilities = np.stack([self._known[piece] for piece in pieces])[:, : len(DIGITS)]
        surprise = -np.log(np.maximum(probabilities.max(axis=1).astype(np.float64), 1e-4))
        seconds = np.array([end - start for start, end in pieces]) / SAMPLE_RATE
        odd = np.square(np.log(seconds / _USUAL_S))
        costs: NDArray[np.float64] = (
            surprise * seconds**_DURATION_POWER + _EACH_WORD + _DURATION * odd
        )
        return costs

    def _claims(self, start: int, end: int) -> bool:
        probabilities = self._known[start, end]
        other = probabilities[CLASSES.index(OTHER)]
        best = probabilities[: len(DIGITS)].max()
        return bool(best >= self._reject and best > other)


def _skipping(sound: NDArray[np.float32], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what it costs to leave out each piece between two cuts."""
    energy = np.add.reduceat(np.square(sound, dtype=np.float64), at[:-1])
    samples = np.diff(at)
    level = 10 * np.log10(energy / samples + 1e-12)
    rate = np.where(level < level.max() + _QUIET_DB, _QUIET_A_SECOND, _SKIPPED_A_SECOND)
    costs: NDArray[np.float64] = rate * samples / SAMPLE_RATE
    return costs
