"""A stream at any rate becomes the same 16 kHz, however it is cut into blocks."""

import numpy as np
import pytest

from spoken_digits.live.stream_resampler import Resampler
from spoken_digits.sound.resample import resample

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def _sound(rate: int) -> np.ndarray:
    noise = np.random.default_rng(rate).standard_normal(rate)
    width = max(2, rate // 3000)
    return np.convolve(noise, np.ones(width) / width, "same").astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_agrees_with_the_pipeline_s_resampler(rate):
    sound = _sound(rate)
    stream = Resampler(rate).feed(sound)
    whole = resample(sound.astype(np.float64), rate)
    assert 0 <= len(whole) - len(stream) <= 25  # what is not certain yet
    assert np.abs(stream - whole[: len(stream)])[50:].max() < 3e-3


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("block", [1, 7, 441])
def test_blocks_make_no_difference(rate, block):
    sound = _sound(rate)[:3000]
    resampler = Resampler(rate)
    parts = [resampler.feed(sound[at : at + block]) for at in range(0, len(sound), block)]
    assert np.allclose(np.concatenate(parts), Resampler(rate).feed(sound), atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_memory_stays_flat(rate):
    resampler = Resampler(rate)
    for _ in range(50):
        resampler.feed(np.ones(rate // 10, np.float32))
    assert len(resampler._pending) < 300


def test_what_16_khz_cannot_hold_is_gone():
    time = np.arange(48_000) / 48_000
    tone = np.sin(2 * np.pi * 12_000 * time).astype(np.float32)
    assert np.abs(Resampler(48_000).feed(tone))[200:].max() < 0.01
