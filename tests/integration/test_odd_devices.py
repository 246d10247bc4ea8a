"""Devices that ALSA makes of nothing: for playing alone, with two channels, with eight."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_support import PROGRAM, project


def _null(name: str, channels: int) -> str:
    bound = "".join(f"bindings.{n} {{ slave a channel {n} }} " for n in range(channels))
    return (
        f'pcm.{name} {{ type multi slaves.a {{ pcm "null" channels {channels} }} {bound}'
        f'hint {{ show on description "{name}" }} }}\n'
    )


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has these three devices, and no other."""
    speaker = (
        'pcm.speaker { type asym playback.pcm "null" hint { show on description "speaker" } }\n'
    )
    (tmp_path / ".asoundrc").write_text(speaker + _null("two", 2) + _null("eight", 8))
    env = os.environ | {"HOME": str(tmp_path), "PULSE_SERVER": "/nowhere"}
    script = (
        "import json, sounddevice as s; "
        "print(json.dumps([[d['name'], d['max_input_channels']] for d in s.query_devices()]))"
    )
    found = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    if found.returncode or {"speaker": 0, "two": 2, "eight": 8} != dict(json.loads(found.stdout)):
        pytest.skip("PortAudio does not list ALSA's null devices here")
    return env


def _run(machine: dict[str, str], folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=machine, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.splitlines()[-1]


@pytest.mark.parametrize("program", [[PROGRAM], [PROGRAM.with_name("record.py"), "--speaker=anna"]])
@pytest.mark.parametrize("wanted", ["0", "speaker"])
def test_a_device_that_only_plays_is_no_microphone(machine, tmp_path, program, wanted):
    code, said, error = _run(machine, project(tmp_path), *map(str, program), "--device", wanted)
    assert (code, said) == (4, "")
    assert error == (f"error: --device {wanted}: no such microphone. There are: 1: two; 2: eight")


@pytest.mark.parametrize("wanted", ["two", "eight"])
def test_a_device_with_more_channels_is_opened(machine, tmp_path, wanted):
    folder = project(tmp_path)
    code, said, notice = _run(
        machine, folder, str(PROGRAM), "--device", wanted, "--once", "--seconds", "0.5"
    )
    assert code == 0
    assert "too quiet" in said
    assert notice == f"listening to {wanted}; Ctrl-C ends it"
