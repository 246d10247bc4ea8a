"""The environment in .venv: not active, moved, or with a Python that is told to be careful."""

import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, use_this_environment
from machine import shell

STAGES = ["download", "spectrogram", "split", "validate", "train", "evaluate", "export", "report"]
PROGRAMS = ["predict_live", "record", "compare"]


@pytest.fixture
def bare_python(tmp_path):
    """A Python without the project's packages, alone on the PATH with the system's programs."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("python", "python3"):
        # -I -S: neither the environment's packages nor the user's.
        start = f'#!/bin/sh\nexec {Path(sys.executable).resolve()} -S "$@"\n'
        (folder / name).write_text(start, encoding="utf-8")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@pytest.mark.parametrize("script", STAGES + PROGRAMS)
def test_a_python_that_is_not_the_environment_s(built, bare_python, script):
    arguments = {"record": "--speaker anna", "compare": "HEAD", "predict_live": "a.wav"}
    done = shell(f"python3 src/{script}.py {arguments.get(script, '')}", built, PATH=bare_python)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert " has no package " in line
    assert line.endswith(": the project's environment is not active. Type: . .venv/bin/activate; "
                         "or, if there is none yet: make install")  # fmt: skip


def test_dvc_from_an_environment_that_is_not_active(work, bare_python):
    dvc = f"{sys.executable} -m dvc repro --force --single-item split"
    done = shell(dvc, work, PATH=bare_python)
    assert done.returncode != 0
    assert "the project's environment is not active. Type: . .venv/bin/activate" in done.stderr


@pytest.mark.parametrize("script", STAGES + PROGRAMS)
def test_a_python_that_does_not_look_beside_its_scripts(built, script):
    done = shell(f"python3 src/{script}.py --help", built, PYTHONSAFEPATH="1")
    assert (done.returncode, done.stderr) == (0, "")


def test_stages_of_a_python_that_does_not_look_beside_its_scripts(work):
    safe = {"PYTHONSAFEPATH": "1", "PYTHONPATH": ""}
    for command in ("dvc repro --force --single-item split", "python3 src/validate.py --workers 2"):
        done = shell(command, work, **safe)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_an_environment_whose_folder_was_moved(work, tmp_path):
    """The scripts in its bin name the old folder; make does not use them."""
    use_this_environment(work, ".installed", ".installed-dev")
    (work / ".venv/bin").unlink()
    (work / ".venv/bin").mkdir()
    for name in ("python", "python3"):
        (work / ".venv/bin" / name).symlink_to(Path(sys.prefix) / "bin" / name)
    for name in ("dvc", "ruff", "mypy"):
        (work / ".venv/bin" / name).write_text("#!/moved/away/bin/python\n", encoding="utf-8")
        (work / ".venv/bin" / name).chmod(0o755)
    moved = shutil.move(work, tmp_path / "moved here")
    done = shell("make repro exps", Path(moved))
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


def test_the_makefile_runs_no_script_of_the_environment():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = [line.strip(" \t@\\") for line in text.splitlines() if line.startswith("\t")]
    for tool in ("dvc", "ruff", "mypy", "coverage", "pytest", "pip"):
        assert not [line for line in recipes if line.startswith(f"{tool} ")], tool
