"""What is wrong with a recording is said; what is there is not asked for again."""

import numpy as np
import pytest
from live_support import word

from spoken_digits.live.decision import decide
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
    names = {recording.name for recording in wanted(tmp_path, "anna", 2)}
    assert len(names) == 19
    assert "3_anna_1.wav" not in names


@pytest.mark.parametrize(
    ("best", "other", "level", "seconds", "digit", "reason"),
    [
        (0.9, 0.05, -20, 0.5, "7", ""),
        (0.4, 0.1, -20, 0.5, None, "sounds like something else"),
        (0.45, 0.5, -20, 0.5, None, "sounds like something else"),
        (0.9, 0.05, -80, 0.5, None, "too quiet: -80 dBFS"),
        (0.9, 0.05, -20, 0.05, None, "too short: 50 ms"),
        (0.9, 0.05, -20, 2.0, None, "too long: 2.0 s"),
    ],
)
def test_verdicts_and_their_reasons(best, other, level, seconds, digit, reason):
    probabilities = np.full(11, (1 - best - other) / 9, np.float32)
    probabilities[7], probabilities[10] = best, other
    verdict = decide(probabilities, 0.5, level, seconds)
    assert (verdict.label, verdict.reason, verdict.guess) == (digit, reason, "7")
    assert verdict.confidence == pytest.approx(best)
