"""A real sound path for tests: what paplay plays is what the default microphone hears.

A PulseAudio daemon of our own with a null sink, whose monitor is the default source; ALSA's pulse
plugin leads PortAudio to it. Needs the Debian packages in PACKAGES.
"""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_support import PROGRAM
from numpy.typing import NDArray

PACKAGES = "pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
_ASOUNDRC = "pcm.!default { type pulse }\nctl.!default { type pulse }\n"
_SINK = "load-module module-null-sink sink_name=speaker rate=48000 format=float32le".split()


class SoundServer:
    """A running daemon; ``env`` leads programs to it."""

    def __init__(self, folder: Path) -> None:
        (folder / ".asoundrc").write_text(_ASOUNDRC)
        (folder / "pulse").mkdir(mode=0o700)
        self.env = dict(
            os.environ,
            HOME=str(folder),
            XDG_RUNTIME_DIR=str(folder),
            PULSE_RUNTIME_PATH=str(folder / "pulse"),
        )
        self.folder = folder
        self._daemon: subprocess.Popen[bytes] | None = None
        self._player: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon and its sink."""
        modules = ["-L", "module-native-protocol-unix auth-anonymous=1"]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes"]
        with (self.folder / "pulse.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [*command, "--use-pid-file=no", *modules], env=self.env, stderr=log
            )
        for _ in range(600):
            if self.control("info", check=False) == 0:
                self.control(*_SINK)
                return
            time.sleep(0.1)
        pytest.fail(f"pulseaudio does not start:\n{(self.folder / 'pulse.log').read_text()}")

    def stop(self) -> None:
        """Stop the daemon: every sound device is gone."""
        if self._player is not None:
            self._player.kill()
            self._player.wait()
            self._player = None
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGTERM)
            self._daemon.wait(60)
            self._daemon = None

    def unplug(self) -> None:
        """Take the sink, and so the microphone, away."""
        self.control("unload-module", "module-null-sink")

    def plug_in(self) -> None:
        """Bring it back."""
        self.control(*_SINK)

    def control(self, *arguments: str, check: bool = True) -> int:
        """Run pactl."""
        return subprocess.run(
            ["pactl", *arguments], env=self.env, check=check, capture_output=True
        ).returncode

    def play(self, sound: NDArray[np.float32]) -> None:
        """Begin to play a 16 kHz sound, (n,) or (n, channels), into the sink."""
        path = self.folder / "play.wav"
        soundfile.write(path, sound, 16_000, subtype="FLOAT")
        self._player = subprocess.Popen(["paplay", "--latency-msec=50", str(path)], env=self.env)


class Program:
    """predict_live.py, running; its lines as they come."""

    def __init__(self, server: SoundServer, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            cwd=folder,
            env=server.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def line(self, seconds: float = 120) -> str:
        """Return the next line that the program prints."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            pytest.fail("the program prints nothing")

    def wait_for(self, words: str) -> str:
        """Return the next line that holds these words."""
        while True:
            line = self.line()
            if words in line:
                return line

    def stop(self) -> int:
        """End it as Ctrl-C would, and return its exit code."""
        self.process.send_signal(2)
        return self.process.wait(60)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))


@contextmanager
def running_server(folder: Path) -> Iterator[SoundServer]:
    """Start a sound server in an empty folder; skip the test where there is none to start."""
    lacking = [tool for tool in ("pulseaudio", "pactl", "paplay") if shutil.which(tool) is None]
    if find_library("portaudio") is None:
        lacking.append("PortAudio")
    if lacking:
        reason = f"no {', '.join(lacking)}: apt-get install {PACKAGES}"
        if os.environ.get("SPOKEN_DIGITS_REQUIRE_SOUND"):
            pytest.fail(reason)
        pytest.skip(reason)
    server = SoundServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def sound_server(tmp_path: Path) -> Iterator[SoundServer]:
    """Start a sound server for one test."""
    folder = tmp_path / "sound"
    folder.mkdir()
    with running_server(folder) as server:
        yield server
