"""Sounds that are not speech are found by their level, and each is one sound."""

import numpy as np
import pytest
from live_support import murmur, room, save_model, word

from spoken_digits.export.inference import load_model
from spoken_digits.live.decision import LONGEST_WORD_S
from spoken_digits.live.detector import chosen_detector
from spoken_digits.live.endpointer import Endpointer, Utterance
from spoken_digits.live.level import LevelDetector
from spoken_digits.live.listener import Listener, Word
from spoken_digits.live.microphone import Block
from spoken_digits.live.prompting import hear_word, problem
from spoken_digits.live.silero import SileroDetector

RATE = 16_000


def burst(seconds: float, loudness: float = 0.3) -> np.ndarray:
    """Make noise that stops at once, as a clap does: (n,)."""
    noise = np.random.default_rng(3).standard_normal(round(seconds * RATE))
    return (loudness * noise / np.abs(noise).max()).astype(np.float32)


def tone(seconds: float, loudness: float = 0.3) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (loudness * np.sin(2 * np.pi * 1500 * time)).astype(np.float32)


def found(sound: np.ndarray) -> list[Utterance]:
    endpointer = Endpointer(LevelDetector(), 300)
    utterances = endpointer.feed(sound)
    last = endpointer.finish()
    return utterances + ([last] if last else [])


@pytest.fixture(scope="module")
def listener(tmp_path_factory):
    model = load_model(save_model(tmp_path_factory.mktemp("model") / "tones.onnx"))
    return lambda detector: Listener(model, 0.65, 300, detector)


def heard(listener: Listener, sound: np.ndarray) -> list[Word]:
    utterances = []
    for at in range(0, len(sound), 1600):
        utterances += listener.feed(sound[at : at + 1600])
    utterances += listener.finish()
    return [listener.word(utterance, None) for utterance in utterances]


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("sound", [burst(0.05), tone(0.4), word(3)], ids=["clap", "beep", "word"])
def test_a_sound_is_found_where_it_is(sound, noise):
    (one,) = found(room(1.0, sound, 1.0, noise=noise))
    assert one.start / RATE == pytest.approx(1.0, abs=0.05)
    assert one.end / RATE == pytest.approx(1.0 + len(sound) / RATE, abs=0.1)


def test_speech_is_what_the_other_detector_waits_for():
    endpointer = Endpointer(SileroDetector(), 300)
    assert endpointer.feed(room(1.0, burst(0.05), 1.0, tone(0.4), 1.0)) == []


def test_a_click_is_no_sound():
    click = np.zeros(RATE // 10, np.float32)
    click[800] = 0.5
    assert found(room(1.0, click, 1.0)) == []


def test_steady_noise_is_no_sound():
    assert found(room(10.0, noise=0.05)) == []


def test_sounds_in_the_noise_of_a_fan_are_found():
    fan = tone(8.0, 0.05)
    fan[5 * RATE : 5 * RATE + len(burst(0.2))] += burst(0.2)
    after = [one for one in found(room(fan)) if one.start > RATE]
    assert [round(one.start / RATE, 1) for one in after] == [5.0]


def test_params_yaml_names_it():
    assert isinstance(chosen_detector("level"), LevelDetector)
    assert isinstance(chosen_detector("speech"), SileroDetector)


def test_an_utterance_is_one_sound_and_never_several(listener):
    two = room(1.0, word(5), 0.15, word(1, loudness=0.1), 1.0)
    (one,) = heard(listener("level"), two)
    assert one.end - one.start == pytest.approx(0.95, abs=0.15)


def test_a_long_sound_is_judged_by_its_loudest_second(listener):
    long = room(1.0, murmur(1.5, 0.02), word(3, 0.9, 0.5), murmur(1.0, 0.02), 1.0)
    (one,) = heard(listener("level"), long)
    assert one.end - one.start > LONGEST_WORD_S
    assert (one.verdict.label, one.verdict.reason) == ("3", "")
    assert len(one.sound) / RATE == pytest.approx(one.end - one.start + 0.2, abs=0.01)


def test_other_sounds_are_rejected(listener):
    (one,) = heard(listener("level"), room(1.0, burst(0.3), 1.0))
    assert (one.verdict.label, one.verdict.reason) == (None, "sounds like something else")


def test_recording_oneself_waits_for_any_sound_too():
    sound = room(1.0, burst(0.1), 1.0)
    blocks = [Block(sound[at : at + 1600], None) for at in range(0, len(sound), 1600)]
    heard = hear_word(blocks, 300, 8.0, "level")
    assert heard is not None
    assert heard.start / RATE == pytest.approx(1.0, abs=0.05)
    assert hear_word(blocks, 300, 8.0, "speech") is None


def test_a_recorded_sound_may_be_as_long_as_it_is_allowed_to_be():
    assert problem(tone(4.0), longest_s=5.0) == ""
    assert problem(tone(6.0), longest_s=5.0).startswith("too long: 6.0 s")
