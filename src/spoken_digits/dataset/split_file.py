"""data/split.csv: the subset of every recording, written by stage split and read by later ones."""

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spoken_digits.dataset.table import SUBSETS, Recordings, SplitTable
from spoken_digits.errors import UserError
from spoken_digits.files import replacing, shown
from spoken_digits.recording import Recording, RecordingNameError, parse_name

COLUMNS = ("corpus", "speaker", "name", "label", "subset")


class SplitFileError(UserError):
    """A split that is missing, or that is none."""


def write_split(path: Path, split: SplitTable) -> None:
    """Write each recording and its subset, a line each, in the order given.

    Speaker and label are in the name; they have columns of their own for whoever reads the table.
    """
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for recording, subset in split.items():
            corpus, label, speaker, _ = recording
            writer.writerow([corpus, speaker, recording.name, label, subset])


def read_split(path: Path) -> SplitTable:
    """Return every recording and its subset.

    Raises SplitFileError if the file is missing, has other columns, names a recording twice, or
    holds a name that is no recording's, or a subset that is none.
    """
    subsets = array("B")

    def listed() -> Iterator[Recording]:
        for recording, _, subset in _rows(path):
            if subset not in SUBSETS:
                raise SplitFileError(
                    f"{path}: {recording}: the subset '{shown(subset)}' is not train, validation "
                    "or test. Make it again with: dvc repro -f split"
                )
            subsets.append(SUBSETS.index(subset))
            yield recording

    recordings = Recordings.of(listed())
    first = recordings.first_equal()
    if len(repeated := np.unique(first[first != np.arange(len(first))])):
        raise SplitFileError(
            f"{path}: {len(repeated)} recordings are there twice, among them "
            f"{recordings[int(repeated[0])]}. Make it again with: dvc repro -f split"
        )
    return SplitTable(recordings, np.array(subsets, np.uint8))


def read_wrong_labels(path: Path) -> list[tuple[Recording, str]]:
    """Return the recordings that the file lists under a label that their names do not say, and it.

    Stage validate checks that there are none. Raises SplitFileError as ``read_split`` does.
    """
    return [(recording, label) for recording, label, _ in _rows(path) if label != recording.label]


def _rows(path: Path) -> Iterator[tuple[Recording, str, str]]:
    """Yield the recording, the label and the subset of each line."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, None)
            if header is None:
                raise SplitFileError(f"{path}: empty. Make it again with: dvc repro -f split")
            if tuple(header) != COLUMNS:
                raise _other_columns(path)
            for row in rows:
                if len(row) != len(COLUMNS):
                    raise _other_columns(path)
                corpus, _, name, label, subset = row
                yield parse_name(corpus, name), label, subset
    except FileNotFoundError as error:
        raise SplitFileError(f"{path}: {error.strerror}. Make it with: dvc repro split") from None
    except (UnicodeDecodeError, csv.Error):  # no table at all has other columns too
        raise _other_columns(path) from None
    except RecordingNameError as error:
        raise SplitFileError(f"{path}: {error}") from None


def _other_columns(path: Path) -> SplitFileError:
    return SplitFileError(
        f"{path}: its columns are not {','.join(COLUMNS)}. Make it again with: dvc repro -f split"
    )
