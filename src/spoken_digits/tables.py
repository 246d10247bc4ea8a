"""Small CSV files that DVC plots."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from spoken_digits.files import write_text


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows under a line of ``columns``; floats with 6 decimals at most."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _short(value) for key, value in row.items()})
    write_text(path, text.getvalue())


def _short(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
