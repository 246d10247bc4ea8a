"""How a script ends: one line for the user's mistakes, a traceback for ours."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pygit2
import pytest
import safetensors
from dvc.exceptions import DvcException
from scmrepo.exceptions import SCMError

from spoken_digits.errors import UserError, explain

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


def test_ctrl_c_while_a_script_imports_what_it_needs_shows_no_traceback():
    script = f"""
import sys
sys.path.insert(0, {str(SRC)!r})
from spoken_digits.errors import explain_uncaught
explain_uncaught()
raise KeyboardInterrupt
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (-signal.SIGINT, "interrupted\n")


@pytest.mark.parametrize(
    "body",
    [
        "import io, zipfile; archive = zipfile.ZipFile(io.BytesIO(), 'w')\n"
        "    with archive, archive.open('a', 'w'): raise KeyboardInterrupt",
        "try: raise KeyboardInterrupt\n"
        "    except KeyboardInterrupt as pressed: raise ValueError from pressed",
    ],
)
def test_ctrl_c_that_another_error_hides_is_130_without_a_traceback(body):
    finished = run(body)
    assert (finished.returncode, finished.stderr) == (130, "interrupted\n")


def test_what_cannot_be_written_after_ctrl_c_is_said():
    finished = run("""
    try: raise KeyboardInterrupt
    except KeyboardInterrupt: raise UserError("a.wav: the disk is full")""")
    assert (finished.returncode, finished.stderr) == (1, "error: a.wav: the disk is full\n")


def test_ctrl_c_while_python_removes_an_object_ends_the_script_a_moment_later():
    finished = run("""
    import time
    from spoken_digits.errors import explain_uncaught
    explain_uncaught()
    class Removed:
        def __del__(self): raise KeyboardInterrupt
    Removed()
    time.sleep(60)""")
    assert (finished.returncode, finished.stderr) == (130, "interrupted\n")


def test_another_error_while_python_removes_an_object_is_told_as_python_does():
    finished = run("""
    from spoken_digits.errors import explain_uncaught
    explain_uncaught()
    class Removed:
        def __del__(self): raise ValueError("broken")
    Removed()""")
    assert finished.returncode == 0
    assert "Exception ignored in" in finished.stderr
    assert "ValueError: broken" in finished.stderr


def test_our_own_mistake_keeps_its_traceback():
    finished = run("return 1 // 0")
    assert "ZeroDivisionError" in finished.stderr
    assert finished.returncode == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full. Free some space"),
        (errno.EDQUOT, "your share of the disk is used up. Free some space"),
        (errno.EROFS, "read-only. Work where files can be written"),
        (errno.EACCES, "access denied. See with ls -l whose it is"),
        (errno.EPERM, "access denied. See with ls -l whose it is"),
        (errno.EFBIG, "larger than a file may be here. Raise the limit: ulimit -f"),
        (errno.EIO, "input/output error). Save what is on that disk"),
        (errno.EISDIR, "Is a directory"),
        (errno.ENAMETOOLONG, "File name too long"),
    ],
)
def test_what_the_system_says_of_a_file_is_a_sentence_that_names_it(number, words):
    said = explain(OSError(number, os.strerror(number), "data/split.csv"))
    assert said.startswith("data/split.csv: ")
    assert words in said
    assert said.count("data/split.csv") == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "Too many", "a.zip"), "too many files are open. Raise the limit"),
        (OSError(errno.ENFILE, "Too many", "a.zip"), "too many files are open on this machine"),
        (OSError(errno.ENOMEM, "Cannot allocate", "a.zip"), "no memory is left. Close other"),
        (MemoryError(), "no memory is left. Close other"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "no memory"),
        (RuntimeError("std::bad_alloc"), "no memory is left"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "no memory is left"),
        (RuntimeError("can't start new thread"), "no further process or thread may be started"),
        (BlockingIOError(errno.EAGAIN, "Resource"), "no further process or thread may be started"),
    ],
)
def test_what_is_the_machine_s_doing_names_no_file(error, words):
    assert explain(error).startswith(words)


def test_what_libraries_in_rust_say():
    error = safetensors.SafetensorError("I/O error: No space left on device (os error 28)")
    assert explain(error).startswith("the disk is full. Free some space")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            pygit2.GitError("/a/.git/: repository path '/a' is not owned by current user"),
            "/a: it belongs to another user, and Git does not touch it. If you trust it: "
            "git config --global --add safe.directory /a",
        ),
        (
            pygit2.GitError("failed to lock file '/a/.git/index.lock' for writing"),
            "failed to lock file '/a/.git/index.lock' for writing. Another Git command "
            "is running: wait until it ends. If none is, one was killed: remove .git/index.lock",
        ),
        (SCMError("no commits"), "DVC or Git: no commits"),
        (DvcException("unable to read"), "DVC or Git: unable to read"),
    ],
)
def test_what_dvc_and_its_libraries_say(error, words):
    assert explain(error) == words


def test_what_onnxruntime_says():
    with pytest.raises(Exception, match="protobuf") as raised:
        onnxruntime.InferenceSession(b"no model")
    said = explain(raised.value)
    assert said.startswith("onnxruntime: ")
    assert said.endswith("Try another model file")


def test_a_package_that_is_not_there():
    with pytest.raises(ImportError) as raised:
        import not_installed  # noqa: F401
    assert "no package not_installed: the project's environment is not active" in explain(
        raised.value
    )


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        RuntimeError("sizes differ"),
        KeyError("a"),
        ModuleNotFoundError("spoken_digits.gone", name="spoken_digits.gone"),
    ],
)
def test_a_mistake_of_the_program_is_not_explained(error):
    assert explain(error) is None


def test_a_user_s_mistake_explains_itself():
    assert explain(UserError("a.wav: empty (os error 28)")) == "a.wav: empty (os error 28)"


# The standard streams. Python gives unbuffered ones up at other moments than buffered ones.

unbuffered = pytest.mark.parametrize("unbuffered", ["", "1"])


def shell(tmp_path, command, unbuffered):
    (tmp_path / "script.py").write_text(
        f"""
import sys
sys.path.insert(0, {str(SRC)!r})
from spoken_digits.errors import UserError, run_script

def main():
    if sys.argv[1:]:
        raise UserError("a.wav: empty")
    print("a line")
    open("opened", "w").write("text")

run_script(main)
""",
        encoding="utf-8",
    )
    python = f"'{sys.executable}' script.py"
    return subprocess.run(
        ["bash", "-c", command.replace("PYTHON", python)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )


@unbuffered
def test_a_full_standard_output(tmp_path, unbuffered):
    finished = shell(tmp_path, "PYTHON > /dev/full", unbuffered)
    assert finished.returncode == 1
    assert finished.stderr == (
        "error: standard output: the disk is full. Free some space (docs/problems.md says how), "
        "and run this again\n"
    )


@unbuffered
def test_a_reader_that_has_enough(tmp_path, unbuffered):
    """Silence, and what a program has that SIGPIPE ends."""
    finished = shell(tmp_path, "PYTHON | true; echo ${PIPESTATUS[0]}", unbuffered)
    assert finished.stderr == ""
    assert finished.stdout in ("141\n", "0\n")  # 0: it was quicker than its reader


@unbuffered
def test_a_full_standard_error_keeps_the_exit_code(tmp_path, unbuffered):
    finished = shell(tmp_path, "PYTHON wrong 2> /dev/full", unbuffered)
    assert (finished.returncode, finished.stdout) == (1, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_take_no_file(tmp_path, closed):
    finished = shell(tmp_path, f"PYTHON {closed}", "")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert (tmp_path / "opened").read_text(encoding="utf-8") == "text"


def test_an_error_with_closed_standard_error_is_not_printed_elsewhere(tmp_path):
    finished = shell(tmp_path, "PYTHON wrong 2>&-", "")
    assert (finished.returncode, finished.stdout) == (1, "")


def test_a_copy_that_fails_names_the_file_that_cannot_be_written():
    error = OSError(errno.ENOSPC, "No space left", "voices/en", None, "/mnt/voices/en")
    assert explain(error).startswith("/mnt/voices/en: the disk is full. ")
    error = OSError(errno.EACCES, "Permission denied", "voices/en", None, "/mnt/voices/en")
    assert explain(error).startswith("voices/en: access denied. ")
