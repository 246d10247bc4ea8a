"""Where words start and end in a stream."""

import numpy as np
import pytest
from live_support import room, word

from spoken_digits.live.endpointer import LONGEST_S, PREROLL_MS, Endpointer, Utterance
from spoken_digits.live.silero import SileroDetector

RATE = 16_000


def _hear(sound: np.ndarray, hangover_ms: int = 300, block: int = 160) -> list[Utterance]:
    endpointer = Endpointer(SileroDetector(), hangover_ms)
    found = []
    for at in range(0, len(sound), block):
        found += endpointer.feed(sound[at : at + block])
    last = endpointer.finish()
    return found + ([last] if last else [])


def _noise(seconds: float, loudness: float) -> np.ndarray:
    noise = np.random.default_rng(5).standard_normal(round(seconds * RATE))
    return (loudness * noise).astype(np.float32)


@pytest.mark.parametrize("loudness", [0.0, 1e-4, 1e-3, 1e-2])
def test_words_are_found_where_they_are(loudness):
    gaps = [1.0, 0.7, 0.9]
    sound = room(1.0, word(1, 0.3), 0.7, word(5, 0.5), 0.9, word(9, 0.6), 1.0, noise=loudness)
    found = _hear(sound)
    starts = np.cumsum([gaps[0], 0.3 + gaps[1], 0.5 + gaps[2]])
    assert [u.start / RATE for u in found] == pytest.approx(starts, abs=0.07)
    assert [(u.end - u.start) / RATE for u in found] == pytest.approx([0.3, 0.5, 0.6], abs=0.21)


def test_the_sound_is_the_stream_s_from_before_the_start():
    stream = room(1.0, word(3), 1.0)
    (found,) = _hear(stream)
    assert found.start - found.offset >= PREROLL_MS * RATE // 1000
    assert np.array_equal(found.sound, stream[found.offset : found.offset + len(found.sound)])
    assert found.offset + len(found.sound) >= found.end


@pytest.mark.parametrize("block", [1, 100, 160, 333, 5000])
def test_blocks_make_no_difference(block):
    stream = room(0.8, word(3), 0.8, word(4), 0.8)
    found, usual = _hear(stream, block=block), _hear(stream)
    assert [(u.start, u.end) for u in found] == [(u.start, u.end) for u in usual]


@pytest.mark.parametrize(("hangover_ms", "utterances"), [(100, 2), (400, 1)])
def test_the_hangover_joins_what_is_near(hangover_ms, utterances):
    stream = room(1.0, word(3), 0.25, word(4), 1.0)
    assert len(_hear(stream, hangover_ms)) == utterances


def test_an_utterance_ends_when_the_hangover_has_passed():
    endpointer = Endpointer(SileroDetector(), 300)
    stream = room(1.0, word(3), 1.0)
    for at in range(0, len(stream), 160):
        if found := endpointer.feed(stream[at : at + 160]):
            assert 300 <= (at + 160 - found[0].end) * 1000 / RATE < 310
            return
    pytest.fail("no utterance")


@pytest.mark.parametrize("loudness", [1e-5, 1e-3, 1e-1])
def test_steady_noise_is_no_speech(loudness):
    assert _hear(_noise(20, loudness)) == []


def test_a_click_is_no_speech():
    stream = room(2.0)
    stream[16_000:16_100] = 0.5
    assert _hear(stream) == []


def test_a_room_that_becomes_louder_is_got_used_to():
    stream = np.concatenate([_noise(5, 1e-4), _noise(20, 1e-2)])
    stream[20 * RATE : 20 * RATE + 6400] += word(6, loudness=0.3)
    found = _hear(stream)
    assert len(found) <= 3
    assert found[-1].start / RATE == pytest.approx(20, abs=0.05)


def test_words_in_a_hum_are_found():
    time = np.arange(6 * RATE) / RATE
    stream = (0.1 * np.sin(2 * np.pi * 50 * time)).astype(np.float32) + room(6.0)
    stream[3 * RATE : 3 * RATE + 6400] += word(6, loudness=0.1)
    assert [u.start / RATE for u in _hear(stream)] == pytest.approx([3], abs=0.05)


def test_what_never_ends_is_cut():
    pulses = [part for d in range(60) for part in (word(d % 10, 0.3), 0.1)]
    found = _hear(room(1.0, *pulses, 1.0))
    assert len(found) >= 2
    assert all(len(u.sound) / RATE <= LONGEST_S for u in found)


def test_the_end_of_the_stream_ends_a_word():
    (found,) = _hear(room(1.0, word(3, 0.4)))
    assert found.end / RATE == pytest.approx(1.4, abs=0.05)


def test_a_word_at_the_very_start_is_heard():
    (found,) = _hear(room(word(3, 0.4), 1.0))
    assert found.start / RATE <= 0.05


def test_so_far_is_what_is_being_said():
    endpointer = Endpointer(SileroDetector(), 300)
    assert endpointer.so_far(1600) is None
    endpointer.feed(room(1.0, word(3, 0.4)))
    going_on = endpointer.so_far(1600)
    assert going_on is not None
    assert going_on.start / RATE == pytest.approx(1.0, abs=0.05)
    assert endpointer.so_far(1600) is None  # nothing new since
