"""The picture: a waveform becomes a 100x100 grey-scale image. The one definition of it.

One second of sound at 16 kHz gives 100 frames, 10 ms apart, of 100 mel bands each. A pixel is
the band's power in dB below the loudest pixel, ``depth_db`` deep, in 256 grey levels. Low
frequencies are at the bottom, time goes to the right, and time is never stretched.

Everything is float64 up to the last step, so that two machines whose sums differ in the last
bits still write the same grey levels.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
import scipy.signal
import scipy.sparse
from numpy.typing import NDArray

from spoken_digits.second import HOP as HOP
from spoken_digits.second import SAMPLE_RATE as SAMPLE_RATE
from spoken_digits.second import SECOND as SECOND
from spoken_digits.second import SIZE as SIZE
from spoken_digits.second import one_second as one_second

if TYPE_CHECKING:
    from spoken_digits.params import Spectrogram

N_FFT = 512
"""Points of the Fourier transform: the power of two above the longest window, 32 ms."""


def images(seconds: NDArray[np.float64], settings: "Spectrogram") -> NDArray[np.uint8]:
    """Take the pictures of waveforms, (m, 16000) -> (m, 100, 100), row 0 the highest band.

    A waveform of zeros, or one whose power float64 cannot hold, gives a black picture.
    """
    window = analysis_window(settings)  # (w,)
    frames = _frames(seconds, len(window)) * window[:, None]  # (w, m*100)
    spectrum = scipy.fft.rfft(frames, N_FFT, axis=0, overwrite_x=True)  # (257, m*100)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel = _sparse_mel_filters(settings) @ power  # (100, m*100), band 0 the lowest
    mel = mel.reshape(SIZE, len(seconds), SIZE).transpose(1, 0, 2)  # (m, 100, 100)
    loudest = mel.max(axis=(1, 2), keepdims=True)
    audible = (loudest > 0) & np.isfinite(loudest)
    relative = np.divide(mel, loudest, out=np.zeros_like(mel), where=audible)
    floor = 10.0 ** (-settings.depth_db / 10)
    decibels = 10 * np.log10(np.maximum(relative, floor))  # -depth_db..0
    levels = np.rint((decibels / settings.depth_db + 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(levels[:, ::-1, :])


def image(waveform: NDArray[np.float64], settings: "Spectrogram") -> NDArray[np.uint8]:
    """Take the picture of one 16 kHz waveform of any length, (n,) -> (100, 100)."""
    return images(one_second(waveform)[None], settings)[0]


def analysis_window(settings: "Spectrogram") -> NDArray[np.float64]:
    """Return the Hann window, (window_ms x 16,): what one frame sees."""
    return scipy.signal.get_window("hann", settings.window_ms * SAMPLE_RATE // 1000)


def mel_filters(settings: "Spectrogram") -> NDArray[np.float64]:
    """Return the mel bands as triangles over the transform's bins, (100, 257), lowest first.

    Band edges are equally spaced on Slaney's mel scale (M. Slaney, Auditory Toolbox, 1998: linear
    below 1 kHz, logarithmic above), which is librosa's default too. Each triangle sums to 1, so
    white noise is flat.
    """
    edges = _mel_to_hz(
        np.linspace(_hz_to_mel(settings.lowest_hz), _hz_to_mel(settings.highest_hz), SIZE + 2)
    )
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT  # (257,) Hz
    below, centre, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - below) / (centre - below), (above - bins) / (above - centre))
    triangles = np.maximum(triangles, 0)
    return triangles / triangles.sum(axis=1, keepdims=True)


@cache
def _sparse_mel_filters(settings: "Spectrogram") -> scipy.sparse.csr_array:
    # Sparse: a band touches 2 to 12 of the 257 bins. Six times faster than the dense product.
    return scipy.sparse.csr_array(mel_filters(settings))


def _frames(seconds: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Cut (m, 16000) into frames as columns, (width, m*100), frame t centred on its 10 ms hop."""
    before = (width - HOP) // 2
    padded = np.pad(seconds, ((0, 0), (before, width - HOP - before)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[:, ::HOP]
    return windows.transpose(2, 0, 1).reshape(width, -1)


_HZ_A_MEL = 200 / 3  # below 1 kHz
_LOG_STEP = np.log(6.4) / 27  # above 1 kHz: 27 mel to 6.4 kHz


def _hz_to_mel(hz: float) -> float:
    return hz / _HZ_A_MEL if hz < 1000 else 15 + float(np.log(hz / 1000)) / _LOG_STEP


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * _HZ_A_MEL, 1000 * np.exp(_LOG_STEP * (mel - 15)))
