"""The screen's layout: the word, a bar for each word of the vocabulary, and what was said."""

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from live_support import METADATA, save_model
from rich.console import Console

from spoken_digits.export.inference import load_model
from spoken_digits.live.decision import decide
from spoken_digits.live.listener import Word
from spoken_digits.live.screen import Screen

MANY = [f"word-{number:02}" for number in range(60)]
LONG = ["turn-on-the-lights-in-the-hall", "no"]  # 30 characters


@pytest.fixture
def screen(tmp_path: Path) -> Callable[[Sequence[str]], Screen]:
    """Return a function that makes the screen of a model with these labels."""

    def make(labels: Sequence[str]) -> Screen:
        metadata = METADATA | {"labels": json.dumps([*labels, "other"])}
        others = len(labels) + 1 - 2
        model = load_model(save_model(tmp_path / "model.onnx", metadata, 2, others))
        return Screen("default", model)

    return make


def hear(screen: Screen, labels: Sequence[str], at: float = 0.0, **shares: float) -> None:
    """Let the screen show a word with these probabilities; keys have _ for a hyphen or a digit."""
    probabilities = np.zeros(len(labels) + 1, np.float32)
    for name, share in shares.items():
        name = name.removeprefix("_").replace("_", "-")
        probabilities[[*labels, "other"].index(name)] = share
    verdict = decide(labels, probabilities, 0.5, -20, 0.5)
    screen.word(Word(at, at + 0.5, verdict, 40.0, np.zeros(8000, np.float32)))


def lines_of(screen: Screen, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    with console.capture() as drawn:
        console.print(screen)
    return drawn.get().splitlines()


def test_before_anything_is_said(screen):
    lines = lines_of(screen(["yes", "no", "lights-on"]))
    assert any(line.strip() == "say a word" for line in lines)
    bars = [line.split() for line in lines if "%" in line]
    assert [words[-2:] for words in bars] == [["yes", "0%"], ["no", "0%"], ["lights-on", "0%"]]
    assert any(line.strip() == "say a digit" for line in lines_of(screen("0123456789")))


def test_a_word_is_shown_with_its_bar_and_what_was_said(screen):
    labels = ["yes", "no", "lights-on"]
    shown = screen(labels)
    hear(shown, labels, yes=0.9, other=0.1)
    hear(shown, labels, 3.0, lights_on=0.75, no=0.25)
    hear(shown, labels, 4.0, no=0.25, other=0.75)
    hear(shown, labels, 5.0, lights_on=0.75, no=0.25)
    lines = lines_of(shown)
    (bar,) = [line for line in lines if re.search("lights-on ━+ 75%$", line)]
    (less,) = [line for line in lines if re.search("no +━+ 25%$", line)]
    assert bar.count("━") == pytest.approx(3 * less.count("━"), abs=2)
    assert "    lights-on  75%  ·  40 ms" in lines
    assert "    said  yes lights-on lights-on" in lines


def test_digits_are_drawn_large_and_put_together(screen):
    shown = screen("0123456789")
    hear(shown, "0123456789", _7=0.9)
    hear(shown, "0123456789", 1.9, _1=0.9)
    lines = lines_of(shown)
    assert "    said  71" in lines
    bars = [line for line in lines if line.endswith("%")]
    assert len(bars) == 10
    assert all("██" in line for line in bars)
    assert "    said  1" in lines_of(shown, width=13), "the latest, where there is no room for all"


def test_a_long_pause_is_a_blank_in_what_was_said(screen):
    shown = screen("0123456789")
    for at in (0.0, 1.0, 3.1, 4.0):  # 1.6 s after the end of the second
        hear(shown, "0123456789", at, _5=0.9)
    assert "    said  55 55" in lines_of(shown)


@pytest.mark.parametrize("height", [24, 14])
def test_a_digit_is_drawn_whole_beside_fewer_bars(screen, height):
    shown = screen("01")
    hear(shown, "01", _0=0.9)
    lines = lines_of(shown, height=height)
    assert len(lines) <= height
    assert len([line for line in lines if line.endswith("%")]) == 2
    large = [line for line in lines if "██" in line and "dBFS" not in line]
    assert len(large) == min(10, height - 10)
    assert "q quits" in lines[-1]


@pytest.mark.parametrize("height", [70, 24, 14, 12])
def test_sixty_words_fit_the_terminal(screen, height):
    shown = screen(MANY)
    hear(shown, MANY, word_57=0.7, word_03=0.2, other=0.1)
    lines = lines_of(shown, height=height)
    assert len(lines) <= height
    bars = [line for line in lines if line.endswith("%")]
    assert len(bars) == min(60, height - 10)
    assert re.findall(r"(\S+) ━", "\n".join(bars)) == ["word-03", "word-57"]
    assert "    word-57  70%  ·  40 ms" in lines
    assert "    said  word-57" in lines
    assert "q quits" in lines[-1]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (50, 14), (20, 5), (1, 1)])
@pytest.mark.parametrize("labels", [MANY, LONG, "0123456789"], ids=["many", "long", "digits"])
def test_no_line_is_too_long_and_none_too_many(screen, labels, width, height):
    shown = screen(labels)
    hear(shown, labels, **{f"_{labels[0]}": 0.9})
    lines = lines_of(shown, width, height)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_a_long_word_leaves_room_for_its_probability(screen):
    shown = screen(LONG)
    hear(shown, LONG, turn_on_the_lights_in_the_hall=0.9)
    (bar,) = [line for line in lines_of(shown) if line.endswith("90%")]
    assert "turn-on-the-lights-in-the-hall ━" in bar
