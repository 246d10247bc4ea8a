"""The picture: a waveform becomes a 100x100 grey-scale image. The one definition of it.

One second of sound at 16 kHz gives 100 frames, 10 ms apart, of 100 mel bands each. A pixel is
the band's power in dB below white, ``depth_db`` deep, in 256 grey levels. Low frequencies are at
the bottom, time goes to the right, and time is never stretched. Offset, hum and clicks do not
change how a word looks: slow waves are taken out of every frame, and white is a word's level.

Everything is float64 up to the last step, so that two machines whose sums differ in the last
bits still write the same grey levels.
"""

from functools import cache

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from spoken_digits.params import Spectrogram
from spoken_digits.sizes import HOP, SAMPLE_RATE, SECOND, SIZE
from spoken_digits.sound.one_second import one_second

N_FFT = 512
"""Points of the Fourier transform: the power of two above the longest window, 32 ms."""
VERSION = 2
"""Of this definition. A network recognises pictures like those that it was trained on only."""
LOUD_FRAMES = 6
"""The frame, counted from the loudest, whose level is a word's: see white_power."""
HEADROOM = 4.0
"""The power of white over a word's level, 6 dB: loudest pixels are that much louder."""
LEAST_WHITE = 1e-3
"""The power of white over the loudest pixel's, at least."""

_HUM_HZ = (50, 60)  # mains


def images(seconds: NDArray[np.float64], settings: Spectrogram) -> NDArray[np.uint8]:
    """Take the pictures of waveforms, (m, 16000) -> (m, 100, 100), row 0 the highest band.

    A waveform of zeros, or one whose power float64 cannot hold, gives a black picture.
    """
    window, filters, slow = _prepared(settings)
    width = len(window)
    before = (width - HOP) // 2  # frame t is centred on the hop from t x 160 on
    padded = np.zeros(SECOND + width - HOP)
    cut = np.lib.stride_tricks.sliding_window_view(padded, width)[::HOP]  # (100, w), a view
    # One waveform at a time, into the same arrays: together they fit a core's second-level cache.
    frames = np.zeros((SIZE, N_FFT))
    spectrum = np.empty((SIZE, N_FFT // 2 + 1), np.complex128)
    pictures = np.zeros((len(seconds), SIZE, SIZE), np.uint8)
    for second, picture in zip(seconds, pictures, strict=True):
        padded[before : before + SECOND] = second
        first, last = _sounding(second, before)
        n = last - first  # frames that see any sound: the power of the others is exactly 0
        np.multiply(cut[first:last], window, out=frames[:n, :width])
        seen = frames[:n, :width]
        seen -= (seen @ slow) @ slow.T
        np.fft.rfft(frames[:n], out=spectrum[:n])
        power = np.square(spectrum.real[:n]) + np.square(spectrum.imag[:n])  # (n, 257)
        mel = filters @ np.ascontiguousarray(power.T)  # (100, n), band 0 the lowest
        picture[::-1, first:last] = _levels(mel, settings.depth_db)
    return pictures


def _sounding(second: NDArray[np.float64], before: int) -> tuple[int, int]:
    """Return the range of the frames that see a sample other than 0, from frame, to frame."""
    hops = np.flatnonzero((second != 0).reshape(SIZE, HOP).any(axis=1))
    if len(hops) == 0:
        return 0, 0
    reach = -(-before // HOP)
    return max(0, int(hops[0]) - reach), min(SIZE, int(hops[-1]) + reach + 1)


def _levels(mel: NDArray[np.float64], depth_db: int) -> NDArray[np.float64]:
    """Return grey levels 0-255 of mel powers (100, n): dB below white, in place."""
    white = white_power(mel)
    if not 0 < white < np.inf:
        mel[:] = 0
        return mel
    mel /= white
    np.clip(mel, 10.0 ** (-depth_db / 10), 1.0, out=mel)
    np.log10(mel, out=mel)  # bel, -depth_db / 10..0
    mel *= 10 * 255 / depth_db
    mel += 255
    return np.rint(mel, out=mel)


def described(settings: Spectrogram) -> dict[str, float]:
    """Return what a model file says of the pictures that it was trained on: version and params."""
    return {"version": VERSION, **settings.model_dump()}


def white_power(mel: NDArray[np.float64]) -> float:
    """Return the power of a white pixel, from mel powers (100, n): HEADROOM above a word's level.

    A frame's level is its loudest band's, a word's that of the sixth loudest frame. So a click or a
    burst of 30 ms does not change how the rest looks. White is at most 30 dB below the loudest
    pixel, LEAST_WHITE.
    """
    levels = mel.max(axis=0, initial=0.0)  # (n,)
    level = np.partition(levels, -LOUD_FRAMES)[-LOUD_FRAMES] if len(levels) >= LOUD_FRAMES else 0.0
    return max(float(level) * HEADROOM, float(levels.max(initial=0.0)) * LEAST_WHITE)


def image(waveform: NDArray[np.float64], settings: Spectrogram) -> NDArray[np.uint8]:
    """Take the picture of one 16 kHz waveform of any length, (n,) -> (100, 100)."""
    only: NDArray[np.uint8] = images(one_second(waveform)[None], settings)[0]
    return only


def analysis_window(settings: Spectrogram) -> NDArray[np.float64]:
    """Return the periodic Hann window, (window_ms x 16,): what one frame sees."""
    length = settings.window_ms * SAMPLE_RATE // 1000
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window


def slow_waves(window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a frame is freed of, (w, 6): offset, slope, and hum of 50 and of 60 Hz.

    Columns are orthonormal and already weighted with the window, (w,). A frame is too short for a
    filter that lets 100 Hz pass and stops 60 Hz; these waves are stopped whole.
    """
    time = (np.arange(len(window)) - (len(window) - 1) / 2) / SAMPLE_RATE  # s, 0 in the middle
    hums = [wave(2 * np.pi * hz * time) for hz in _HUM_HZ for wave in (np.cos, np.sin)]
    waves = np.stack([np.ones_like(time), time, *hums], axis=1) * window[:, None]
    # Rounded: what is 0 but for the last bits is other bits in another library's QR.
    basis: NDArray[np.float64] = np.round(np.linalg.qr(waves)[0], 12) + 0.0
    return basis


def mel_filters(settings: Spectrogram) -> NDArray[np.float64]:
    """Return the mel bands as triangles over the transform's bins, (100, 257), lowest first.

    Band edges are equally spaced on Slaney's mel scale (M. Slaney, Auditory Toolbox, 1998: linear
    below 1 kHz, logarithmic above), which is librosa's default too. Each triangle sums to 1, so
    white noise is flat; one too narrow to hold a bin takes the nearest.
    """
    edges = _mel_to_hz(
        np.linspace(_hz_to_mel(settings.lowest_hz), _hz_to_mel(settings.highest_hz), SIZE + 2)
    )
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT  # (257,) Hz
    below, centre, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - below) / (centre - below), (above - bins) / (above - centre))
    triangles = np.maximum(triangles, 0)
    empty = np.flatnonzero(~triangles.any(axis=1))  # narrower than the bins are apart
    triangles[empty, np.rint(centre[empty, 0] * N_FFT / SAMPLE_RATE).astype(int)] = 1
    filters: NDArray[np.float64] = triangles / triangles.sum(axis=1, keepdims=True)
    return filters


@cache
def _prepared(
    settings: Spectrogram,
) -> tuple[NDArray[np.float64], scipy.sparse.csr_array, NDArray[np.float64]]:
    """Return the window, the mel bands and the slow waves: what all pictures have in common."""
    window = analysis_window(settings)
    # Sparse: a band touches 2 to 12 of the 257 bins. Six times faster than the dense product.
    return window, scipy.sparse.csr_array(mel_filters(settings)), slow_waves(window)


_HZ_A_MEL = 200 / 3  # below 1 kHz
_LOG_STEP = np.log(6.4) / 27  # above 1 kHz: 27 mel to 6.4 kHz


def _hz_to_mel(hz: float) -> float:
    return hz / _HZ_A_MEL if hz < 1000 else 15 + float(np.log(hz / 1000)) / _LOG_STEP


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * _HZ_A_MEL, 1000 * np.exp(_LOG_STEP * (mel - 15)))
