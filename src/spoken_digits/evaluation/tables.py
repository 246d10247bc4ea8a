"""Small tables that DVC plots."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from spoken_digits.evaluation.summary import rounded
from spoken_digits.files import write_text


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Write rows of text under a line of column names."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(columns), *rows])
    write_text(path, text.getvalue())


def write_json(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as a list of objects, one a line, floats rounded: CSV would make text of them."""
    lines = [json.dumps(rounded(dict(row))) for row in rows]
    write_text(path, "[" + ",\n".join(lines) + "]\n")
