"""Numbers that are read, as lines of text or of JSON; on a terminal also while they are said."""

import json
import sys
from datetime import datetime
from typing import Any, TextIO

from spoken_digits.live.number_reader import Number
from spoken_digits.vocabulary import noun

_CLEAR = "\r\x1b[K"  # to the line's beginning, and erase it


def written(number: Number, labels: tuple[str, ...], reject: float) -> str:
    """Write a number as it is read: "12?4", or words between blanks."""
    return number.text(reject, "" if noun(labels) == "digit" else " ")


def described(number: Number, labels: tuple[str, ...], reject: float) -> dict[str, Any]:
    """Return what JSON says of a number: the string, how sure it is, and each word's time."""
    return {
        "string": written(number, labels, reject),
        "confidence": round(number.confidence, 4),
        f"{noun(labels)}s": [
            {
                noun(labels): word.label,
                "start": round(word.start, 2),
                "end": round(word.end, 2),
                "confidence": round(word.confidence, 4),
            }
            for word in number.words
        ],
    }


class NumberLines:
    """A line a number on standard output; on a terminal the line grows while it is said."""

    def __init__(
        self, labels: tuple[str, ...], reject: float, as_json: bool, out: TextIO | None = None
    ) -> None:
        self._labels = labels
        self._reject = reject
        self._as_json = as_json
        self._out = out or sys.stdout
        self._grows = not as_json and self._out.isatty()
        self._shown = ""

    def so_far(self, number: Number) -> None:
        """Show a number that is being said; its last words may change."""
        text = written(number, self._labels, self._reject)
        if self._grows and text != self._shown:
            self._print(f"{_CLEAR}{text}", end="")
            self._shown = text

    def number(self, number: Number) -> None:
        """Print a number that is complete."""
        if self._as_json:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            self._print(json.dumps({"time": now, **described(number, self._labels, self._reject)}))
        else:
            text = written(number, self._labels, self._reject)
            self._print(f"{_CLEAR if self._grows else ''}{text}")
        self._shown = ""

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, file=self._out, end=end, flush=True)
