"""record.py prompts, listens, checks, and keeps what the person likes."""

import subprocess
import sys

import pytest
from live_support import ROOT, project, room, word

from spoken_digits.recording import parse_name
from spoken_digits.sound.decode import read_wav


@pytest.mark.slow
@pytest.mark.sound
def test_a_speaker_s_recordings_are_kept_under_their_names(sound_server, tmp_path):
    folder = project(tmp_path)
    program = subprocess.Popen(
        [sys.executable, ROOT / "src" / "record.py", "--speaker", "anna", "--takes", "1",
         "--silent"],
        cwd=folder, env=sound_server.env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdin
    assert program.stdout
    assert "10 recordings to make" in program.stdout.readline()
    program.stdout.readline()
    prompt = program.stdout.readline()
    digit = prompt.split()[-1].strip("()")  # say   seven   (7)
    sound_server.play(room(1.5, word(int(digit)), 1.0))
    program.stdin.write("\nq\n")
    program.stdin.flush()
    kept = program.stdout.readline()
    assert f"kept recordings/{digit}_anna_0.wav" in kept
    program.stdin.close()
    program.kill()
    samples, rate = read_wav((folder / "recordings" / f"{digit}_anna_0.wav").read_bytes())
    assert rate == 16_000
    assert 0.4 <= len(samples) / rate <= 0.8
    assert parse_name("folder", f"{digit}_anna_0.wav").speaker == "anna"


def test_a_speaker_s_name_is_checked(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "src" / "record.py", "--speaker", "a_b"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "letters, digits and hyphens only" in done.stderr
