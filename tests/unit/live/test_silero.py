"""The detector tells speech from what is none."""

import numpy as np
import pytest
from live_support import murmur, room, word
from numpy.typing import NDArray
from support import pronounce

from spoken_digits.live.decision import loudest_dbfs
from spoken_digits.live.silero import SileroDetector
from spoken_digits.sound.decode import waveform

RATE = 16_000


def _scores(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    detector = SileroDetector()
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    return np.array([detector.score(frame) for frame in frames])


@pytest.mark.parametrize("loudness", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("voice", [word(3), murmur(0.4)])
def test_a_voice_is_speech_and_silence_round_it_is_none(voice, loudness):
    scores = _scores(room(1.0, voice * loudness, 1.0, noise=1e-5))
    detector = SileroDetector()
    late = detector.lag // 160
    assert scores[100 + late : 140].max() >= detector.start()
    assert scores[:95].max() < detector.stay()
    assert scores[140 + 3 * late :].max() < detector.stay()


def test_noises_are_no_speech():
    time = np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330))
    clicks = np.zeros(3 * RATE)
    clicks[::4000] = 0.5
    for noise in (0.1 * chord, 0.05 * np.random.default_rng(0).standard_normal(3 * RATE), clicks):
        assert _scores(np.asarray(noise, np.float32)).max() < SileroDetector().start()


def test_a_score_stands_until_the_next_32_ms_are_there():
    scores = _scores(room(0.5, word(3)))
    assert len(np.unique(scores)) <= len(scores) * 160 / 512 + 1


def test_hysteresis():
    assert SileroDetector().stay() < SileroDetector().start()


@pytest.mark.parametrize("level_db", [-45, -50])
def test_quiet_words_over_a_quieter_room_are_found(level_db):
    """The digits of a voice of espeak, over a room at -75 dBFS."""
    said, rate = pronounce("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    for clip in said:
        voice = waveform(clip, rate).astype(np.float32)
        voice *= np.float32(10 ** ((level_db - loudest_dbfs(voice)) / 20))
        scores = _scores(room(1.0, voice, 0.5, noise=10 ** (-75 / 20)))
        assert scores.max() >= SileroDetector().start()


def test_a_quiet_room_is_no_speech():
    for level_db in (-45, -60, -75, -90):
        assert _scores(room(5.0, noise=10 ** (level_db / 20))).max() < SileroDetector().stay()
