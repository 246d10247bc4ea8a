"""A recording, and what it is called: ``<label>_<speaker>_<take>.wav``, as AudioMNIST does."""

import re
from typing import NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.files import shown
from spoken_digits.vocabulary import OTHER

FORMAT = "spoken-digits 1"
"""What model files call themselves; another number is another kind of file."""

_PARTS = {
    "label": (
        re.compile(r"(?=.{1,80}$)[a-z0-9]+(-[a-z0-9]+)*"),
        "lower-case letters a-z, digits and single hyphens, at most 80",
    ),
    "speaker": (re.compile(r"[A-Za-z0-9-]{1,80}"), "letters a-z, digits and hyphens, at most 80"),
    "take": (re.compile(r"[0-9]{1,9}"), "a number of at most 9 digits"),
}
"""What each part of a name may be."""


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
    stem, dot, suffix = name.rpartition(".")
    if dot + suffix not in (".wav", ".png"):
        raise _not_a_name(name, "it does not end in .wav")
    return parse_stem(corpus, stem, name)


def parse_stem(corpus: str, stem: str, name: str) -> Recording:
    """Take ``<label>_<speaker>_<take>`` apart, of a file that is called ``name`` in messages.

    Raises RecordingNameError that says which part is wrong.
    """
    parts = stem.split("_")
    if len(parts) != len(_PARTS):
        count = {0: "no underscore", 1: "one underscore"}.get(
            n := len(parts) - 1, f"{n} underscores"
        )
        raise _not_a_name(name, f"{count} in it, and two separate label, speaker and take")
    wrong = [
        f"the {part} '{shown(text)}' is not {allowed}" if text else f"the {part} is empty"
        for text, (part, (pattern, allowed)) in zip(parts, _PARTS.items(), strict=True)
        if pattern.fullmatch(text) is None
    ]
    if wrong:
        raise _not_a_name(name, "; ".join(wrong))
    label, speaker, take = parts
    return Recording(corpus, label, speaker, int(take))


def _not_a_name(name: str, reason: str) -> RecordingNameError:
    return RecordingNameError(
        f"{shown(name)}: not a recording's name: {reason}. Name it <label>_<speaker>_<take>.wav, "
        "for example 7_anna_0.wav (a word outside the vocabulary: other-<word>_anna_0.wav)"
    )
