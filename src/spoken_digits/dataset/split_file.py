"""data/split.csv: the subset of every recording, written by stage split and read by later ones."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from spoken_digits.errors import UserError
from spoken_digits.files import write_text
from spoken_digits.recording import Recording, RecordingNameError, parse_name

COLUMNS = ("corpus", "speaker", "name", "label", "subset")


class SplitFileError(UserError):
    """A split that is missing, or that is none."""


def write_split(path: Path, subsets: Mapping[Recording, str]) -> None:
    """Write each recording and its subset, a line each, in the order given.

    Speaker and label are in the name; they have columns of their own for whoever reads the table.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for recording, subset in subsets.items():
        corpus, label, speaker, _ = recording
        writer.writerow([corpus, speaker, recording.name, label, subset])
    write_text(path, text.getvalue())


def read_split(path: Path) -> dict[Recording, str]:
    """Return the subset of each recording: train, validation or test.

    Raises SplitFileError if the file is missing, has other columns, names a recording twice, or
    holds a name that is no recording's.
    """
    rows = _rows(path)
    times = Counter(recording for recording, _, _ in rows)
    if repeated := [recording for recording, count in times.items() if count > 1]:
        raise SplitFileError(
            f"{path}: {len(repeated)} recordings are there twice, among them {repeated[0]}. "
            "Make it again with: dvc repro -f split"
        )
    return {recording: subset for recording, _, subset in rows}


def read_labels(path: Path) -> dict[Recording, str]:
    """Return the label that the file lists each recording under; stage validate checks it.

    Raises SplitFileError as ``read_split`` does.
    """
    return {recording: label for recording, label, _ in _rows(path)}


def _rows(path: Path) -> list[tuple[Recording, str, str]]:
    """Return the recording, the label and the subset of each line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
    except FileNotFoundError as error:
        raise SplitFileError(f"{path}: {error.strerror}. Make it with: dvc repro split") from None
    except (UnicodeDecodeError, csv.Error):
        header, rows = [], []  # no table at all has other columns too
    except ValueError:
        raise SplitFileError(f"{path}: empty. Make it again with: dvc repro -f split") from None
    wrong = [row for row in rows if len(row) != len(COLUMNS)]
    if tuple(header) != COLUMNS or wrong:
        raise SplitFileError(
            f"{path}: its columns are not {','.join(COLUMNS)}. "
            "Make it again with: dvc repro -f split"
        )
    try:
        return [
            (parse_name(corpus, name), label, subset) for corpus, _, name, label, subset in rows
        ]
    except RecordingNameError as error:
        raise SplitFileError(f"{path}: {error}") from None
