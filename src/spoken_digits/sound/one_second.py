"""A waveform of any length becomes one second: what a picture shows and the model hears.

NumPy only, so that the live program can listen within a second: importing SciPy takes that long.
"""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SECOND


def one_second(
    waveform: NDArray[np.float64], out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Fit a 16 kHz waveform of any length, (n,), to exactly one second, (16000,).

    A shorter one is centred between zeros; of a longer one the second with the most energy is
    kept (to the hop). The second is written to ``out``, if given.
    """
    if len(waveform) > SECOND:
        energy = np.concatenate([[0.0], np.cumsum(waveform**2)])
        starts = np.arange(0, len(waveform) - SECOND + 1, HOP)
        start = starts[np.argmax(energy[starts + SECOND] - energy[starts])]
        waveform = waveform[start : start + SECOND]
    second = np.empty(SECOND, waveform.dtype) if out is None else out
    before = (SECOND - len(waveform)) // 2
    after = before + len(waveform)
    second[:before], second[before:after], second[after:] = 0, waveform, 0
    return second
