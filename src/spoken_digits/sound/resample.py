"""Bring a waveform from its own sample rate to 16 kHz: a polyphase filter as a matrix product."""

from functools import cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.sizes import SAMPLE_RATE

_TAPS_A_SIDE = 10  # zero crossings of the sinc on each side; scipy.signal.resample_poly's choice
_COEFFICIENT_BITS = 20  # 16-bit samples x 20-bit coefficients: float64 sums them exactly
_BLOCK = 8  # output samples a row, at the least: more take more products, fewer suit BLAS worse
_LARGEST_UP = 640  # 11.025 kHz; rates with less in common with 16 kHz would need huge matrices


class ResampleError(UserError):
    """A sample rate that needs SciPy, which is not installed."""


def resample(waveform: NDArray[np.float64 | np.int16], rate: int) -> NDArray[np.float64]:
    """Resample (n,) at ``rate`` Hz to (ceil(n x 16000 / rate),) at 16 kHz, on the same scale.

    The filter is that of scipy.signal.resample_poly (Kaiser window, beta 5, 10 zero crossings a
    side), its coefficients rounded to 20 bits, so that 16-bit recordings give the same samples on
    every machine whatever order its BLAS adds in. Raises ResampleError for a rare rate, one that is
    no multiple of 25 Hz, if SciPy is not installed.
    """
    if rate == SAMPLE_RATE or len(waveform) == 0:
        return waveform.astype(np.float64)
    up, down = SAMPLE_RATE // gcd(rate, SAMPLE_RATE), rate // gcd(rate, SAMPLE_RATE)
    wanted = -(-len(waveform) * up // down)
    if up > _LARGEST_UP:
        try:
            import scipy.signal  # rarely needed, and half a second to import
        except ModuleNotFoundError:
            raise ResampleError(
                f"a sample rate of {rate} Hz needs SciPy. Install it with: pip install scipy"
            ) from None

        polyphase: NDArray[np.float64]
        polyphase = scipy.signal.resample_poly(waveform.astype(np.float64), up, down)
        return polyphase
    matrix, step, before = _filter_matrix(up, down)  # (step + overlap, outputs a row)
    rows = -(-wanted // matrix.shape[1])
    overlap = len(matrix) - step
    padded = np.zeros((rows + -(-overlap // step)) * step)
    end = min(len(waveform), len(padded) - before)
    padded[before : before + end] = waveform[:end]
    blocks = padded.reshape(-1, step)
    # Products over parts of the rows: whole rows overlap, which BLAS cannot read in place.
    output = blocks[:rows] @ matrix[:step]
    for skipped in range(step, len(matrix), step):
        tail = matrix[skipped : skipped + step]
        shift = skipped // step
        output += blocks[shift : shift + rows, : len(tail)] @ tail
    return output.reshape(-1)[:wanted]


@cache
def _filter_matrix(up: int, down: int) -> tuple[NDArray[np.float64], int, int]:
    """Return the filter as a matrix, the inputs that a row moves on, and those before its first."""
    half = _TAPS_A_SIDE * max(up, down)
    taps = np.sinc(np.arange(-half, half + 1) / max(up, down)) * np.kaiser(2 * half + 1, 5.0)
    taps *= up / taps.sum()
    taps = np.rint(taps * 2**_COEFFICIENT_BITS) / 2**_COEFFICIENT_BITS
    before = half // up
    outputs = up * -(-_BLOCK // up)
    step = outputs * down // up
    inputs = step + before + half // up + 1
    # Output j sits at j*down on the upsampled grid, input i (less `before`) at i*up.
    position = np.arange(outputs) * down - (np.arange(inputs) - before)[:, None] * up + half
    inside = (position >= 0) & (position < len(taps))
    matrix = np.where(inside, taps[np.clip(position, 0, len(taps) - 1)], 0.0)
    used = np.flatnonzero(matrix.any(axis=1))[-1] + 1
    return matrix[: max(used, step)], step, before
