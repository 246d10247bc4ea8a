"""What the world does to a recording: noise, telephones, gain, timing, rooms.

Every function takes one second of waveform at 16 kHz, (16000,) float64 in -1..1, and returns the
same. The second is degraded after a recording was fitted to it, so the noise is there before and
after the word, as it would be in a real second of sound.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from spoken_digits.sizes import HOP, SAMPLE_RATE, SECOND

Waveform = NDArray[np.float64]

BABBLE_VOICES = 6
_ACTIVE_DB = 30  # a hop this far below the loudest one is a pause
_TELEPHONE_HZ = (300, 3400)  # ITU-T G.712's band
_FULL_SCALE = 32768


def active_power(second: Waveform) -> float:
    """Return the mean square over the part that is speech: hops within 30 dB of the loudest.

    Pauses and padding do not count: half a second of word and half of padding would else be 3 dB
    "quieter" than the same word unpadded, and get less noise for the same name. 0 for silence.
    """
    hops = np.square(second).reshape(-1, HOP).mean(axis=1)  # (100,)
    return float(hops[hops >= hops.max() * 10 ** (-_ACTIVE_DB / 10)].mean())


def add_noise(second: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """Add noise ``snr_db`` below the active power, its own power taken over the whole second."""
    power = float(np.square(noise).mean())
    if power == 0:
        return second
    wanted = active_power(second) / 10 ** (snr_db / 10)
    louder = math.sqrt(wanted / power)
    return second + noise * louder


def white_noise(rng: np.random.Generator) -> Waveform:
    """Return noise with equal power a Hz."""
    return rng.standard_normal(SECOND)


def pink_noise(rng: np.random.Generator) -> Waveform:
    """Return noise with equal power an octave: 1/f from 20 Hz up, nothing below."""
    spectrum = scipy.fft.rfft(rng.standard_normal(SECOND))
    hz = scipy.fft.rfftfreq(SECOND, 1 / SAMPLE_RATE)
    gain = np.where(hz >= 20, 1 / np.sqrt(np.maximum(hz, 20)), 0)
    noise: Waveform = scipy.fft.irfft(spectrum * gain, SECOND)
    return noise


def babble_noise(rng: np.random.Generator, voices: Sequence[Waveform]) -> Waveform:
    """Return six of the voices talking at once, equally loud, each from a random moment on."""
    mixed = np.zeros(SECOND)
    chosen = rng.choice(len(voices), BABBLE_VOICES, replace=len(voices) < BABBLE_VOICES)
    for index in chosen:
        voice = voices[index]
        power = active_power(voice)
        if power > 0:
            mixed += np.roll(voice, rng.integers(SECOND)) / np.sqrt(power)
    return mixed


def telephone(second: Waveform) -> Waveform:
    """Keep 300 to 3400 Hz (a Butterworth band-pass of order 6 a side)."""
    band = scipy.signal.butter(6, _TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    heard: Waveform = scipy.signal.sosfilt(band, second)
    return heard


def gain(second: Waveform, decibels: float) -> Waveform:
    """Record it that much louder or softer on 16 bits: what is too loud clips, soft loses bits."""
    scaled = np.rint(second * 10 ** (decibels / 20) * _FULL_SCALE)
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1) / _FULL_SCALE


def shift(second: Waveform, milliseconds: int) -> Waveform:
    """Move it later (or, if negative, earlier); zeros come in, what leaves the second is lost."""
    samples = milliseconds * SAMPLE_RATE // 1000
    shifted = np.zeros(SECOND)
    if samples >= 0:
        shifted[samples:] = second[: SECOND - samples]
    else:
        shifted[:samples] = second[-samples:]
    return shifted


def reverberate(
    second: Waveform, rng: np.random.Generator, rt60: float = 0.3, direct_db: float = 6
) -> Waveform:
    """Put it in a small furnished room: an exponential tail of noise after the direct sound.

    The tail falls by 60 dB in ``rt60`` seconds (J.-M. Jot's and J. A. Moorer's model of late
    reverberation) and holds ``direct_db`` less energy than the direct sound.
    """
    times = np.arange(1, int(rt60 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(times)) * 10 ** (-3 * times / rt60)
    tail *= np.sqrt(10 ** (-direct_db / 10) / np.square(tail).sum())
    response = np.concatenate([[1.0], tail])
    heard: Waveform = scipy.signal.fftconvolve(second, response)[:SECOND]
    return heard
