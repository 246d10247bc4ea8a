"""The digits in an utterance: one, or many in one breath, with pauses or without."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import Model
from spoken_digits.live.decision import LONGEST_WORD_S, Verdict, decide, loudest_dbfs
from spoken_digits.live.endpointer import Utterance
from spoken_digits.live.silences import pauses
from spoken_digits.live.word_boundaries import cuts
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.one_second import one_second

BEFORE, AFTER = (320, 1760), (0, 2000)  # samples; what is said begins and ends softly
_SHORTEST, _LONGEST = int(0.14 * SAMPLE_RATE), int(1.0 * SAMPLE_RATE)  # a digit among digits
_TWO_DIGITS_S = 0.6  # take no less
_ONE_DIGIT = int(0.7 * SAMPLE_RATE)  # what is shorter between pauses may be taken for one at once
_EDGE = SAMPLE_RATE // 40  # a pause this near to the end of a word is no pause in it

# Half of each cost, or twice it, reads strings of FSDD's takes 5-9 about as well; the conditions
# keep babble and other words out.
_SKIPPED_A_SECOND = 4.0
_QUIET_A_SECOND = 0.1
_DURATION = 0.06  # times the square of the logarithm of its ratio to the usual one
_USUAL_S = 0.3
_COVERED = 0.8  # of what is said without a pause is in its digits, or they are not believed
_LIKELY = 0.9  # geometric mean of the digits' probabilities: many of 0.8 are chance
_SOFTER_DB = 12.0  # than the loudest of it: a voice in the background
_BELIEVED = 0.5  # of all that is said is in digits that are believed, or it is no number


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
        self._start = -1  # of the utterance that is known

    def read_ahead(self, utterance: Utterance) -> None:
        """Hear what there is of an utterance that goes on, so that little is left when it ends.

        What takes one digit at the most is left: it is read in 5 ms.
        """
        if _seconds(utterance) >= _TWO_DIGITS_S:
            self.read(utterance)

    def read(self, utterance: Utterance) -> list[Spoken]:
        """Return the digits of an utterance in order; or one verdict that says why it is none."""
        if utterance.start != self._start:
            self._known.clear()
            self._start = utterance.start
        first = max(utterance.start - max(BEFORE), utterance.offset)
        last = min(utterance.end + max(AFTER), utterance.offset + len(utterance.sound))
        sound = utterance.sound[first - utterance.offset : last - utterance.offset]
        seconds, level = _seconds(utterance), loudest_dbfs(sound)
        whole = self._as_a_whole(sound, utterance.start - first, utterance.end - first)
        verdict = decide(self._model.labels, whole, self._reject, level, seconds)
        alone = [Spoken(utterance.start, utterance.end, verdict)]
        if seconds < _TWO_DIGITS_S or verdict.reason.startswith("too quiet"):
            return alone
        shift = first - utterance.offset
        quiet = [(start - shift, end - shift) for start, end in pauses(utterance.sound)]
        path = self._best_path(sound, quiet)
        runs = _between(quiet, len(sound))
        believed: list[tuple[int, int, NDArray[np.float32]]] = []
        for begin, stop in runs:
            inside = [(start, end) for start, end in path if begin < (start + end) / 2 < stop]
            if len(runs) > 1 and stop - begin <= _ONE_DIGIT:
                # Else the path may find two of the same digit in a slow one.
                heard = self._as_a_whole(sound, begin, stop)
                if heard[:-1].max() >= max(_LIKELY, self._reject):
                    believed.append((begin, stop, heard))
                    continue
            if inside and self._convincing(inside, stop - begin):
                believed += [(start, end, self._known[start, end]) for start, end in inside]
        softest = level - _SOFTER_DB
        believed = [one for one in believed if loudest_dbfs(sound[one[0] : one[1]]) >= softest]
        said = sum(stop - begin for begin, stop in runs)
        if len(believed) < 2 or sum(end - start for start, end, _ in believed) < _BELIEVED * said:
            return alone
        return [
            Spoken(first + a, first + b, _claimed(self._model.labels, known))
            for a, b, known in believed
        ]

    def _as_a_whole(self, sound: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
        """Return mean probabilities, (classes,), of what is between start and end, cut 4 ways."""
        pieces = [
            (max(start - before, 0), min(end + after, len(sound)))
            for before in BEFORE
            for after in AFTER
        ]
        self._hear(sound, pieces)
        mean: NDArray[np.float32] = np.mean([self._known[piece] for piece in pieces], axis=0)
        return mean

    def _convincing(self, digits: list[tuple[int, int]], samples: int) -> bool:
        """Tell digits from speech in which, by chance, some pieces sound like digits.

        ``digits`` is what is to be believed of ``samples`` that were said without a pause.
        """
        covered = sum(end - start for start, end in digits)
        likely = [self._known[piece][:-1].max() for piece in digits]
        return covered >= _COVERED * samples and (
            len(digits) == 1 or bool(np.log(likely).mean() >= np.log(_LIKELY))
        )

    def _hear(self, sound: NDArray[np.float32], pieces: list[tuple[int, int]]) -> None:
        for start, end in pieces:
            if (start, end) not in self._known:
                second = one_second(sound[start:end].astype(np.float64)).astype(np.float32)
                # One by one: batches of ever other sizes are hardly faster, and hold on to memory.
                (self._known[start, end],) = self._model.probabilities(second[None])

    def _best_path(
        self, sound: NDArray[np.float32], quiet: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Cut the sound into digits, pauses, and what is skipped, at the least cost.

        Dynamic programming over the cuts: the least cost up to a cut is that up to an earlier one
        and of the piece between. A digit costs its negative log-probability, and more the odder
        its duration is. ``quiet`` are the pauses; none is inside a digit.
        """
        at = cuts(sound)
        pieces = [
            (int(start), int(end))
            for i, start in enumerate(at)
            for end in at[i + 1 :]
            if _SHORTEST <= end - start <= _LONGEST
            and not any(start + _EDGE < a and b < end - _EDGE for a, b in quiet)
        ]
        if len(sound) <= LONGEST_WORD_S * SAMPLE_RATE:
            pieces.append((0, len(sound)))
        self._hear(sound, pieces)
        ending: dict[int, list[tuple[int, float]]] = {}
        for (start, end), cost in zip(pieces, self._costs(pieces), strict=True):
            ending.setdefault(end, []).append((start, cost))
        least = {0: 0.0}
        came: dict[int, tuple[int, bool]] = {}  # from which cut, and whether a digit lies between
        for before, end in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
            least[end] = least[before] + _skipping(before, end, quiet)
            came[end] = before, False
            for start, cost in ending.get(end, []):
                if least[start] + cost < least[end]:
                    least[end], came[end] = least[start] + cost, (start, True)
        path = []
        end = len(sound)
        while end > 0:
            start, is_digit = came[end]
            if is_digit and self._claims(start, end):
                path.append((start, end))
            end = start
        return path[::-1]

    def _costs(self, pieces: list[tuple[int, int]]) -> NDArray[np.float64]:
        probabilities = [self._known[piece][:-1].max() for piece in pieces]
        seconds = np.array([end - start for start, end in pieces]) / SAMPLE_RATE
        surprise = -np.log(np.maximum(np.array(probabilities, np.float64), 1e-4))
        costs: NDArray[np.float64] = surprise + _DURATION * np.square(np.log(seconds / _USUAL_S))
        return costs

    def _claims(self, start: int, end: int) -> bool:
        probabilities = self._known[start, end]
        best = probabilities[:-1].max()
        return bool(best >= self._reject and best > probabilities[-1])


def _seconds(utterance: Utterance) -> float:
    return (utterance.end - utterance.start) / SAMPLE_RATE


def _claimed(labels: Sequence[str], probabilities: NDArray[np.float32]) -> Verdict:
    best = int(probabilities[:-1].argmax())
    label = labels[best]
    return Verdict(label, label, float(probabilities[best]), probabilities)


def _between(quiet: list[tuple[int, int]], samples: int) -> list[tuple[int, int]]:
    """Return what lies between the pauses, first and last sample of each."""
    begins = [0, *(end for _, end in quiet)]
    stops = [*(start for start, _ in quiet), samples]
    return [(begin, stop) for begin, stop in zip(begins, stops, strict=True) if begin < stop]


def _skipping(start: int, end: int, quiet: list[tuple[int, int]]) -> float:
    """Return what it costs to leave a piece out."""
    silent = sum(max(0, min(end, b) - max(start, a)) for a, b in quiet)
    cost = _QUIET_A_SECOND * silent + _SKIPPED_A_SECOND * (end - start - silent)
    return cost / SAMPLE_RATE
