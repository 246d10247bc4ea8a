"""--string with the network that reads numbers beside the model: files and standard input."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from live_support import PROGRAM, project, room, word
from number_support import save_number_model


@pytest.fixture
def folder(tmp_path):
    made = project(tmp_path)
    save_number_model(made / "models" / "released" / "numbers.onnx")
    return made


def said(*numbers: str) -> np.ndarray:
    parts: list = [0.5]
    for number in numbers:
        parts += [word(int(digit)) for digit in number] + [2.0]
    return room(*parts)


def run(folder, *arguments: str, stdin: bytes = b"") -> list[str]:
    done = subprocess.run(
        [sys.executable, PROGRAM, *arguments], cwd=folder, input=stdin, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def test_the_numbers_of_a_file(folder):
    soundfile.write(folder / "n.wav", said("4711", "12"), 16_000)
    assert run(folder, "--string", "n.wav") == ["n.wav: 4711 12"]


def test_json_says_when_each_digit_is_said_and_how_sure(folder):
    soundfile.write(folder / "n.wav", said("90"), 16_000)
    (line,) = run(folder, "--string", "--json", "n.wav")
    heard = json.loads(line)
    assert (heard["file"], heard["string"]) == ("n.wav", "90")
    (number,) = heard["numbers"]
    nine, nought = number["digits"]
    assert (nine["digit"], nought["digit"]) == ("9", "0")
    assert 0.45 < nine["start"] < 0.6 < 0.85 < nought["start"] < 1.0
    assert 0 < number["confidence"] <= 1


def test_numbers_on_standard_input_are_a_line_each(folder):
    pcm = np.rint(said("31", "7") * 32767).astype("<i2").tobytes()
    assert run(folder, "--string", "-", stdin=pcm) == ["31", "7"]


def test_without_such_a_network_there_are_the_rules(folder):
    (folder / "models" / "released" / "numbers.onnx").unlink()
    soundfile.write(folder / "n.wav", said("42"), 16_000)
    assert run(folder, "--string", "n.wav") == ["n.wav: 42"]
