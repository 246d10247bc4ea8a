"""Single keys from the terminal, without Enter, and the terminal as it was afterwards."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import termios
    import tty
except ImportError:  # Windows: Ctrl-C is what ends the program there
    termios = None  # type: ignore[assignment]


@contextmanager
def single_keys() -> Iterator[None]:
    """Let keys be read as they are pressed, unseen; Ctrl-C still interrupts."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def pressed() -> str:
    """Return the keys pressed since the last time, within single_keys; "" if there are none."""
    if termios is None or not sys.stdin.isatty():
        return ""
    if not select.select([sys.stdin], [], [], 0)[0]:
        return ""
    return os.read(sys.stdin.fileno(), 64).decode(errors="replace")
