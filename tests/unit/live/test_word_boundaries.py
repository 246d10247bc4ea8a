"""Where words may be cut apart."""

import numpy as np
import pytest
from live_support import room, word

from spoken_digits.live.word_boundaries import cuts

RATE = 16_000


def test_the_ends_are_cuts_and_all_are_in_order():
    sound = room(word(3), 0.1, word(4))
    at = cuts(sound)
    assert (at[0], at[-1]) == (0, len(sound))
    assert (np.diff(at) > 0).all()


@pytest.mark.parametrize("samples", [0, 1, 399])
def test_what_is_shorter_than_a_frame_has_its_ends_only(samples):
    assert cuts(np.ones(samples, np.float32)).tolist() == [0, samples]


@pytest.mark.parametrize("pause", [0.05, 0.15])
def test_a_pause_is_cut(pause):
    at = cuts(room(0.1, word(3), pause, word(4), 0.1)) / RATE
    assert ((at >= 0.5 - 0.02) & (at <= 0.5 + pause + 0.02)).any()


def test_another_sound_is_cut_off_though_the_level_stays():
    time = np.arange(RATE) / RATE
    sound = np.sin(2 * np.pi * np.where(time < 0.5, 400, 3000) * time).astype(np.float32)
    assert np.abs(cuts(sound) / RATE - 0.5).min() < 0.03


def test_there_are_about_ten_a_second():
    sound = room(*[word(digit, 0.35) for digit in range(10)])
    assert 4 <= len(cuts(sound)) / (len(sound) / RATE) <= 20


def test_more_sound_moves_no_earlier_cut():
    sound = room(0.2, word(1), word(2), 0.1, word(3), word(4))
    whole = cuts(sound)
    for end in range(RATE // 2, len(sound), 1000):
        part = cuts(sound[:end])
        certain = end - RATE // 10
        assert part[part < certain].tolist() == whole[whole < certain].tolist()


def test_silence_has_no_cuts_by_change():
    assert len(cuts(np.zeros(RATE, np.float32))) <= RATE / 160 + 1
