"""Where an utterance is quiet."""

import numpy as np
import pytest
from live_support import room, word

from spoken_digits.live.silences import SHORTEST, pauses

RATE = 16_000


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-2])
def test_a_pause_is_found_where_it_is(noise):
    found = pauses(room(0.2, word(3), 0.2, word(4), 0.3, noise=noise))
    ends = [(start / RATE, end / RATE) for start, end in found]
    assert np.allclose(ends, [(0, 0.2), (0.6, 0.8), (1.2, 1.5)], atol=0.03)


def test_a_stop_consonant_is_none():
    half = len(word(3)) // 2
    stop = (SHORTEST / RATE) - 0.05
    sound = room(0.2, word(3)[:half], stop, word(3)[half:], 0.2)
    assert len(pauses(sound)) == 2


@pytest.mark.parametrize("sound", [np.zeros(RATE, np.float32), np.ones(RATE, np.float32)])
def test_what_never_changes_is_one_pause(sound):
    assert pauses(sound) == [(0, RATE)]
