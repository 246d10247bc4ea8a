"""A device with two channels, or four, is opened with all of them, and they are mixed."""

import subprocess
import sys

import numpy as np
import pytest
from live_support import ROOT, project, room, word
from sound_server import Program

pytestmark = [pytest.mark.sound, pytest.mark.slow]

# PulseAudio would mix them itself; a device that has so many gives all of them.
_HEAR = """
import sys, time
sys.path.insert(0, {src!r})
import numpy as np
from spoken_digits.live.microphone import Microphone

microphone = Microphone()
microphone.device = microphone.device._replace(channels={channels})
with microphone:
    print("open with", microphone._stream.channels, flush=True)
    peak, began = 0.0, time.monotonic()
    for block in microphone.blocks():
        peak = max(peak, float(np.abs(block.samples).max(initial=0)))
        if peak > 0.25 or time.monotonic() - began > 20:
            break
print("loudest", peak)
"""


@pytest.mark.parametrize("channels", [2, 4])
def test_a_device_with_a_few_channels(sound_server, channels):
    """The left and the right are opposite: their mean is nothing, and still the word is heard."""
    script = _HEAR.format(src=str(ROOT / "src"), channels=channels)
    hearing = subprocess.Popen(
        [sys.executable, "-c", script], env=sound_server.env, text=True, stdout=subprocess.PIPE
    )
    assert hearing.stdout
    assert hearing.stdout.readline() == f"open with {channels}\n"
    sound = room(1.0, word(7, 0.5), 0.7, word(3, 0.5), 1.0)
    sound_server.play(np.stack([sound, -sound], axis=1))
    assert float(hearing.stdout.readline().removeprefix("loudest ")) > 0.25
    assert hearing.wait(10) == 0


def test_a_sound_server_s_device_is_opened_with_one(sound_server):
    script = _HEAR.format(src=str(ROOT / "src"), channels=32).replace("> 20", "> 0.1")
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=sound_server.env, text=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("open with 1\n")


def test_a_muted_microphone_is_told(sound_server, tmp_path):
    program = Program(sound_server, project(tmp_path))
    program.wait_for("listening to")
    sound_server.play(np.zeros(6 * 16_000, np.float32))
    assert program.wait_for("digital silence for 3 s, as from a microphone that is muted")
    assert program.stop() == 0
