"""--string: numbers in files, on standard input and on a terminal."""

import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from live_support import OF_WORDS, PROGRAM, project, room, save_model, save_number_model, word


@pytest.fixture
def folder(tmp_path):
    return project(tmp_path)


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


def test_json_on_standard_input_has_the_same_and_the_time(folder):
    pcm = np.rint(said("31") * 32767).astype("<i2").tobytes()
    (line,) = run(folder, "--string", "--json", "-", stdin=pcm)
    heard = json.loads(line)
    assert set(heard) == {"time", "string", "confidence", "digits", "latency_ms"}
    assert heard["latency_ms"] is None  # what is piped need not come as fast as it was said
    assert [digit["digit"] for digit in heard["digits"]] == ["3", "1"]


def test_once_is_one_number_and_seconds_end_it(folder):
    pcm = np.rint(said("31", "7") * 32767).astype("<i2").tobytes()
    assert run(folder, "--string", "--once", "-", stdin=pcm) == ["31"]
    assert run(folder, "--string", "--seconds", "2", "-", stdin=pcm) == ["31"]


def test_a_terminal_shows_digits_while_they_are_said(folder):
    """What is fed ends with 1.2 s of quiet: both digits are shown, the number has not ended."""
    main, side = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, PROGRAM, "--string", "-"],
        cwd=folder, stdin=subprocess.PIPE, stdout=side, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert program.stdin
    program.stdin.write(np.rint(room(0.5, word(3), word(1), 1.2) * 32767).astype("<i2").tobytes())
    program.stdin.flush()
    shown = b""
    while b"31" not in shown:
        shown += os.read(main, 100)
    assert b"\n" not in shown
    program.stdin.close()
    while b"\n" not in shown:
        shown += os.read(main, 100)
    assert shown.endswith(b"\r\x1b[K31\r\n")
    assert program.wait(60) == 0
    os.close(side)
    os.close(main)


def refused(folder, *arguments: str) -> str:
    done = subprocess.run([sys.executable, PROGRAM, *arguments], cwd=folder, capture_output=True)
    assert (done.returncode, done.stdout) == (3, b"")
    return done.stderr.decode()


def test_without_the_network_that_reads_numbers(folder):
    (folder / "models/released/numbers.onnx").unlink()
    soundfile.write(folder / "n.wav", said("42"), 16_000)
    assert refused(folder, "--string", "n.wav").endswith(
        "error: models/released/numbers.onnx: no such file, and --string reads with it. Take it "
        "from Git: git checkout models/released/numbers.onnx, or train one (models/digits.onnx "
        "uses it, with live.model: trained) with: make numbers\n"
    )
    save_model(folder / "models/digits.onnx")
    assert refused(folder, "--string", "--model", "models/digits.onnx", "-").endswith(
        "error: models/numbers.onnx: no such file, and --string reads with it. Make it with: "
        "make numbers\n"
    )
    assert run(folder, "n.wav")[0].startswith("n.wav: ")  # a single word needs none


def test_a_network_of_other_words(folder):
    save_number_model(folder / "models/released/numbers.onnx", OF_WORDS, words=3)
    assert refused(folder, "--string", "-").endswith(
        "error: models/released/numbers.onnx: reads yes, no, lights-on, and "
        "models/released/digits.onnx recognises 0, 1, 2, 3, 4, 5, 6, 7, 8, 9. Make it anew with: "
        "make numbers\n"
    )
