"""A waveform of any length becomes one second: what a picture shows and the model hears.

NumPy only, so that the live program can listen within a second: importing SciPy takes that long.
"""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SECOND

LASTING = 8  # hops: a word's loud part lasts as long, what is shorter is a click or a knock
RANGE = 100  # power of the loudest over that of what hardly counts
STEADY = 5  # hops: longer than a burst of 30 ms, wherever its hops begin
PEAK = 10  # power of a hop over what lasts STEADY hops around it, at most: speech has less


def one_second(
    waveform: NDArray[np.float64], out: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Fit a 16 kHz waveform of any length, (n,), to exactly one second, (16000,).

    A shorter one is centred between zeros; of a longer one the second that sounds most is kept
    (to the hop). Its mean is taken away: a microphone's constant offset would be a click where the
    zeros begin. The second is written to ``out``, if given.
    """
    if len(waveform) > SECOND:
        start = _start(waveform)
        waveform = waveform[start : start + SECOND]
    second = np.empty(SECOND, waveform.dtype) if out is None else out
    before = (SECOND - len(waveform)) // 2
    after = before + len(waveform)
    second[:before], second[after:] = 0, 0
    second[before:after] = waveform - waveform.mean() if len(waveform) else 0
    return second


def _start(waveform: NDArray[np.float64]) -> int:
    """Return where the second begins that sounds most, samples, of a longer waveform (n,).

    A hop counts by the logarithm of its power, and by no more than that of the eighth loudest hop:
    a word lasts 0.2 s and more, a click or a knock less than 0.08 s, however loud it is. Nor does
    it count by more than 10 dB over what lasts 50 ms around it. The power is of differences from
    sample to sample, in which offset and hum are nothing.
    """
    hops = len(waveform) // HOP
    changes = np.diff(waveform[: hops * HOP], prepend=waveform[:1]).reshape(hops, HOP)
    power = np.square(changes).sum(axis=1)  # (hops,)
    lasting = _lasting(power)
    if lasting.any():  # else it is a knock in digital silence
        power = np.minimum(power, PEAK * lasting)
    steady = np.partition(power, -LASTING)[-LASTING]
    if steady == 0:
        steady = power.max() or 1.0
    loudness = np.log1p(np.minimum(power / steady, 1) * RANGE)
    sums = np.concatenate([[0.0], np.cumsum(loudness)])
    width = SECOND // HOP
    return int(np.argmax(sums[width:] - sums[:-width])) * HOP


def _lasting(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power that lasts STEADY hops, (hops,): what is shorter is levelled out.

    The highest of the lowest powers of all stretches that a hop is in (morphological opening).
    """
    around = np.pad(power, STEADY - 1, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(around, STEADY).min(axis=1)
    highest: NDArray[np.float64]
    highest = np.lib.stride_tricks.sliding_window_view(lowest, STEADY).max(axis=1)
    return highest
