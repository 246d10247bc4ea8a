"""The numbers of metrics/evaluate.json, from what was said and what the network heard."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.evaluation import metrics
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.recording import DIGITS

ENOUGH = 10
"""Recordings by which a speaker is judged."""

MEANING = {
    "accuracy": "share of the test digits that were heard as the digit that was said",
    "accuracy_low": "lower end of its 95% interval (Wilson)",
    "accuracy_high": "upper end of its 95% interval (Wilson)",
    "n": "test recordings of digits",
    "macro_f1": "mean over the digits of F1, the harmonic mean of precision and recall",
    "nll": "mean -ln of the probability given to the digit said, nats; less is better",
    "ece": "mean distance between confidence and accuracy in 15 bins; less is better",
    "corpus.<corpus>.accuracy": "accuracy on that corpus alone",
    "corpus.<corpus>.n": "its test recordings of digits",
    "digit.<digit>": "share of that digit's recordings heard as it (recall)",
    "speaker.n": "speakers in the test set",
    "speaker.mean": "mean of the speakers' accuracies",
    "speaker.worst": "accuracy on the speaker who is understood worst, of those with 10 recordings",
    "speaker.worst_name": "that speaker, as corpus/speaker",
    "speaker.worst_n": "that speaker's recordings of digits",
    "robustness.n": "test digits in the robustness table",
    "robustness.clean": "accuracy on them as they are",
    "robustness.mean": "mean of their accuracies under the conditions below",
    "robustness.<noise>_<dB>": "with white, pink or babble noise that far below the speech, dB",
    "robustness.telephone": "through a telephone's band, 300-3400 Hz",
    "robustness.gain_minus_20": "20 dB softer, on 16 bits",
    "robustness.gain_plus_20": "20 dB louder, on 16 bits: loud samples clip",
    "robustness.shift_minus_150": "150 ms earlier in the second",
    "robustness.shift_plus_150": "150 ms later in the second",
    "robustness.reverberation": "in a small room: 0.3 s, direct sound 6 dB above the tail",
    "rejection.n": "test recordings of other words",
    "rejection.auroc": "probability that a digit scores above another word (null: no other words)",
    "rejection.accepted_at_5": "other words taken for digits when 5% of digits are rejected",
    "cost.parameters": "numbers that were learnt",
    "cost.multiply_adds": "multiplications and additions for one picture",
    "cost.bytes": "size of models/digits.safetensors",
}
"""Every key of metrics/evaluate.json, dots for levels. Shares are 0-1."""


def summarise(
    predictions: Sequence[Prediction], probabilities: NDArray[np.float32]
) -> dict[str, Any]:
    """Return the part of ``MEANING`` that follows from the test set, (n, 11) probabilities.

    Robustness and cost are added by the stage. Raises ValueError if no digit was tested.
    """
    is_digit = np.array([row.is_digit for row in predictions])
    digits = [row for row in predictions if row.is_digit]
    if not digits:
        raise ValueError("no digit in the test set")
    labels = np.array([int(row.label) for row in digits])
    heard = np.array([int(row.predicted) for row in digits])
    confidence = np.array([row.confidence for row in predictions])
    correct = labels == heard
    interval = metrics.wilson(int(correct.sum()), len(digits))
    speakers = by_group(digits, lambda row: f"{row.corpus}/{row.speaker}")
    judged = judged_speakers(speakers)
    worst = min(judged, key=lambda name: (judged[name][0], -judged[name][1], name))
    counts = metrics.confusion(labels, heard, len(DIGITS))
    calibration = metrics.reliability(confidence[is_digit], correct)
    corpora = by_group(digits, lambda row: row.corpus)
    return {
        "accuracy": float(correct.mean()),
        "accuracy_low": interval.low,
        "accuracy_high": interval.high,
        "n": len(digits),
        "macro_f1": metrics.macro_f1(counts),
        "nll": metrics.negative_log_likelihood(probabilities[is_digit], labels),
        "ece": metrics.expected_calibration_error(calibration),
        "corpus": {name: {"accuracy": share, "n": n} for name, (share, n) in corpora.items()},
        "digit": {
            key: share for key, (share, _) in by_group(digits, lambda row: row.label).items()
        },
        "speaker": {
            "n": len(speakers),
            "mean": float(np.mean([share for share, _ in speakers.values()])),
            "worst": judged[worst][0],
            "worst_name": worst,
            "worst_n": judged[worst][1],
        },
        "rejection": _rejection(confidence[is_digit], confidence[~is_digit]),
    }


def by_group(
    predictions: Sequence[Prediction], group: Callable[[Prediction], str]
) -> dict[str, tuple[float, int]]:
    """Return accuracy and n of each group, in order of their names."""
    correct: dict[str, list[bool]] = defaultdict(list)
    for row in predictions:
        correct[group(row)].append(row.correct)
    return {name: (float(np.mean(of)), len(of)) for name, of in sorted(correct.items())}


def judged_speakers(speakers: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    """Keep the speakers, (accuracy, n) each, with 10 recordings or more; all if there is none.

    Where many said a digit or two, the worst would else be whoever was misheard once.
    """
    return {name: one for name, one in speakers.items() if one[1] >= ENOUGH} or speakers


def most_confident_mistakes(predictions: Sequence[Prediction], most: int) -> list[Prediction]:
    """Return the digits heard wrongly with the greatest confidence, worst first."""
    wrong = [row for row in predictions if row.is_digit and not row.correct]
    return sorted(wrong, key=lambda row: (-row.confidence, row.corpus, row.name))[:most]


def rounded(value: Any) -> Any:
    """Round every float in nested dicts and lists to 6 decimals: the same text on every machine."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def _rejection(digits: NDArray[np.float64], others: NDArray[np.float64]) -> dict[str, Any]:
    if len(others) == 0:
        return {"n": 0, "auroc": None, "accepted_at_5": None}
    return {
        "n": len(others),
        "auroc": metrics.auroc(digits, others),
        "accepted_at_5": metrics.accepted_at(digits, others, 0.05),
    }
