"""Digital silence for three seconds is told: no microphone that works is so silent."""

import numpy as np

from spoken_digits.live.loop import ZEROS, notice_of_zeros
from spoken_digits.live.microphone import Block, DeviceError

ZERO = Block(np.zeros(1600, np.float32), None)
NOISE = Block(np.full(1600, 1e-5, np.float32), None)
NOTHING = Block(np.empty(0, np.float32), None)


def told(*blocks):
    notices = []
    assert list(notice_of_zeros(blocks, notices.append)) == list(blocks)
    return notices


def test_three_seconds_are_told_once():
    assert told(*[ZERO] * 29, NOTHING) == []
    assert told(*[ZERO] * 30) == [ZEROS]
    assert told(*[ZERO] * 300) == [ZEROS]
    assert "digital silence for 3 s" in ZEROS
    assert "a microphone that is muted or that this program may not use" in ZEROS


def test_any_noise_begins_anew():
    assert told(*[ZERO] * 29, NOISE, *[ZERO] * 29) == []
    assert told(*[ZERO] * 30, NOISE, *[ZERO] * 30) == [ZEROS, ZEROS]


def test_nothing_and_a_device_that_is_gone_are_no_zeros():
    assert told(*[NOTHING] * 100, DeviceError("gone"), *[NOISE] * 100) == []
