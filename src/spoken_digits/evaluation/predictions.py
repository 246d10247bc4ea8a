"""metrics/predictions.csv: what the network heard in every test recording.

The comparison of two experiments and the report are made from it, without the network.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.files import write_text
from spoken_digits.recording import DIGITS

COLUMNS = ("corpus", "speaker", "name", "label", "predicted", "confidence", "crc32")


class PredictionsError(UserError):
    """A predictions file that is not one."""


class Prediction(NamedTuple):
    """One test recording, and the most probable of the ten digits."""

    corpus: str
    speaker: str
    name: str
    label: str
    """What was said: "0".."9" or "other-<word>"."""
    predicted: str
    """The most probable digit, "0".."9", whether it was a digit or not."""
    confidence: float
    """That digit's probability, 0-1: low says that it is no digit."""
    crc32: int
    """Of the WAV file: the same name may hold another sound in another experiment."""

    @property
    def is_digit(self) -> bool:
        """Whether a digit was said."""
        return self.label in DIGITS

    @property
    def correct(self) -> bool:
        """Whether the digit heard is the digit said."""
        return self.predicted == self.label


def write_predictions(path: Path, predictions: Iterable[Prediction]) -> None:
    """Write them as CSV, in the order given."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in predictions:
        writer.writerow([*row[:5], f"{row.confidence:.5f}", f"{row.crc32:08x}"])
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
            Prediction(corpus, speaker, name, label, predicted, float(confidence), int(crc, 16))
            for corpus, speaker, name, label, predicted, confidence, crc in rows[1:]
        ]
    except ValueError:
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
