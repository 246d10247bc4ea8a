"""Where what was heard goes: lines of text, lines of JSON. (The screen is in screen.py.)"""

import sys
from datetime import datetime
from typing import Any, Protocol, Self

from spoken_digits.export.inference import Model
from spoken_digits.live.listener import Listener, Word
from spoken_digits.live.messages import as_json, say


class Outlet(Protocol):
    """What a listening program shows."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *raised: Any) -> None:
        """End, and leave the terminal as it was."""

    def tick(self, listener: Listener, state: str) -> bool:
        """Show the level and the state; return whether the user wants to stop."""

    def word(self, word: Word) -> None:
        """Show a word."""

    def notice(self, text: str) -> None:
        """Show that something has happened to the sound."""


class Lines:
    """A line a word on standard output, notices on standard error."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *raised: Any) -> None:
        """End."""

    def tick(self, listener: Listener, state: str) -> bool:  # noqa: ARG002
        """Show nothing."""
        return False

    def word(self, word: Word) -> None:
        """Print a word and when it was said."""
        print(f"{word.start:8.2f} s  {say(word.verdict, self._model.noun)}", flush=True)

    def notice(self, text: str) -> None:
        """Print a notice on standard error."""
        print(text, file=sys.stderr, flush=True)


class JsonLines(Lines):
    """A JSON object a line, of each word."""

    def word(self, word: Word) -> None:
        """Print a word's times, in s since the stream began, and what it was taken for."""
        latency = None if word.latency_ms is None else round(word.latency_ms, 1)
        line = as_json(
            self._model,
            time=now(),
            start=round(word.start, 3),
            end=round(word.end, 3),
            latency_ms=latency,
            verdict=word.verdict,
        )
        print(line, flush=True)


def now() -> str:
    """Return the time, as JSON has it."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
