"""One second of sound at 16 kHz: what a picture shows and the model hears.

NumPy only, so that the live program can listen within a second: importing SciPy takes that long.
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Samples a second at which pictures are taken, Hz."""
SIZE = 100
"""Pixels a side: mel bands, and frames."""
HOP = 160
"""Hop length, samples: 10 ms."""
SECOND = SIZE * HOP
"""Samples in a picture."""


def one_second(waveform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit a 16 kHz waveform of any length, (n,), to exactly one second, (16000,).

    A shorter one is centred between zeros; of a longer one the second with the most energy is
    kept (to the hop).
    """
    missing = SECOND - len(waveform)
    if missing >= 0:
        fitted = np.zeros(SECOND, waveform.dtype)
        fitted[missing // 2 : missing // 2 + len(waveform)] = waveform
        return fitted
    energy = np.concatenate([[0.0], np.cumsum(waveform**2)])
    starts = np.arange(0, -missing + 1, HOP)
    start = starts[np.argmax(energy[starts + SECOND] - energy[starts])]
    return waveform[start : start + SECOND]
