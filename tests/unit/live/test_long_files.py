"""What is said in a row is put together: digits as a number, other words with blanks."""

import numpy as np
import pytest

from spoken_digits.live.decision import Verdict
from spoken_digits.live.listener import Word
from spoken_digits.live.long_files import numbers
from spoken_digits.live.loop import joined


def said(*words: tuple[float, str | None]) -> list[Word]:
    """Return words of half a second each, given when they begin, s, and what they are."""
    return [
        Word(
            start,
            start + 0.5,
            Verdict(label, label or "x", 0.9, np.zeros(2, np.float32)),
            None,
            np.zeros(8000, np.float32),
        )
        for start, label in words
    ]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["5", "5", "1"], "551"),
        (["yes"], "yes"),
        (["lights-on", "no", "yes"], "lights-on no yes"),
        (["5", "yes", "1"], "5 yes 1"),
        ([], ""),
    ],
)
def test_joined(labels, text):
    assert joined(labels) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (said((0.0, "5"), (0.6, "1"), (1.2, "2")), "512"),
        (said((0.0, "5"), (0.6, "1"), (2.61, "2")), "51 2"),  # 1.51 s later
        (said((0.0, "5"), (0.6, "1"), (2.59, "2")), "512"),
        (said((0.0, "5"), (0.6, None), (1.2, "2")), "52"),
        (said((0.0, "yes"), (0.6, "no"), (9.0, "lights-on")), "yes no lights-on"),
        (said((0.0, None)), ""),
        ([], ""),
    ],
)
def test_a_long_pause_is_a_blank(words, text):
    assert numbers(words) == text
