"""A recording, and what it is called: ``<label>_<speaker>_<take>.wav``, as AudioMNIST does."""

import re
from typing import NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.vocabulary import OTHER

FORMAT = "spoken-digits 1"
"""What model files call themselves; another number is another picture."""

_NAME = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)_([A-Za-z0-9-]+)_([0-9]+)\.(wav|png)")


class RecordingNameError(UserError):
    """A name that does not say who said what."""


class Recording(NamedTuple):
    """Somebody who says something once: one sound file, one picture."""

    corpus: str
    """Where it is from, as params.yaml names it."""
    label: str
    """What is said: a label of the vocabulary, or "other-<word>"."""
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
    def is_word(self) -> bool:
        """Whether a word of the vocabulary is said."""
        return self.label != OTHER and not self.label.startswith(f"{OTHER}-")

    @property
    def class_name(self) -> str:
        """The network's class that it belongs to: its label, or OTHER."""
        return self.label if self.is_word else OTHER

    def __str__(self) -> str:
        return f"{self.corpus}/{self.name}"


def parse_name(corpus: str, name: str) -> Recording:
    """Take the name of a corpus's recording, or of its picture, apart.

    Raises RecordingNameError if it is not ``<label>_<speaker>_<take>.wav`` (or ``.png``).
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise RecordingNameError(
            f"{name}: not a recording's name. Name it <label>_<speaker>_<take>.wav, "
            "for example 7_anna_0.wav (a word outside the vocabulary: other-<word>_anna_0.wav)"
        )
    return Recording(corpus, match[1], match[2], int(match[3]))
