"""metrics/predictions.csv: what the network heard in every test recording.

The comparison of two experiments and the report are made from it, without the network.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.files import write_text
from spoken_digits.recording import Recording, RecordingNameError, parse_name

COLUMNS = ("corpus", "speaker", "name", "label", "predicted", "confidence", "crc32")


class PredictionsError(UserError):
    """A predictions file that is not one."""


class Prediction(NamedTuple):
    """One test recording, and the most probable word of the vocabulary."""

    recording: Recording
    predicted: str
    """The label of the most probable word, whether it was one or not."""
    confidence: float
    """That word's probability, 0-1: low says that it is none."""
    crc32: int
    """Of the WAV file: the same name may hold another sound in another experiment."""

    @property
    def correct(self) -> bool:
        """Whether the word heard is the word said."""
        return self.predicted == self.recording.label


def most_probable(
    recordings: Sequence[Recording],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    crc32s: Iterable[int],
) -> list[Prediction]:
    """Return the most probable word of each recording, given its (n, classes) probabilities.

    ``labels`` are the vocabulary's; the last class is all other sound.
    """
    words = probabilities[:, : len(labels)]
    return [
        Prediction(recording, labels[word], share, crc32)
        for recording, word, share, crc32 in zip(
            recordings, words.argmax(axis=1), words.max(axis=1).tolist(), crc32s, strict=True
        )
    ]


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write them as CSV, in the order given."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for recording, predicted, confidence, crc32 in predictions:
        writer.writerow(
            [
                recording.corpus,
                recording.speaker,
                recording.name,
                recording.label,
                predicted,
                f"{confidence:.5f}",
                f"{crc32:08x}",
            ]
        )
    write_text(path, text.getvalue())


def parse_predictions(text: str, source: str) -> list[Prediction]:
    """Read what ``write_predictions`` wrote.

    Raises PredictionsError naming ``source`` and the line if it is something else.
    """
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise PredictionsError(
            f"{source}: not a predictions file (its first line should be {','.join(COLUMNS)}). "
            "Make it again: dvc repro evaluate"
        )
    try:
        return [
            Prediction(parse_name(corpus, name), predicted, float(confidence), int(crc32, 16))
            for corpus, _, name, _, predicted, confidence, crc32 in rows[1:]
        ]
    except (ValueError, RecordingNameError):
        raise PredictionsError(
            f"{source}: cut short or damaged. Make it again: dvc repro"
        ) from None


def read_predictions(path: Path) -> list[Prediction]:
    """Read a predictions file.

    Raises PredictionsError if it is missing or something else.
    """
    try:
        return parse_predictions(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise PredictionsError(f"{path}: not there. Make it: dvc repro evaluate") from None
