"""The statistics of evaluation and comparison, on plain arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

Z_95 = 1.959963984540054  # standard normal quantile at 0.975
BINS = 15  # of the reliability diagram and of the ECE, as in Guo et al. 2017


class Interval(NamedTuple):
    """A 95% interval."""

    low: float
    high: float


def wilson(correct: int, n: int) -> Interval:
    """Return the 95% interval of a proportion (E. B. Wilson, JASA 22, 1927); (0, 1) for n = 0.

    Unlike the normal interval it stays inside 0-1 and is not empty when all or none are right.
    """
    if n == 0:
        return Interval(0.0, 1.0)
    p, z2 = correct / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * float(np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def confusion(labels: Ints, predicted: Ints, classes: int) -> NDArray[np.int64]:
    """Count (n,) class indices into (classes, classes): a row what was said, a column heard."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def macro_f1(counts: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that were said or heard, from a confusion matrix."""
    said, heard = counts.sum(axis=1), counts.sum(axis=0)
    present = said + heard > 0
    return float(np.mean(2 * np.diag(counts)[present] / (said + heard)[present]))


def negative_log_likelihood(probabilities: Floats, labels: Ints) -> float:
    """Return the mean of -ln of the probability, (n, classes), that each (n,) label was given."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(given, 1e-12)).mean())


class Reliability(NamedTuple):
    """A reliability diagram: per bin, (bins,) each. Empty bins are NaN in the two means."""

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    n: NDArray[np.int64]


def reliability(confidence: Floats, correct: Bools, bins: int = BINS) -> Reliability:
    """Sort (n,) predictions into bins of equal width by confidence, upper edge inclusive."""
    index = np.clip(np.ceil(confidence.astype(np.float64) * bins).astype(int) - 1, 0, bins - 1)
    n = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(index, confidence, bins) / n
        accuracy = np.bincount(index, correct, bins) / n
    return Reliability(mean_confidence, accuracy, n)


def expected_calibration_error(table: Reliability) -> float:
    """Return the mean |accuracy - confidence| over predictions (Naeini et al., AAAI 2015)."""
    gaps = np.abs(table.accuracy - table.confidence)
    return float(np.nansum(gaps * table.n) / table.n.sum())


def auroc(positive: Floats, negative: Floats) -> float:
    """Return the probability that a positive scores above a negative, ties counted half."""
    import scipy.stats  # half a second: only who needs it waits for it

    ranks = scipy.stats.rankdata(np.concatenate([positive, negative]))
    above = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(above / (len(positive) * len(negative)))


def rejection_curve(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """Return (positives rejected, negatives accepted), shares, at every threshold.

    Thresholds rise; a score is accepted if it is at least the threshold.
    """
    thresholds = np.unique(np.concatenate([positive, negative, [np.inf]]))
    rejected = np.searchsorted(np.sort(positive), thresholds) / len(positive)
    accepted = 1 - np.searchsorted(np.sort(negative), thresholds) / len(negative)
    return rejected, accepted


def accepted_at(positive: Floats, negative: Floats, rejected: float) -> float:
    """Return the least share of negatives accepted with at most ``rejected`` positives rejected."""
    lost, accepted = rejection_curve(positive, negative)
    return float(accepted[lost <= rejected + 1e-9].min())


THRESHOLDS = np.arange(101) / 100
"""Those of the trade-off: live.reject in steps of 0.01."""


class TradeOff(NamedTuple):
    """What each threshold costs and brings, shares, (101,) each."""

    rejected: NDArray[np.float64]
    """Words of the vocabulary that are not claimed to be any of its words."""
    lost: NDArray[np.float64]
    """Those, and the ones that are claimed to be another word than was said."""
    others_claimed: NDArray[np.float64]
    """Other words that are claimed to be a word of the vocabulary; NaN if there are none."""


def claimed(probabilities: Floats, threshold: float) -> Bools:
    """Return which recordings, (n,), are claimed to be a word, given (n, classes), "other" last.

    They are those of which live/decision.py claims a word: one that has at least the threshold, and
    than which "other" is not likelier.
    """
    exact = probabilities.astype(np.float64)  # as Python's floats, which params.yaml has
    word = exact[:, :-1].max(axis=1)
    wins: Bools = (word >= threshold) & (word >= exact[:, -1])
    return wins


def trade_off(words: Floats, right: Bools, others: Floats) -> TradeOff:
    """Return the trade-off over THRESHOLDS.

    Takes the probabilities of the vocabulary's words (n, classes) and of other words (m, classes),
    and whether the likeliest word is the one said, (n,).
    """
    of_words = np.stack([claimed(words, threshold) for threshold in THRESHOLDS])  # (101, n)
    of_others = np.stack([claimed(others, threshold) for threshold in THRESHOLDS])  # (101, m)
    return TradeOff(
        rejected=1 - of_words.mean(axis=1),
        lost=1 - (of_words & right).mean(axis=1),
        others_claimed=of_others.mean(axis=1) if len(others) else np.full(len(THRESHOLDS), np.nan),
    )


def highest_within(costs: Floats, most: float) -> int | None:
    """Return the place of the last of rising costs that is at most ``most``; None if none is."""
    within = int(np.searchsorted(costs, most + 1e-9, side="right"))
    return within - 1 if within else None


def mcnemar(won: int, lost: int) -> float:
    """Return the two-sided p of McNemar's exact test: won and lost are equally likely."""
    if won + lost == 0:
        return 1.0
    import scipy.stats

    return float(scipy.stats.binomtest(min(won, lost), won + lost, 0.5).pvalue)


def paired_bootstrap(won: int, lost: int, n: int, rounds: int = 20_000, seed: int = 0) -> Interval:
    """Return the 95% interval of (won - lost) / n, the accuracy difference, over resamples.

    Drawing n recordings with replacement leaves multinomial counts of won, lost and equal ones,
    so the counts are drawn at once.
    """
    shares = [won / n, lost / n, (n - won - lost) / n]
    counts = np.random.default_rng(seed).multinomial(n, shares, size=rounds)
    low, high = np.percentile((counts[:, 0] - counts[:, 1]) / n, [2.5, 97.5])
    return Interval(float(low), float(high))
