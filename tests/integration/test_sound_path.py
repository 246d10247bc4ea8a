"""The running program hears what is played, through a real sound server and PortAudio."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from live_support import PROGRAM, ROOT, murmur, project, room, word
from sound_server import Program, SoundServer

pytestmark = pytest.mark.sound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return project(tmp_path / "project")


@pytest.mark.slow
def test_digits_are_heard_as_they_are_said(sound_server, folder):
    program = Program(sound_server, folder, "--json")
    program.wait_for("listening to")
    sound_server.play(room(0.6, word(7, 0.5), 0.7, murmur(0.4), 0.7, word(3, 0.5), 1.0))
    seven, other, three = (json.loads(program.line()) for _ in range(3))
    assert [seven["digit"], other["digit"], three["digit"]] == ["7", None, "3"]
    assert other["reason"] == "sounds like something else"
    assert set(seven) == {
        "time", "start", "end", "digit", "confidence", "probabilities", "latency_ms",
    }  # fmt: skip
    assert three["start"] - seven["start"] == pytest.approx(2.3, abs=0.05)
    assert seven["end"] - seven["start"] == pytest.approx(0.5, abs=0.1)
    assert seven["latency_ms"] >= 300  # the hang-over
    assert sum(seven["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert program.stop() == 0


@pytest.mark.slow
def test_a_spoken_number_is_one_line(sound_server, folder):
    program = Program(sound_server, folder, "--string", "--json")
    program.wait_for("listening to")
    digits = [5, 5, 5, 1, 2]
    parts = [part for digit in digits for part in (word(digit, 0.35), 0.15)]
    sound_server.play(room(1.0, *parts, 0.6, word(9), 3.5))
    number = json.loads(program.line())
    assert number["string"] == "555129"
    assert number["latency_ms"] >= 1500  # the pause
    program.stop()


@pytest.mark.slow
def test_once_stops_after_the_first_thing_said_and_save_keeps_it(sound_server, folder):
    program = Program(sound_server, folder, "--once", "--save", "heard", "--device", "default")
    program.wait_for("listening to")
    sound_server.play(room(1.0, word(8), 1.0))
    assert program.wait_for("8  ")
    assert "saved heard/8_live_0.wav" in program.line()
    assert program.process.wait(10) == 0
    again = subprocess.run(
        [sys.executable, str(PROGRAM), "heard/8_live_0.wav"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert again.stdout.startswith("heard/8_live_0.wav: 8")


@pytest.mark.slow
def test_half_a_second_as_the_ancestor_did(sound_server, folder):
    program = Program(sound_server, folder, "--once", "--seconds", "0.5")
    program.wait_for("listening to")
    assert "not a digit (too quiet" in program.line()
    assert program.process.wait(10) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("take_away", "bring_back"),
    [
        pytest.param(SoundServer.unplug, SoundServer.plug_in, id="unplugged"),
        pytest.param(SoundServer.stop, SoundServer.start, id="the sound server dies"),
    ],
)
def test_a_microphone_that_is_gone_is_waited_for(sound_server, folder, take_away, bring_back):
    program = Program(sound_server, folder)
    program.wait_for("listening to")
    sound_server.play(room(1.0, word(2), 0.8))
    assert program.wait_for("2  ")
    take_away(sound_server)
    assert "the microphone is gone; waiting for it" in program.wait_for("gone")
    bring_back(sound_server)
    program.wait_for("the microphone is back")
    sound_server.play(room(1.0, word(6), 0.8))
    program.wait_for("6  ")
    assert program.stop() == 0


@pytest.mark.slow
def test_samples_that_are_no_numbers_are_lost_and_the_rest_is_heard(sound_server, folder):
    program = Program(sound_server, folder)
    program.wait_for("listening to")
    broken = np.full(3200, np.nan, np.float32)
    sound_server.play(np.concatenate([room(1.0, word(2), 0.7), broken, room(0.7, word(6), 0.8)]))
    assert program.wait_for("2  ")
    program.wait_for("ms of sound lost: this machine is too busy, or the device is out of order")
    program.wait_for("6  ")
    assert program.stop() == 0


def test_a_wrong_device_name_lists_the_right_ones(sound_server, folder):
    program = Program(sound_server, folder, "--device", "defalt")
    line = program.line()
    assert "--device defalt: no such microphone; did you mean default?" in line
    assert "There are:" in line
    assert program.process.wait(10) == 4


def test_the_devices_are_listed(sound_server, folder):
    program = Program(sound_server, folder, "--list-devices")
    assert "default" in program.wait_for("*")
    assert program.process.wait(10) == 0


_TAKEN = """
import os, socket, sys
sys.path.insert(0, {src!r})
from spoken_digits.errors import run_script
from spoken_digits.live.microphone import Microphone

def main():
    microphone = Microphone()  # is there; now another program takes every place the server has
    places = [socket.socket(socket.AF_UNIX) for _ in range(64)]
    for place in places:
        place.connect(os.environ["PULSE_RUNTIME_PATH"] + "/native")
    if "--release" in sys.argv:
        for place in places:
            place.close()
    with microphone:
        print("open")

run_script(main)
"""


@pytest.mark.parametrize(("arguments", "code"), [([], 4), (["--release"], 0)])
def test_a_device_that_takes_no_more(sound_server, arguments, code):
    """PulseAudio has 64 places, and really refuses the 65th."""
    script = _TAKEN.format(src=str(ROOT / "src"))
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=sound_server.env, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == code
    if code:
        assert "error: default: busy or not there. Close the program that is using it" in (
            done.stderr
        )
        assert "Traceback" not in done.stderr
    else:
        assert done.stdout == "open\n"


def test_no_microphone(sound_server, folder):
    sound_server.stop()
    program = Program(sound_server, folder)
    assert program.line().startswith("error: no microphone found. Plug one in")
    assert program.process.wait(10) == 4
