"""metrics/plots: each plot as data for DVC and as PNG."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.evaluation import metrics, plots
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.evaluation.reported_metrics import (
    by_group,
    judged_speakers,
    most_confident_mistakes,
    none_if_nan,
    rounded,
    said_and_heard,
)
from spoken_digits.evaluation.robustness import noise_table
from spoken_digits.files import write_text
from spoken_digits.vocabulary import noun

MISTAKES_SHOWN = 15


def draw(
    folder: Path,
    predictions: Sequence[Prediction],
    probabilities: NDArray[np.float32],
    images: NDArray[np.uint8],
    summary: Mapping[str, Any],
    curves: Mapping[str, Sequence[float]],
    labels: Sequence[str],
) -> None:
    """Write every plot of the evaluation into ``folder``.

    ``probabilities`` are the predictions', (n, classes), and ``images`` their pictures, (n, 100,
    100); ``summary`` is evaluate.json's content; ``curves`` are those of training, ``labels`` the
    vocabulary's.
    """
    words = [one for one in predictions if one.recording.is_word]
    is_word = np.array([one.recording.is_word for one in predictions], bool)
    confidence = np.array([one.confidence for one in words])
    said, heard = said_and_heard(words, labels)

    pairs = [(one.recording.label, one.predicted) for one in words]
    _write_csv(folder / "confusion.csv", ["said", "heard"], pairs)
    counts = metrics.confusion(said, heard, len(labels))
    plots.plot_confusion(folder / "confusion.png", counts, labels, normalised=False)
    plots.plot_confusion(folder / "confusion_percent.png", counts, labels, normalised=True)

    noise = noise_table(summary["robustness"])
    _write_json(folder / "noise.json", noise)
    table = summary["robustness"]
    plots.plot_noise(folder / "noise.png", noise, table["clean"], table["n"])

    speakers = by_group(words, lambda recording: recording.who)
    _write_json(
        folder / "speakers.json",
        [
            {"speaker": name, "accuracy": share, "recordings": n}
            for name, (share, n) in speakers.items()
        ],
    )
    plots.plot_speakers(folder / "speakers.png", judged_speakers(speakers))

    calibration = metrics.reliability(confidence, said == heard)
    _write_json(
        folder / "reliability.json",
        [
            {"confidence": float(sure), "accuracy": float(right), "recordings": int(n)}
            for sure, right, n in zip(*calibration, strict=True)
            if n
        ],
    )
    plots.plot_reliability(folder / "reliability.png", calibration, summary["ece"], noun(labels))

    trade_off = metrics.trade_off(probabilities[is_word], said == heard, probabilities[~is_word])
    _write_json(folder / "rejection.json", trade_off_points(trade_off))
    _plot_rejection(folder / "rejection.png", trade_off, summary, noun(labels))

    mistakes = most_confident_mistakes(predictions, MISTAKES_SHOWN)
    index = {one.recording: position for position, one in enumerate(predictions)}
    pictures = images[[index[one.recording] for one in mistakes]]
    plots.plot_mistakes(folder / "mistakes.png", mistakes, pictures)
    plots.plot_training(folder / "training.png", curves)


def read_curves(folder: Path) -> dict[str, list[float]]:
    """Return the curves that dvclive wrote below ``folder``, by name: ``validation_loss`` etc.

    Raises UserError if there is none.
    """
    root = folder / "plots" / "metrics"
    curves = {}
    for path in sorted(root.rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        name = path.relative_to(root).with_suffix("").as_posix()
        curves[name] = [float(row[path.stem]) for row in rows]
    if not curves:
        raise UserError(f"{root}: no curves of training (*.tsv) here. Make them: dvc repro train")
    return curves


def trade_off_points(trade_off: metrics.TradeOff) -> list[dict[str, float | None]]:
    """Return a trade-off as JSON has it, a row a threshold; None where there are no other words."""
    columns = {"threshold": metrics.THRESHOLDS, **trade_off._asdict()}
    return [
        {name: none_if_nan(values[point]) for name, values in columns.items()}
        for point in range(len(metrics.THRESHOLDS))
    ]


def _plot_rejection(
    path: Path, trade_off: metrics.TradeOff, summary: Mapping[str, Any], word: str
) -> None:
    auroc = summary["rejection"]["auroc"]
    if auroc is None:
        plots.plot_nothing(path, "No other words in the test set to reject")
    else:
        plots.plot_rejection(path, trade_off, summary["decided"], auroc, word)


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write rows of text under a line of column names."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(columns), *rows])
    write_text(path, text.getvalue())


def _write_json(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as a list of objects, one a line, floats rounded: CSV would make text of them."""
    lines = [json.dumps(rounded(dict(row))) for row in rows]
    write_text(path, "[" + ",\n".join(lines) + "]\n")
