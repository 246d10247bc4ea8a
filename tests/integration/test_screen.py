"""The screen in a real terminal: what is on it, and that it is gone afterwards."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from live_support import PROGRAM, project, room, word
from sound_server import SoundServer

pytestmark = [pytest.mark.sound, pytest.mark.slow]


class Terminal:
    """A tmux session of 80 x 24 with a shell in it."""

    def __init__(self, server: SoundServer, folder: Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux")]
        self._env = server.env | {"PS1": "$ ", "LANG": "C.UTF-8"}
        self.run("-u", "-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "24", "-c",
                 str(folder), "sh")  # fmt: skip

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._tmux, *arguments], env=self._env, check=True, capture_output=True, text=True
        ).stdout

    def wait_for(self, words: str) -> str:
        """Return the captured screen as soon as it shows these words."""
        for _ in range(200):
            text = self.run("capture-pane", "-p")
            if words in text:
                return text
            time.sleep(0.1)
        return pytest.fail(f"no {words!r} on the screen:\n{text}")

    def start_program(self) -> str:
        """Start listening from the shell; return the screen as soon as the program owns it."""
        self.run("send-keys", f"echo before; {sys.executable} {PROGRAM}; echo ended $?", "Enter")
        return self.wait_for("say a digit")

    def wait_for_line_input(self) -> None:
        """See that keys are read by the line, as a shell's are."""
        self.run("send-keys", "stty -a | tr ' ;' '\\n' | grep -x icanon", "Enter")
        self.wait_for("\nicanon")


@pytest.fixture
def terminal(sound_server, tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        if os.environ.get("SPOKEN_DIGITS_REQUIRE_SOUND"):
            pytest.fail("no tmux: apt-get install tmux")
        pytest.skip("no tmux: apt-get install tmux")
    (tmp_path / "project").mkdir()
    terminal = Terminal(sound_server, project(tmp_path / "project"))
    yield terminal
    terminal.run("kill-server")


@pytest.mark.parametrize("end", ["q", "C-c"])
def test_the_screen_and_the_terminal_afterwards(terminal, sound_server, end):
    first = terminal.start_program()
    assert "before" not in first  # a screen of its own
    assert "listening default" in first
    assert "models/released/digits.onnx\n which does not say what it was trained on" in first
    sound_server.play(room(1.0, word(7), 1.0))
    heard = terminal.wait_for("said  7")
    assert re.search(r"7  (9\d|100)%  ·  \d+ ms", heard)
    lines = heard.splitlines()
    assert all(len(line) <= 80 for line in lines)
    (seven,) = [line for line in lines if " 7 ━" in line]
    assert re.search(r"━ (9\d|100)%$", seven)
    assert "██" in heard  # the digit, large
    terminal.run("resize-window", "-x", "50", "-y", "14")
    time.sleep(0.5)
    small = terminal.wait_for("level").splitlines()
    assert len([line for line in small if "level" in line]) == 1
    terminal.run("resize-window", "-x", "80", "-y", "24")
    terminal.wait_for("q quits")
    terminal.run("send-keys", end)
    after = terminal.wait_for("ended 0")
    assert "before" in after  # the terminal's own screen again
    assert "say a digit" not in after
    terminal.wait_for_line_input()


def test_a_killed_program_gives_the_terminal_back(terminal):
    terminal.start_program()
    shell = int(terminal.run("display-message", "-p", "#{pane_pid}"))
    (program,) = psutil.Process(shell).children()
    program.terminate()
    after = terminal.wait_for("ended 143")
    assert "before" in after
    assert "say a digit" not in after
    terminal.wait_for_line_input()
