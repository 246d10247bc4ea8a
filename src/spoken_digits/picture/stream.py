"""Sound of any length as the sequence network takes it: mel bands in dB, one frame every 10 ms.

Windows, hum and bands are those of the picture (mel.py). What is missing is white: a picture is
scaled by the level of its own word, and here nobody knows yet where words are. The network
follows the level itself (model/sequence_network.py), so that training and use have one rule.
"""

import numpy as np
from numpy.typing import NDArray

from spoken_digits.params import Spectrogram
from spoken_digits.picture.mel import N_FFT, analysis_window, mel_filters, slow_waves
from spoken_digits.sizes import HOP, SIZE

QUIETEST_DB = -90.0
"""What is quieter, digital silence above all, is this; a full-scale sine has about 37 dB."""
STEP_DB = 0.5
"""How finely levels are kept where a byte holds one."""

_BLOCK = 1000  # frames at a time, so that an hour needs no more memory than ten seconds


def decibels(waveform: NDArray[np.float64], settings: Spectrogram) -> NDArray[np.float32]:
    """Return the power of each mel band in dB, (n,) at 16 kHz -> (100, n // 160).

    Row 0 is the highest band, as in a picture. Frame t is centred on the hop from t x 160 on.
    """
    window = analysis_window(settings)
    slow, filters = slow_waves(window), mel_filters(settings)[::-1]
    before = (len(window) - HOP) // 2
    frames = len(waveform) // HOP
    padded = np.pad(waveform, (before, len(window)))
    cut = np.lib.stride_tricks.sliding_window_view(padded, len(window))[::HOP][:frames]
    bands = np.empty((SIZE, frames), np.float32)
    for start in range(0, frames, _BLOCK):
        seen = cut[start : start + _BLOCK] * window
        seen -= (seen @ slow) @ slow.T
        spectrum = np.fft.rfft(seen, N_FFT)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        mel = filters @ power.T
        bands[:, start : start + _BLOCK] = 10 * np.log10(np.maximum(mel, 10 ** (QUIETEST_DB / 10)))
    return bands


def as_bytes(bands: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Keep levels in dB as bytes, STEP_DB apart from QUIETEST_DB on."""
    kept: NDArray[np.uint8] = np.clip(np.rint((bands - QUIETEST_DB) / STEP_DB), 0, 255).astype(
        np.uint8
    )
    return kept
