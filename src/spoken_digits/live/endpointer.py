"""Where an utterance starts and where it ends in a stream of sound."""

from collections import deque
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SAMPLE_RATE

PREROLL_MS = 200
"""Sound kept from before a word's first loud frame: a soft consonant begins below the threshold."""
LONGEST_S = 12.0
"""An utterance that goes on is cut here, s: a long number takes 10, a machine never ends."""

_FRAME_MS = 1000 * HOP // SAMPLE_RATE  # 10
START_FRAMES = 3  # frames in a row that make a start


class Detector(Protocol):
    """Says of each 10 ms frame, (160,) at 16 kHz, how much it is what is waited for.

    That is speech, or any sound; the scale is the detector's own.
    """

    lag: int
    """How much older than the frame is the sound that its score is about, samples."""
    shortest: int
    """An utterance that is shorter is a click, and none, samples."""

    def start(self) -> float:
        """Return the score from which an utterance may start."""

    def stay(self) -> float:
        """Return the score from which it goes on; at most that of ``start``: hysteresis."""

    def score(self, frame: NDArray[np.float32]) -> float:
        """Take the next frame, and score it."""


class Utterance(NamedTuple):
    """Something said: sample numbers in the stream, and the sound with some room around it.

    ``start`` and ``end`` are where it is heard to start and to end, in samples since the stream
    began; ``sound`` (n,) begins at ``offset`` <= ``start``, and reaches beyond ``end``.
    """

    start: int
    end: int
    offset: int
    sound: NDArray[np.float32]


class Endpointer:
    """Cuts a stream into utterances: ``hangover_ms`` of quiet ends one, or ``longest_s``."""

    def __init__(self, detector: Detector, hangover_ms: int, longest_s: float = LONGEST_S) -> None:
        self.detector = detector
        self._longest = longest_s * SAMPLE_RATE
        self.hearing = False
        self._hangover = hangover_ms // _FRAME_MS
        self._now = 0  # samples taken so far, whole frames
        self._rest = np.empty(0, np.float32)
        self._preroll: deque[NDArray[np.float32]] = deque(
            maxlen=PREROLL_MS // _FRAME_MS + START_FRAMES + -(-detector.lag // HOP)
        )
        self._frames: list[NDArray[np.float32]] = []
        self._start = self._end = 0
        self._speaking = False
        self._in_a_row = 0
        self._asked = 0

    def feed(self, samples: NDArray[np.float32]) -> list[Utterance]:
        """Take (n,) samples of the stream; return the utterances that ended in them."""
        pending = np.concatenate([self._rest, samples])
        whole = len(pending) // HOP * HOP
        self._rest = pending[whole:]
        ended = (self._step(frame) for frame in pending[:whole].reshape(-1, HOP))
        return [utterance for utterance in ended if utterance is not None]

    def finish(self) -> Utterance | None:
        """Return what is being said where the stream ends, if anything is."""
        if not self.hearing:
            return None
        if self._speaking:
            self._end = self._now
        return self._close()

    def so_far(self, every: int) -> Utterance | None:
        """Return what is being heard, if ``every`` samples of it have come since the last time."""
        if not self.hearing or self._now - self._asked < every:
            return None
        self._asked = self._now
        return self._utterance()

    def _step(self, frame: NDArray[np.float32]) -> Utterance | None:
        score = self.detector.score(frame)
        self._now += HOP
        if not self.hearing:
            self._preroll.append(frame)
            self._in_a_row = self._in_a_row + 1 if score >= self.detector.start() else 0
            if self._in_a_row == START_FRAMES:
                self.hearing = True
                self._frames = list(self._preroll)
                self._start = max(self._now - START_FRAMES * HOP - self.detector.lag, 0)
                self._end = self._now - self.detector.lag
                self._speaking = True
            return None
        self._frames.append(frame)
        self._speaking = score >= self.detector.stay()
        if self._speaking:
            self._end = self._now - self.detector.lag
        ended = not self._speaking and (self._now - self._end) // HOP >= self._hangover
        long = len(self._frames) * HOP >= self._longest
        return self._close() if ended or long else None

    def _close(self) -> Utterance | None:
        """End what is being heard; return it unless it was a click."""
        utterance = self._utterance()
        # What is quiet already belongs to the next word's pre-roll too.
        self._preroll.clear()
        self._preroll.extend(self._frames[len(self._frames) - (self._now - self._end) // HOP :])
        self._frames = []
        self.hearing = False
        self._in_a_row = 0
        return utterance if utterance.end - utterance.start >= self.detector.shortest else None

    def _utterance(self) -> Utterance:
        sound = np.concatenate(self._frames)
        return Utterance(self._start, self._end, self._now - len(sound), sound)
