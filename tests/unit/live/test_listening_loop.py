"""The listening loop: what is said between two pauses is one word."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live_support import METADATA, OF_WORDS, room, save_model, word

from spoken_digits.export.inference import load_model
from spoken_digits.live.listener import Listener
from spoken_digits.live.loop import listen
from spoken_digits.live.microphone import Block
from spoken_digits.live.output import JsonLines, Lines


def listened(path: Path, metadata: dict[str, str], words: int) -> Listener:
    return Listener(load_model(save_model(path / "model.onnx", metadata, words=words)), 0.5, 300)


def blocks(sound: np.ndarray) -> Iterator[Block]:
    for start in range(0, len(sound), 1600):
        yield Block(sound[start : start + 1600], None)


SOUND = room(0.5, word(2), 0.5, word(0), 2.2, word(1), 0.8)


@pytest.mark.parametrize(
    ("metadata", "words", "expected"),
    [(METADATA, 10, ["2", "0", "1"]), (OF_WORDS, 3, ["lights-on", "yes", "no"])],
    ids=["digits", "words"],
)
def test_a_line_a_word(tmp_path, capsys, metadata, words, expected):
    listener = listened(tmp_path, metadata, words)
    listen(blocks(SOUND), listener, Lines(listener.model))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [words[2] for words in lines] == expected
    assert float(lines[0][0]) == pytest.approx(0.5, abs=0.1)


def test_words_without_a_pause_are_none(tmp_path, capsys):
    listener = listened(tmp_path, METADATA, 10)
    listen(blocks(room(0.5, *map(word, (5, 1, 2, 8, 9)), 0.8)), listener, Lines(listener.model))
    (line,) = capsys.readouterr().out.splitlines()
    assert "not a digit (too long: 2." in line


def test_json_names_the_words(tmp_path, capsys):
    listener = listened(tmp_path, OF_WORDS, 3)
    listen(blocks(SOUND), listener, JsonLines(listener.model))
    lines = capsys.readouterr().out.splitlines()
    assert ['"word": "lights-on"' in line for line in lines] == [True, False, False]
    assert len(lines) == 3


def test_saved_words_are_called_by_their_label(tmp_path, capsys):
    listener = listened(tmp_path, OF_WORDS, 3)
    lines = Lines(listener.model)
    listen(blocks(SOUND), listener, lines, save=tmp_path / "kept")
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "lights-on_live_0.wav",
        "no_live_0.wav",
        "yes_live_0.wav",
    ]
