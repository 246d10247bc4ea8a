"""How well numbers are read: errors by kind, and whole numbers right, with intervals by speaker."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.evaluation.degrade import add_noise, telephone
from spoken_digits.export.sequence_inference import STEP, NumberModel
from spoken_digits.model.ctc import best_path, edits
from spoken_digits.sizes import HOP, SAMPLE_RATE
from spoken_digits.transcripts import Utterance

ROOM_S = 0.6
"""Silence before and after an utterance."""
FAST = 2.5
"""Words a second: who says more of them speaks fast."""

_ROUNDS = 2000
_NOISE_DB = 10.0


class Reading(NamedTuple):
    """What was read of an utterance, and how long it is."""

    utterance: Utterance
    read: tuple[str, ...]
    seconds: float

    @property
    def is_number(self) -> bool:
        """Whether nothing but words of the vocabulary is said."""
        return bool(self.utterance.labels) and self.utterance.labels == self.utterance.said

    @property
    def is_fast(self) -> bool:
        """Whether it is said fast."""
        return len(self.utterance.labels) / self.seconds > FAST


def conditions(seed: int) -> Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]:
    """Return what is done to an utterance, (n,) at 16 kHz, before it is read, by name."""

    def noisy(sound: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = sound[: len(sound) // HOP * HOP]
        noise = np.random.default_rng([seed, len(whole)]).standard_normal(len(whole))
        return add_noise(whole, noise, _NOISE_DB)

    return {"clean": lambda sound: sound, "white_noise_10_db": noisy, "telephone": telephone}


def read(model: NumberModel, sound: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the labels that a model reads in a sound, (n,) at 16 kHz.

    The sound is read at once: a stream that is read in windows gives the same.
    """
    room = round(ROOM_S * SAMPLE_RATE)
    padded = np.pad(sound, (room, room + -len(sound) % STEP))
    padded = np.pad(padded, (0, -len(padded) % STEP)).astype(np.float32)
    return tuple(model.labels[one.label] for one in best_path(model.log_probabilities(padded)))


def scores(readings: Sequence[Reading], seed: int = 0) -> dict[str, float | int]:
    """Return error rates in shares of the words said, and the share of utterances all right.

    Intervals hold 95% of 2,000 bootstrap samples of speakers (Efron and Tibshirani, An Introduction
    to the Bootstrap, 1993): utterances of one speaker are not independent.
    """
    found = [edits(one.utterance.labels, one.read) for one in readings]
    by_speaker: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(4))
    for one, wrong in zip(readings, found, strict=True):
        said = len(one.utterance.labels)
        by_speaker[one.utterance.recording.who] += [wrong.total, said, wrong.total == 0, 1]
    sums = np.array([by_speaker[who] for who in sorted(by_speaker)])  # (speakers, 4)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(_ROUNDS, len(sums)))
    totals = sums[drawn].sum(axis=1)  # (rounds, 4)
    error, whole = totals[:, 0] / np.maximum(totals[:, 1], 1), totals[:, 2] / totals[:, 3]
    said = sum(len(one.utterance.labels) for one in readings)
    share = {
        "error": sum(wrong.total for wrong in found) / max(said, 1),
        "error_low": float(np.percentile(error, 2.5)),
        "error_high": float(np.percentile(error, 97.5)),
        "substitutions": sum(wrong.substitutions for wrong in found) / max(said, 1),
        "deletions": sum(wrong.deletions for wrong in found) / max(said, 1),
        "insertions": sum(wrong.insertions for wrong in found) / max(said, 1),
        "whole": sum(wrong.total == 0 for wrong in found) / len(found),
        "whole_low": float(np.percentile(whole, 2.5)),
        "whole_high": float(np.percentile(whole, 97.5)),
    }
    counts = {"utterances": len(readings), "words": said, "speakers": len(sums)}
    return {name: round(value, 4) for name, value in share.items()} | counts
