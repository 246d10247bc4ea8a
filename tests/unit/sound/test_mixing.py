"""Several channels become their mean, unless they cancel each other."""

import numpy as np
import pytest

from spoken_digits.sound.decode import mix

CHANCE = np.random.default_rng(0)
VOICE = CHANCE.standard_normal(8000)
OTHER = CHANCE.standard_normal(8000)


def channels(*columns):
    return np.stack(columns, axis=1)


@pytest.mark.parametrize(
    "sound",
    [
        channels(VOICE),
        channels(VOICE, VOICE),
        channels(VOICE, OTHER),
        channels(VOICE, 0 * VOICE),
        channels(VOICE, *[0 * VOICE] * 7),
        channels(VOICE, -0.3 * VOICE),
        channels(0 * VOICE, 0 * VOICE),
        channels(VOICE[:1], VOICE[:1]),
    ],
    ids=["one", "the same", "unrelated", "one silent", "one of eight", "some crosstalk", "silence",
         "one sample"],
)  # fmt: skip
def test_the_mean(sound):
    np.testing.assert_array_equal(mix(sound), sound.mean(axis=1))


@pytest.mark.parametrize("factor", [-1.0, -0.98, -0.9, -0.7])
def test_opposite_phase_gives_the_strongest_channel(factor):
    np.testing.assert_array_equal(mix(channels(VOICE, factor * VOICE)), VOICE)
    strongest = mix(channels(factor * VOICE, VOICE))
    np.testing.assert_array_equal(np.abs(strongest), np.abs(VOICE))


def test_a_constant_is_no_sound():
    np.testing.assert_array_equal(mix(channels(VOICE + 9, -VOICE + 5, 0 * VOICE + 7)), VOICE + 9)
