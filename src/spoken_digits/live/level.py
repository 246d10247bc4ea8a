"""Any sound by how far it stands out of the room's noise, which is followed as it changes.

Each frequency band has a noise floor of its own, so that a hum or a hiss hides no sound in the
other bands; and where the noise itself varies, as voices do, a sound must stand out further. What
goes on for more than a few seconds becomes part of the noise.
"""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SAMPLE_RATE

EDGES_HZ = (150, 300, 500, 750, 1050, 1450, 2000, 2800, 4000, 5500, 7500)
WINDOW = 2 * HOP  # 20 ms
QUIETEST_DB = -85.0  # in a band; what is below is silence, and all silence is the same

FLOOR_FRAMES = 500  # 5 s: longer than any word, so that the gaps round it are remembered
UPDATE_FRAMES = 5  # the floor is found anew every 50 ms
FLOOR_PERCENT = 20  # gaps make up more than this of what is heard
LOWEST_PERCENT = 5  # from here to the floor: how much the noise varies
SPREADS = 1.2  # times that above the floor is still noise

MEAN_FRAMES = 3  # noise jumps about from frame to frame
START_DB = 4.0
STAY_DB = 2.5
UNKNOWN_DB = 10.0  # more to start with, until so much has been heard:
KNOWN_FRAMES = 50
SHARE_OF_PEAK = 0.4  # less than this share of its loudest score is a sound's echo
PEAK_DECAY = 0.985  # a frame: the loudest score halves in half a second


class LevelDetector:
    """Scores a frame by how far it stands out of the noise, dB.

    What sounds in the very first half second is taken for the room's noise. The thresholds were
    chosen with benchmarks/live/detectors.py, on FSDD's takes 5-9.
    """

    lag = 0
    shortest = SAMPLE_RATE * 5 // 100
    """What is shorter is a click, samples: its score lasts for 40 ms, a clap's for 80 or more."""

    def __init__(self) -> None:
        bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)  # (161,) Hz
        edges = np.array(EDGES_HZ)
        inside = (bins >= edges[:-1, None]) & (bins < edges[1:, None])  # (10, 161)
        self._window = np.hanning(WINDOW + 1)[:-1]
        self._bands = inside / inside.sum(axis=1, keepdims=True) / np.square(self._window).sum()
        self._levels = np.full((FLOOR_FRAMES, len(inside)), QUIETEST_DB)  # a ring of the latest
        self._count = 0  # frames
        self._floor = np.full(len(inside), QUIETEST_DB)
        self._ratios = np.ones((MEAN_FRAMES, len(inside)))  # of the latest frames to the floor
        self._before = np.zeros(HOP, np.float32)
        self._peak = 0.0

    def start(self) -> float:
        """Return the score from which a sound may start."""
        unknown = max(0.0, 1 - self._count / KNOWN_FRAMES)  # how little of the noise was heard
        return START_DB + UNKNOWN_DB * unknown

    def stay(self) -> float:
        """Return the score from which it goes on."""
        return max(STAY_DB, self._peak * SHARE_OF_PEAK)

    def score(self, frame: NDArray[np.float32]) -> float:
        """Return the score of the next frame, (160,) at 16 kHz, and follow the floor."""
        spectrum = np.fft.rfft(np.concatenate([self._before, frame]) * self._window)
        self._before = frame
        power = self._bands @ (np.square(spectrum.real) + np.square(spectrum.imag))
        levels = np.maximum(10 * np.log10(power + 1e-20), QUIETEST_DB)  # (10,) dB
        self._levels[self._count % FLOOR_FRAMES] = levels
        self._count += 1
        if self._count % UPDATE_FRAMES == 0 or self._count < UPDATE_FRAMES:
            self._follow_floor()
        self._ratios[self._count % MEAN_FRAMES] = 10 ** ((levels - self._floor) / 10)
        score = 20 * float(np.log10(np.sqrt(self._ratios.mean(axis=0)).mean()))
        self._peak = max(score, self._peak * PEAK_DECAY)
        return score

    def _follow_floor(self) -> None:
        heard = self._levels[: min(self._count, FLOOR_FRAMES)]
        ranks = [len(heard) * percent // 100 for percent in (LOWEST_PERCENT, FLOOR_PERCENT)]
        lowest, floor = np.partition(heard, ranks, axis=0)[ranks]  # (10,) each
        self._floor = floor + SPREADS * (floor - lowest)
