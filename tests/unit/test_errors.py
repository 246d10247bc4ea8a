"""How a script ends: one line for the user's mistakes, a traceback for ours."""

import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"


def run(body: str) -> subprocess.CompletedProcess[str]:
    script = f"""
import sys
sys.path.insert(0, {str(SRC)!r})
from spoken_digits.errors import UserError, run_script
from spoken_digits.params import ParamsError

def main():
    {body}

run_script(main)
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("return 0", 0), ("return 3", 3)])
def test_a_script_exits_with_what_main_returns(body, code):
    finished = run(body)
    assert (finished.returncode, finished.stderr) == (code, "")


@pytest.mark.parametrize(("kind", "code"), [("UserError", 1), ("ParamsError", 2)])
def test_a_users_mistake_is_one_line_and_the_errors_own_code(kind, code):
    finished = run(f"raise {kind}('a.wav: empty. Record it again')")
    assert finished.stderr == "error: a.wav: empty. Record it again\n"
    assert finished.returncode == code
    assert finished.stdout == ""


def test_ctrl_c_is_130_without_a_traceback():
    finished = run("raise KeyboardInterrupt")
    assert (finished.returncode, finished.stderr) == (130, "interrupted\n")


def test_our_own_mistake_keeps_its_traceback():
    finished = run("return 1 // 0")
    assert "ZeroDivisionError" in finished.stderr
    assert finished.returncode == 1
