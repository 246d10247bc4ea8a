"""What a recording is called: ``<label>_<speaker>_<take>.wav``, as AudioMNIST names them."""

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


class RecordingName(NamedTuple):
    """The parts of a recording's name: label "0".."9" or "other-<word>", speaker, take number."""

    label: str
    speaker: str
    take: int

    @property
    def wav(self) -> str:
        """The recording's name in its shard under data/raw."""
        return f"{self.label}_{self.speaker}_{self.take}.wav"

    @property
    def png(self) -> str:
        """The name of its image in its shard under data/spectrograms."""
        return f"{self.label}_{self.speaker}_{self.take}.png"

    @property
    def class_index(self) -> int:
        """Which of CLASSES it belongs to: 0-9 for a digit, 10 for any other word."""
        return CLASSES.index(self.label) if self.label in DIGITS else CLASSES.index(OTHER)


def parse_name(name: str) -> RecordingName:
    """Take a recording's or an image's name apart.

    Raises RecordingNameError if it is not ``<label>_<speaker>_<take>.wav`` (or ``.png``).
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise RecordingNameError(
            f"{name}: not a recording's name. Name it <digit>_<speaker>_<take>.wav, "
            "for example 7_anna_0.wav (a word that is no digit: other-<word>_anna_0.wav)"
        )
    return RecordingName(match[1], match[2], int(match[3]))
