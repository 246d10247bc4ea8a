"""The terminal while listening: level, state, the word, all probabilities, what was said."""

import itertools
import time
from typing import Any, Self

import numpy as np
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.text import Text

from spoken_digits.export.inference import Model
from spoken_digits.live import keys
from spoken_digits.live.listener import Listener, Word
from spoken_digits.live.messages import joined, say
from spoken_digits.live.number_reader import PAUSE_S

_FRAMES_A_SECOND = 12
_QUIET_DBFS, _LOUD_DBFS = -60.0, 0.0  # the ends of the level meter
_NOTICE_S = 6.0
_SPARE = 14  # columns of a bar's row that are no bar, beside the label
_BELOW = 6  # lines below the bars

_GLYPHS = {  # 6 x 5, as seven segments would have it
    "0": (" ████ ", "██  ██", "██  ██", "██  ██", " ████ "),
    "1": ("  ██  ", "████  ", "  ██  ", "  ██  ", "██████"),
    "2": ("█████ ", "    ██", " ████ ", "██    ", "██████"),
    "3": ("█████ ", "    ██", " ████ ", "    ██", "█████ "),
    "4": ("██  ██", "██  ██", "██████", "    ██", "    ██"),
    "5": ("██████", "██    ", "█████ ", "    ██", "█████ "),
    "6": (" ████ ", "██    ", "█████ ", "██  ██", " ████ "),
    "7": ("██████", "   ██ ", "  ██  ", " ██   ", " ██   "),
    "8": (" ████ ", "██  ██", " ████ ", "██  ██", " ████ "),
    "9": (" ████ ", "██  ██", " █████", "    ██", " ████ "),
}
_NO_DIGIT = (" " * 6, " " * 6, " ─── ".center(6), " " * 6, " " * 6)
_STATE_STYLES = {"listening": "green", "hearing": "yellow", "thinking": "magenta", "gone": "red"}


class Screen:
    """An outlet that owns the terminal until it ends; drawn anew 12 times a second."""

    def __init__(self, device: str, model: Model) -> None:
        self._title = f"{device} · {model.path}"
        self._model = model
        self._live = Live(self, console=Console(), screen=True, auto_refresh=False)
        self._keys = keys.single_keys()
        self._drawn = 0.0
        self._state = "listening"
        self._level = _QUIET_DBFS
        self._word: Word | None = None
        self._said: list[list[str]] = [[]]  # words, by number or by what was said in a row
        self._notice = ""
        self._noticed = 0.0

    def __enter__(self) -> Self:
        """Take the terminal over."""
        self._keys.__enter__()
        self._live.__enter__()
        self._draw()
        return self

    def __exit__(self, *raised: Any) -> None:
        """Give the terminal back, and leave on it what was said."""
        self._live.__exit__(*raised)
        self._keys.__exit__(*raised)
        if said := self._all_said():
            print(said)

    def tick(self, listener: Listener, state: str) -> bool:
        """Draw the level and the state; return whether q was pressed."""
        self._level = max(listener.level_dbfs, self._level - 3)
        changed = state != self._state
        self._state = state
        if changed or time.monotonic() - self._drawn > 1 / _FRAMES_A_SECOND:
            self._draw()
            return "q" in keys.pressed().lower()
        return False

    def word(self, word: Word) -> None:
        """Show a word."""
        if self._word is not None and word.start - self._word.end > PAUSE_S:
            self._said.append([])
        self._word = word
        if word.verdict.label is not None:
            self._said[-1].append(word.verdict.label)
        self._draw()

    def notice(self, text: str) -> None:
        """Show a notice for some seconds."""
        self._notice, self._noticed = text, time.monotonic()
        self._draw()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the screen out for the terminal's size as it is now."""
        width = options.max_width
        lines = [
            Text.assemble(
                (f" {self._state:<10}", f"bold {_STATE_STYLES[self._state]}"), (self._title, "dim")
            ),
            Text(f" {self._model.training}", "dim"),
            self._meter(width),
            Text(),
        ]
        lines += self._bars(width, options.max_height - len(lines) - _BELOW)
        lines += [Text(), Text("    " + self._outcome()), Text()]
        lines.append(Text("    said  " + self._all_said()[-max(1, width - 12) :], style="bold"))
        recent = time.monotonic() - self._noticed < _NOTICE_S
        lines.append(Text("    " + self._notice if recent else "", style="yellow"))
        lines.append(Text("    q quits", style="dim"))
        for row_text in lines[: options.max_height]:
            row_text.no_wrap, row_text.overflow = True, "ellipsis"
        yield Group(*lines[: options.max_height])

    def _bars(self, width: int, height: int) -> list[Text]:
        """Draw the word in large beside a bar for each word, in at most ``height`` lines.

        If they are more, those of the likeliest.
        """
        labels = self._model.labels
        verdict = self._word.verdict if self._word else None
        claimed = verdict.label if verdict else None
        probabilities = verdict.probabilities if verdict else np.zeros(len(labels) + 1)
        shown = list(range(len(labels)))
        if len(shown) > height > 0:
            shown = sorted(np.argsort(-probabilities[:-1], kind="stable")[:height].tolist())
        longest = max(map(len, labels))
        lines = []
        drawn = self._in_large(claimed, len(shown))
        for index, large in itertools.zip_longest(shown, drawn[: max(height, len(shown))]):
            if index is None:  # a digit is drawn higher than these few bars
                lines.append(Text(f"    {large}", "bold green"))
                continue
            label, share = labels[index], float(probabilities[index])
            bar = "━" * round(share * max(0, width - 4 - len(large) - longest + 1 - _SPARE))
            style = "bold green" if label == claimed else "cyan"
            lines.append(
                Text.assemble(
                    (f"    {large}", "bold green"), f"   {label:{longest}} ", (bar, style),
                    f" {share:.0%}",
                )
            )  # fmt: skip
        return lines

    def _in_large(self, claimed: str | None, height: int) -> list[str]:
        """Return a word as so many lines or more: a digit drawn, another word in the middle."""
        if self._model.noun == "digit":
            glyph = _GLYPHS.get(claimed or "", _NO_DIGIT)
            lines = [line for line in glyph for _ in range(2)]  # each of its rows twice
            return lines + [" " * len(lines[0])] * (height - len(lines))
        room = max(map(len, self._model.labels))
        lines = [" " * room] * height
        lines[height // 2] = (claimed or "───").center(room)
        return lines

    def _all_said(self) -> str:
        return " ".join(joined(words, self._model.noun) for words in self._said if words)

    def _meter(self, width: int) -> Text:
        room = max(1, width - 22)
        share = (self._level - _QUIET_DBFS) / (_LOUD_DBFS - _QUIET_DBFS)
        full = round(min(max(share, 0.0), 1.0) * room)
        style = "red" if self._level > -1 else "green"
        level = f"{self._level:4.0f} dBFS" if self._level > -99 else "  silence"
        return Text.assemble(
            "    level  ", ("█" * full, style), ("░" * (room - full), "dim"), f" {level}"
        )

    def _outcome(self) -> str:
        if self._word is None:
            return f"say a {self._model.noun}"
        latency = self._word.latency_ms
        return say(self._word.verdict, self._model.noun) + (
            "" if latency is None else f"  ·  {latency:.0f} ms"
        )

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        self._live.refresh()
