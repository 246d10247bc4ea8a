"""What is wrong with a recording is said; what is there is not asked for again."""

import numpy as np
import pytest
from live_support import word

from spoken_digits.live.prompting import problem, wanted


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (word(3), ""),
        (np.clip(word(3, loudness=2.0), -1, 1), "too loud: it is clipped"),
        (word(3, loudness=0.003), "too quiet: -56 dBFS"),
        (word(3, seconds=3.0), "too long: 3.0 s"),
    ],
)
def test_problems_are_named(sound, words):
    assert problem(sound).startswith(words)
    assert bool(problem(sound)) == bool(words)


def test_what_is_there_is_not_wanted(tmp_path):
    (tmp_path / "3_anna_1.wav").touch()
    names = {recording.name for recording in wanted(tmp_path, "anna", 2, "0123456789")}
    assert len(names) == 19
    assert "3_anna_1.wav" not in names


def test_words_of_a_vocabulary_are_asked_for(tmp_path):
    (tmp_path / "yes_anna_0.wav").touch()
    (tmp_path / "lights-on_ben_0.wav").touch()
    lacking = wanted(tmp_path, "anna", 1, ["yes", "no", "lights-on"])
    assert sorted(recording.name for recording in lacking) == [
        "lights-on_anna_0.wav",
        "no_anna_0.wav",
    ]
