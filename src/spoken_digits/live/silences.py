"""Silence: the pauses in an utterance, and what a muted microphone gives."""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SAMPLE_RATE

ZEROS_S = 3.0
"""So much digital silence is told, s: a real microphone has some noise."""
SHORTEST = SAMPLE_RATE * 12 // 100
"""The stop in "six" or "eight" is shorter than a pause, samples."""
_BELOW_LOUDEST_DB = 35.0
_ABOVE_NOISE_DB = 4.0
_NOISE_PERCENT = 10  # of the frames are noise alone: before, after and between words


def pauses(sound: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return where a 16 kHz sound (n,) is quiet for long: the first and last sample of each pause.

    Quiet is what is far below the loudest 10 ms or hardly above the noise round the words.
    """
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    level = 10 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-12)
    noise = np.percentile(level, _NOISE_PERCENT)
    quiet = level < max(level.max() - _BELOW_LOUDEST_DB, noise + _ABOVE_NOISE_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    spans = [(int(a) * HOP, int(b) * HOP) for a, b in edges.reshape(-1, 2)]
    return [(start, end) for start, end in spans if end - start >= SHORTEST]
