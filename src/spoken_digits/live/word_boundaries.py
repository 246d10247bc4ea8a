"""Where one word of an utterance may end and the next begin."""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SAMPLE_RATE

_WINDOW = 400  # 25 ms
_N_FFT = 512
_EDGES_HZ = (100, 300, 500, 750, 1050, 1450, 2000, 2800, 4000, 5500, 7500)
_APART = 5  # frames: of two candidates nearer than that, the clearer one
_CHANGE_SPAN = 2  # frames before and after, between which the spectrum changes
_LEAST_CHANGE_DB = 3.0
_QUIETEST = 1e-10  # power of digital silence, so that its changes are none


def cuts(sound: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the samples at which a 16 kHz sound (n,) may be cut, its ends among them, sorted.

    A cut is a dip of the level, or where the spectrum changes the most: about ten a second. A cut
    depends on the 100 ms round it alone, so that more sound at the end moves no earlier cut.
    """
    if len(sound) < _WINDOW:
        return np.array([0, len(sound)])
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::HOP] * np.hanning(_WINDOW)
    spectrum = np.fft.rfft(frames, _N_FFT)
    power = np.square(spectrum.real) + np.square(spectrum.imag)  # (t, 257)
    edges = np.array(_EDGES_HZ) * _N_FFT // SAMPLE_RATE
    widths = np.diff(edges)
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1] / widths + _QUIETEST  # (t, 10)
    decibels = 10 * np.log10(bands)
    level = _mean_of_three(10 * np.log10(bands.mean(axis=1))[:, None])[:, 0]
    smooth = _mean_of_three(decibels)
    change = np.zeros(len(level))
    change[_CHANGE_SPAN:-_CHANGE_SPAN] = np.abs(
        smooth[2 * _CHANGE_SPAN :] - smooth[: -2 * _CHANGE_SPAN]
    ).mean(axis=1)
    found = _dips(level) | (_dips(-change) & (change > _LEAST_CHANGE_DB))
    inside = np.flatnonzero(found) * HOP + _WINDOW // 2
    return np.unique(np.concatenate([[0], inside[inside < len(sound)], [len(sound)]]))


def _mean_of_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, ((1, 1), (0, 0)), mode="edge")
    mean: NDArray[np.float64] = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return mean


def _dips(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say of each value whether it is the least of those round it."""
    padded = np.pad(values, _APART, constant_values=np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _APART + 1)
    least: NDArray[np.bool_] = values == around.min(axis=1)
    return least
