"""A recording, and what it is called: ``<label>_<speaker>_<take>.wav``, as AudioMNIST does."""

import re
from typing import NamedTuple

from spoken_digits.errors import UserError

DIGITS = tuple("0123456789")
OTHER = "other"
CLASSES = (*DIGITS, OTHER)
"""The network's classes, in the order of its logits: the ten digits, then all other sound."""

FORMAT = "spoken-digits 1"
"""What model files call themselves; another number is other classes or another picture."""

_NAME = re.compile(r"([0-9]|other-[a-z]+)_([A-Za-z0-9-]+)_([0-9]+)\.(wav|png)")


class RecordingNameError(UserError):
    """A name that does not say who said what."""


class Recording(NamedTuple):
    """Somebody who says something once: one sound file, one picture."""

    corpus: str
    """Where it is from, as params.yaml names it."""
    label: str
    """What is said: "0".."9" or "other-<word>"."""
    speaker: str
    take: int
    """Which of the speaker's recordings of this label it is."""

    @property
    def name(self) -> str:
        """What it is called in its shard under data/raw."""
        return f"{self.label}_{self.speaker}_{self.take}.wav"

    @property
    def png(self) -> str:
        """What its picture is called in its shard under data/spectrograms."""
        return f"{self.label}_{self.speaker}_{self.take}.png"

    @property
    def who(self) -> str:
        """Who speaks, as corpus/speaker: the same name in two corpora is two people."""
        return f"{self.corpus}/{self.speaker}"

    @property
    def is_digit(self) -> bool:
        """Whether a digit is said."""
        return self.label in DIGITS

    @property
    def class_index(self) -> int:
        """Which of CLASSES it belongs to: 0-9 for a digit, 10 for any other word."""
        return CLASSES.index(self.label) if self.is_digit else CLASSES.index(OTHER)

    def __str__(self) -> str:
        return f"{self.corpus}/{self.name}"


def parse_name(corpus: str, name: str) -> Recording:
    """Take the name of a corpus's recording, or of its picture, apart.

    Raises RecordingNameError if it is not ``<label>_<speaker>_<take>.wav`` (or ``.png``).
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise RecordingNameError(
            f"{name}: not a recording's name. Name it <digit>_<speaker>_<take>.wav, "
            "for example 7_anna_0.wav (a word that is no digit: other-<word>_anna_0.wav)"
        )
    return Recording(corpus, match[1], match[2], int(match[3]))
