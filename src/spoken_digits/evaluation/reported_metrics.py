"""The numbers of metrics/evaluate.json, from what was said and what the network heard.

A metric is one function: ``@metric`` gives its key, and its docstring is its meaning, which
``python src/evaluate.py --keys`` and the report print.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.evaluation import metrics
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.recording import Recording
from spoken_digits.vocabulary import noun

ENOUGH = 10
"""Recordings by which a speaker is judged."""
LOST_PERCENT = (1, 2, 5)
"""Shares of words that may be lost, for each of which evaluate.json has the threshold."""

MEANING: dict[str, str] = {}
"""Every key of metrics/evaluate.json, dots for levels, and what it means. Shares are 0-1."""


class Results:
    """What a network made of a test set: what metrics are computed from."""

    def __init__(
        self,
        predictions: Sequence[Prediction],
        probabilities: NDArray[np.float32],
        labels: Sequence[str],
        reject: float,
    ) -> None:
        is_word = np.array([one.recording.is_word for one in predictions], bool)
        confidence = np.array([one.confidence for one in predictions])
        self.vocabulary = labels
        self.words = [one for one in predictions if one.recording.is_word]  # n of them
        self.said, self.heard = said_and_heard(self.words, labels)  # (n,) each, indices of labels
        self.correct = self.said == self.heard  # (n,)
        self.probabilities = probabilities[is_word]  # (n, classes)
        self.confidence = confidence[is_word]  # (n,)
        self.others_confidence = confidence[~is_word]  # (m,)
        wanted = np.full(len(predictions), len(labels))  # the class of all other sound
        wanted[is_word] = self.said
        self.right_class = probabilities.argmax(axis=1) == wanted  # (n + m,)
        self.interval = metrics.wilson(int(self.correct.sum()), len(self.words))
        self.reject = reject
        self.claimed = metrics.claimed(self.probabilities, reject)  # (n,)
        self.others_claimed = metrics.claimed(probabilities[~is_word], reject)  # (m,)
        self.trade_off = metrics.trade_off(
            self.probabilities, self.correct, probabilities[~is_word]
        )
        self.corpora = by_group(self.words, lambda recording: recording.corpus)
        self.speakers = by_group(self.words, lambda recording: recording.who)

    def worst_speaker(self) -> tuple[str, float, int]:
        """Return the name, the accuracy and n of the speaker who is understood worst."""
        judged = judged_speakers(self.speakers)
        name = min(judged, key=lambda name: (judged[name][0], -judged[name][1], name))
        return name, *judged[name]


Metric = Callable[[Results], Any]

_METRICS: dict[str, Metric] = {}


def metric(key: str) -> Callable[[Metric], Metric]:
    """Make a function the metric of that key. Its docstring is one line: what it means.

    A ``<name>`` in the key stands for many keys; the function then returns {name: value}.
    """

    def register(function: Metric) -> Metric:
        assert function.__doc__, f"{key}: say what it means"
        _METRICS[key] = function
        MEANING[key] = function.__doc__
        return function

    return register


def summarise(
    predictions: Sequence[Prediction],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    reject: float,
) -> dict[str, Any]:
    """Return every metric of a test set, in nested dicts, given its (n, classes) probabilities.

    ``labels`` are the vocabulary's; ``reject`` is live.reject. Robustness and cost are added by the
    stage. Raises ValueError if no word of the vocabulary was tested.
    """
    if not any(one.recording.is_word for one in predictions):
        raise ValueError(f"no {noun(labels)} in the test set")
    results = Results(predictions, probabilities, labels, reject)
    summary: dict[str, Any] = {}
    for key, function in _METRICS.items():
        before, bracket, name_and_after = key.partition("<")
        if not bracket:
            _put(summary, key, function(results))
            continue
        after = name_and_after.rpartition(">")[2]
        for name, value in function(results).items():
            _put(summary, f"{before}{name}{after}", value)
    return summary


def _put(summary: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        summary = summary.setdefault(section, {})
    summary[last] = value


@metric("accuracy")
def accuracy(results: Results) -> float:
    """share of the test words that were heard as the word that was said"""
    return float(results.correct.mean())


@metric("accuracy_low")
def accuracy_low(results: Results) -> float:
    """lower end of its 95% interval (Wilson)"""
    return results.interval.low


@metric("accuracy_high")
def accuracy_high(results: Results) -> float:
    """upper end of its 95% interval (Wilson)"""
    return results.interval.high


@metric("n")
def n(results: Results) -> int:
    """test recordings of words of the vocabulary"""
    return len(results.words)


@metric("macro_f1")
def macro_f1(results: Results) -> float:
    """mean over the words of F1, the harmonic mean of precision and recall"""
    return metrics.macro_f1(metrics.confusion(results.said, results.heard, len(results.vocabulary)))


@metric("nll")
def nll(results: Results) -> float:
    """mean -ln of the probability given to the word said, nats; less is better"""
    return metrics.negative_log_likelihood(results.probabilities, results.said)


@metric("ece")
def ece(results: Results) -> float:
    """mean distance between confidence and accuracy in 15 bins; less is better"""
    table = metrics.reliability(results.confidence, results.correct)
    return metrics.expected_calibration_error(table)


@metric("corpus.<corpus>.accuracy")
def corpus_accuracy(results: Results) -> dict[str, float]:
    """accuracy on that corpus alone"""
    return {name: share for name, (share, _) in results.corpora.items()}


@metric("corpus.<corpus>.n")
def corpus_n(results: Results) -> dict[str, int]:
    """its test recordings of words of the vocabulary"""
    return {name: n for name, (_, n) in results.corpora.items()}


@metric("<digit or word>.<label>")
def recall(results: Results) -> dict[str, float]:
    """share of that digit's, or word's, recordings heard as it (recall)"""
    by_label = by_group(results.words, lambda recording: recording.label)
    kind = noun(results.vocabulary)
    return {f"{kind}.{label}": share for label, (share, _) in by_label.items()}


@metric("speaker.n")
def speaker_n(results: Results) -> int:
    """speakers in the test set"""
    return len(results.speakers)


@metric("speaker.mean")
def speaker_mean(results: Results) -> float:
    """mean of the speakers' accuracies"""
    return float(np.mean([share for share, _ in results.speakers.values()]))


@metric("speaker.worst")
def speaker_worst(results: Results) -> float:
    """accuracy on the speaker who is understood worst, of those with 10 recordings"""
    return results.worst_speaker()[1]


@metric("speaker.worst_name")
def speaker_worst_name(results: Results) -> str:
    """that speaker, as corpus/speaker"""
    return results.worst_speaker()[0]


@metric("speaker.worst_n")
def speaker_worst_n(results: Results) -> int:
    """that speaker's recordings of words of the vocabulary"""
    return results.worst_speaker()[2]


MEANING |= {  # measured by evaluation/robustness.py
    "robustness.n": "test words in the robustness table",
    "robustness.clean": "accuracy on them as they are",
    "robustness.mean": "mean of their accuracies under the conditions below",
    "robustness.<noise>_<dB>": "with white, pink or babble noise that far below the speech, dB",
    "robustness.telephone": "through a telephone's band, 300-3400 Hz",
    "robustness.gain_minus_20": "20 dB softer, on 16 bits",
    "robustness.gain_plus_20": "20 dB louder, on 16 bits: loud samples clip",
    "robustness.shift_minus_150": "150 ms earlier in the second",
    "robustness.shift_plus_150": "150 ms later in the second",
    "robustness.reverberation": "in a small room: 0.3 s, direct sound 6 dB above the tail",
}


@metric("rejection.n")
def rejection_n(results: Results) -> int:
    """test recordings of other words"""
    return len(results.others_confidence)


@metric("rejection.auroc")
def rejection_auroc(results: Results) -> float | None:
    """probability that a word of the vocabulary scores above another (null: no other words)"""
    others = results.others_confidence
    return metrics.auroc(results.confidence, others) if len(others) else None


@metric("rejection.accepted_at_5")
def rejection_accepted_at_5(results: Results) -> float | None:
    """other words accepted when 5% of the vocabulary's are rejected"""
    others = results.others_confidence
    return metrics.accepted_at(results.confidence, others, 0.05) if len(others) else None


@metric("rejection.accuracy")
def rejection_accuracy(results: Results) -> float:
    """share of all test recordings whose class, a word or "other", is the most probable one"""
    return float(results.right_class.mean())


@metric("decided.reject")
def decided_reject(results: Results) -> float:
    """live.reject, with which the live program would decide as follows"""
    return results.reject


@metric("decided.accuracy")
def decided_accuracy(results: Results) -> float:
    """share of the test words claimed to be the word that was said; one rejected is a mistake"""
    return float((results.claimed & results.correct).mean())


@metric("decided.low")
def decided_low(results: Results) -> float:
    """lower end of its 95% interval (Wilson)"""
    return _decided_interval(results).low


@metric("decided.high")
def decided_high(results: Results) -> float:
    """upper end of its 95% interval (Wilson)"""
    return _decided_interval(results).high


@metric("decided.claimed")
def decided_claimed(results: Results) -> float | None:
    """share of other words claimed to be a word of the vocabulary (null: no other words)"""
    return float(results.others_claimed.mean()) if len(results.others_claimed) else None


@metric("decided.others")
def decided_others(results: Results) -> int:
    """test recordings of other words"""
    return len(results.others_claimed)


@metric("decided.lost_<percent>.threshold")
def decided_lost_threshold(results: Results) -> dict[str, float | None]:
    """highest threshold that loses (rejects, or mistakes) that many words at most (null: none)"""
    return _where_lost(results, metrics.THRESHOLDS)


@metric("decided.lost_<percent>.claimed")
def decided_lost_claimed(results: Results) -> dict[str, float | None]:
    """share of other words claimed with it (null: no such threshold, or no other words)"""
    return _where_lost(results, results.trade_off.others_claimed)


def _decided_interval(results: Results) -> metrics.Interval:
    return metrics.wilson(int((results.claimed & results.correct).sum()), len(results.words))


def _where_lost(results: Results, values: NDArray[np.float64]) -> dict[str, float | None]:
    """Return of (101,) values that of the highest threshold within each of LOST_PERCENT."""
    found: dict[str, float | None] = {}
    for percent in LOST_PERCENT:
        place = metrics.highest_within(results.trade_off.lost, percent / 100)
        found[str(percent)] = None if place is None else none_if_nan(values[place])
    return found


MEANING |= {  # measured by evaluation/cost.py
    "cost.parameters": "numbers that were learnt",
    "cost.multiply_adds": "multiplications and additions for one picture",
    "cost.bytes": "size of models/digits.safetensors",
}


def none_if_nan(value: float) -> float | None:
    """Return a number as JSON has it, which has no NaN."""
    return None if np.isnan(value) else float(value)


def said_and_heard(
    words: Sequence[Prediction], labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of ``labels`` each word was, and which was heard, (n,) each."""
    index_of = {label: index for index, label in enumerate(labels)}
    said = [index_of[one.recording.label] for one in words]
    heard = [index_of[one.predicted] for one in words]
    return np.array(said, np.int64), np.array(heard, np.int64)


def by_group(
    predictions: Sequence[Prediction], group: Callable[[Recording], str]
) -> dict[str, tuple[float, int]]:
    """Return accuracy and n of each group, in order of their names."""
    correct: dict[str, list[bool]] = defaultdict(list)
    for one in predictions:
        correct[group(one.recording)].append(one.correct)
    return {name: (float(np.mean(of)), len(of)) for name, of in sorted(correct.items())}


def judged_speakers(speakers: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    """Keep the speakers, (accuracy, n) each, with 10 recordings or more; all if there is none.

    Where many said a word or two, the worst would else be whoever was misheard once.
    """
    return {name: one for name, one in speakers.items() if one[1] >= ENOUGH} or speakers


def most_confident_mistakes(predictions: Sequence[Prediction], most: int) -> list[Prediction]:
    """Return the words heard wrongly with the greatest confidence, worst first."""
    wrong = [one for one in predictions if one.recording.is_word and not one.correct]
    return sorted(wrong, key=lambda one: (-one.confidence, str(one.recording)))[:most]


def rounded(value: Any) -> Any:
    """Round every float in nested dicts and lists to 6 decimals: the same text on every machine."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
