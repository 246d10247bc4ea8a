"""How well numbers are read: errors by kind, and whole numbers right, with intervals by speaker."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.evaluation.degrade import add_noise, telephone
from spoken_digits.export.sequence_inference import NumberModel
from spoken_digits.model.ctc import best_path, edits
from spoken_digits.sizes import HOP
from spoken_digits.transcripts import Utterance

FAST = 2.5
"""Words a second: who says more of them speaks fast."""

_ROUNDS = 2000
_NOISES_DB = (20, 10, 0)
_GROUPS = ("slow", "fast", "among_other_words")


class Reading(NamedTuple):
    """What was read of an utterance, and how long it is."""

    utterance: Utterance
    read: tuple[str, ...]
    seconds: float

    @property
    def is_fast(self) -> bool:
        """Whether it is said fast."""
        return len(self.utterance.labels) / self.seconds > FAST


Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def conditions(seed: int) -> Mapping[str, Change]:
    """Return what is done to an utterance, (n,) at 16 kHz, before it is read, by name."""

    def noisy(snr_db: int) -> Change:
        def change(sound: NDArray[np.float64]) -> NDArray[np.float64]:
            whole = sound[: len(sound) // HOP * HOP]
            noise = np.random.default_rng([seed, len(whole)]).standard_normal(len(whole))
            return add_noise(whole, noise, snr_db)

        return change

    noises = {f"white_{snr_db}": noisy(snr_db) for snr_db in _NOISES_DB}
    return {"clean": lambda sound: sound, **noises, "telephone": telephone}


def read(model: NumberModel, sound: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the labels that a model reads in a sound, (n,) at 16 kHz."""
    return tuple(model.labels[one.label] for one in best_path(model.read(sound)))


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


def measure(said: Sequence[Reading]) -> dict[str, Any]:
    """Return scores by corpus: of numbers, slow and fast ones, and those among other words.

    And what is claimed where nothing of the vocabulary is said.
    """
    numbers = [one for one in said if one.utterance.is_number]
    silent = [one for one in said if not one.utterance.labels]
    mixed = [one for one in said if one.utterance.labels and not one.utterance.is_number]
    found: dict[str, Any] = by_corpus(numbers)
    groups = {
        "slow": [one for one in numbers if not one.is_fast],
        "fast": [one for one in numbers if one.is_fast],
        "among_other_words": mixed,
    }
    found |= {name: by_corpus(group) for name, group in groups.items()}
    found["other_speech"] = {
        corpus: {
            "utterances": len(group),
            "other_words": sum(len(one.utterance.said) for one in group),
            "claimed": sum(len(one.read) for one in group),
        }
        for corpus, group in _grouped(silent).items()
    }
    return found


def by_corpus(readings: Sequence[Reading]) -> dict[str, dict[str, float | int]]:
    """Return the scores of each corpus's utterances."""
    return {corpus: scores(group) for corpus, group in _grouped(readings).items()}


def _grouped(readings: Sequence[Reading]) -> dict[str, list[Reading]]:
    groups: dict[str, list[Reading]] = {}
    for one in sorted(readings, key=lambda one: one.utterance.corpus):
        groups.setdefault(one.utterance.corpus, []).append(one)
    return groups


def as_table(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the content of metrics/numbers.json as Markdown: a row a corpus and condition."""
    rows = [
        "| corpus | what | numbers | digits | wrong (95% interval) | substituted, left out, added "
        "| whole numbers right (95% interval) |",
        "|---|---|---|---|---|---|---|",
    ]
    for condition, corpora in metrics.items():
        groups = {condition: corpora}
        if condition == "clean":
            groups |= {name: corpora[name] for name in _GROUPS}
        for what, group in groups.items():
            rows += [
                _row(corpus, what.replace("_", " "), scored)
                for corpus, scored in group.items()
                if "error" in scored
            ]
    return "\n".join(rows)


def _row(corpus: str, what: str, of: Mapping[str, float | int]) -> str:
    kinds = ", ".join(f"{of[kind]:.1%}" for kind in ("substitutions", "deletions", "insertions"))
    return (
        f"| {corpus} | {what} | {of['utterances']} | {of['words']:,} | "
        f"{of['error']:.1%} ({of['error_low']:.1%}-{of['error_high']:.1%}) | {kinds} | "
        f"{of['whole']:.1%} ({of['whole_low']:.1%}-{of['whole_high']:.1%}) |"
    )
