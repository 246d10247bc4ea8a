"""Numbers that are read, as lines of text or of JSON; on a terminal also while they are said."""

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from spoken_digits.live.messages import joined
from spoken_digits.live.number_reader import UNSURE, Number, Read
from spoken_digits.live.output import now

_CLEAR = "\r\x1b[K"  # to the line's beginning, and erase it


def written(words: Sequence[Read], noun: str, reject: float) -> str:
    """Write what is read: "12?4", or words between blanks."""
    return joined([word.label if word.confidence >= reject else UNSURE for word in words], noun)


def described(number: Number, noun: str, reject: float) -> dict[str, Any]:
    """Return what JSON says of a number: the string, how sure it is, and each word's time."""
    return {
        "string": written(number.words, noun, reject),
        "confidence": round(number.confidence, 4),
        f"{noun}s": [
            {
                noun: word.label,
                "start": round(word.start, 2),
                "end": round(word.end, 2),
                "confidence": round(word.confidence, 4),
            }
            for word in number.words
        ],
    }


class NumberLines:
    """A line a number on standard output; on a terminal the line grows while it is said."""

    def __init__(self, noun: str, reject: float, as_json: bool, out: TextIO | None = None) -> None:
        self._noun = noun
        self._reject = reject
        self._as_json = as_json
        self._out = out or sys.stdout
        self.grows = not as_json and self._out.isatty()
        """Whether ``so_far`` shows anything."""
        self._shown = ""

    def so_far(self, words: Sequence[Read]) -> None:
        """Show a number that is being said; its last words may change."""
        text = written(words, self._noun, self._reject)
        if self.grows and text != self._shown:
            self._print(f"{_CLEAR}{text}", end="")
            self._shown = text

    def number(self, number: Number, latency_ms: float | None) -> None:
        """Print a number that is complete, so long after its end, where that is known."""
        if self._as_json:
            line = {"time": now(), **described(number, self._noun, self._reject)}
            line["latency_ms"] = None if latency_ms is None else round(latency_ms, 1)
            self._print(json.dumps(line))
        else:
            text = written(number.words, self._noun, self._reject)
            self._print(f"{_CLEAR if self.grows else ''}{text}")
        self._shown = ""

    def notice(self, text: str) -> None:
        """Print a notice on standard error, on a line of its own."""
        if self._shown:
            self._print(_CLEAR, end="")
            self._shown = ""
        print(text, file=sys.stderr, flush=True)

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, file=self._out, end=end, flush=True)
