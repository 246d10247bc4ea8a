"""Resampling: to scipy's filter within the coefficients' rounding, and exactly reproducible."""

import numpy as np
import pytest
import scipy.signal

from spoken_digits.sound.resample import resample

CHANCE = np.random.default_rng(1)
RATES = [8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]
ODD_RATES = [12_345, 16_001, 37_799]  # so little in common with 16 kHz that SciPy does it


def samples(count: int) -> np.ndarray:
    return CHANCE.integers(-32768, 32768, count).astype(np.int16)


@pytest.mark.parametrize("rate", RATES + ODD_RATES)
@pytest.mark.parametrize("count", [1, 7, 100, 4_801, 20_000])
def test_agrees_with_scipy(rate, count):
    waveform = samples(count) / 32768
    common = np.gcd(rate, 16_000)
    expected = scipy.signal.resample_poly(waveform, 16_000 // common, rate // common)
    resampled = resample(waveform, rate)
    assert resampled.shape == expected.shape == (-(-count * 16_000 // rate),)
    np.testing.assert_allclose(resampled, expected, atol=2e-4)


@pytest.mark.parametrize("rate", RATES)
def test_samples_and_their_fractions_of_full_scale_agree_exactly(rate):
    waveform = samples(9_999)
    assert np.array_equal(resample(waveform, rate) / 32768, resample(waveform / 32768, rate))


@pytest.mark.parametrize("rate", RATES)
def test_sums_are_exact_in_any_order(rate):
    """Shifted by whole periods, BLAS adds in other groups; not a bit may differ."""
    up, down = 16_000 // np.gcd(rate, 16_000), rate // np.gcd(rate, 16_000)
    waveform = samples(5_000)
    shifted = resample(np.concatenate([np.zeros(3 * down, np.int16), waveform]), rate)
    assert np.array_equal(shifted[3 * up + 200 : -200], resample(waveform, rate)[200:-200])


@pytest.mark.parametrize("rate", [16_000, *RATES, *ODD_RATES])
def test_nothing_stays_nothing(rate):
    assert resample(np.empty(0), rate).shape == (0,)


def test_16_khz_is_left_alone():
    waveform = samples(500)
    resampled = resample(waveform, 16_000)
    assert resampled.dtype == np.float64
    assert np.array_equal(resampled, waveform)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_what_16_khz_cannot_hold_is_filtered_out(rate):
    time = np.arange(rate) / rate
    high = resample(np.sin(2 * np.pi * 9_500 * time), rate)
    low = resample(np.sin(2 * np.pi * 3_000 * time), rate)
    middle = slice(1_000, 15_000)
    assert np.std(high[middle]) < 0.01
    assert np.std(low[middle]) == pytest.approx(np.sqrt(0.5), rel=1e-3)
