"""The noises of make real: how their power falls with frequency."""

import numpy as np
import pytest

from spoken_digits.evaluation.real_recordings import COLOURS, coloured_noise


@pytest.mark.parametrize("colour", COLOURS)
def test_the_power_falls_as_its_colour_says(colour):
    rng = np.random.default_rng(0)
    power = np.mean(
        [np.abs(np.fft.rfft(coloured_noise(rng, COLOURS[colour]))) ** 2 for _ in range(50)], axis=0
    )  # (8001,), a Hz each
    octaves = [power[low : 2 * low].mean() for low in (100, 200, 400, 800, 1600, 3200)]
    fall = np.diff(np.log2(octaves))
    assert fall == pytest.approx(-COLOURS[colour], abs=0.15)


@pytest.mark.parametrize("colour", COLOURS)
def test_the_same_seed_gives_the_same_noise(colour):
    once, again = (coloured_noise(np.random.default_rng(3), COLOURS[colour]) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.shape == (16_000,)
