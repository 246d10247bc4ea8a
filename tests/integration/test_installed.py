"""pip install . into an empty environment: Python in three lines, and the command spoken-digits."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import soundfile
from conftest import ROOT
from packaging.requirements import Requirement
from support import pronounce

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MINE = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
TYPED = """
import spoken_digits
import numpy as np

model = spoken_digits.load()
result = model.predict("seven.wav")
label: str | None = result.label
share: float = model.predict(np.zeros(16_000, np.float32), sample_rate=16_000).probabilities["7"]
"""


def run(
    *command: str | Path, cwd: Path, check: bool = True, **text: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, env=MINE, capture_output=True, text=True, **text)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project as it is now."""
    clone = tmp_path_factory.mktemp("checkout") / "project"
    listing = run(
        "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    identity = ["-c", "user.name=anna", "-c", "user.email=anna@example.org"]
    run("git", "init", "--quiet", cwd=clone)
    run("git", "add", ".", cwd=clone)
    run("git", *identity, "commit", "--quiet", "-m", "The project", cwd=clone)
    return clone


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """An environment that holds the project and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", ".", cwd=checkout)
    return folder / "bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder far from the project, with a recording, and a params.yaml of something else."""
    (seven,), rate = pronounce("seven")
    soundfile.write(tmp_path / "seven.wav", seven, rate)
    (tmp_path / "params.yaml").write_text("alpha: 0.1\n")
    return tmp_path


@pytest.mark.slow
def test_python_in_three_lines(environment, folder):
    code = (
        "import spoken_digits; model = spoken_digits.load(); print(model.predict('seven.wav'))\n"
        "import sys; print(sorted({'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = run(environment / "python", "-c", code, cwd=folder)
    result, modules = done.stdout.splitlines()
    assert result.startswith("7  ")
    assert modules == "['numpy']"
    assert done.stderr == ""


@pytest.mark.slow
def test_the_command_on_files(environment, folder):
    done = run(environment / "spoken-digits", "seven.wav", cwd=folder)
    assert done.stdout.startswith("seven.wav: 7  ")
    assert done.stderr.startswith("model: ")
    corpora = "espeak + pico + fsdd + audiomnist + speech_commands + an4"
    assert f"released/digits.onnx, trained on {corpora}, 98" in done.stderr
    done = run(environment / "spoken-digits", "--json", ".", cwd=folder)
    assert json.loads(done.stdout)["digit"] == "7"
    done = run(environment / "spoken-digits", "--string", "seven.wav", cwd=folder)
    assert done.stdout == "seven.wav: 7\n"


@pytest.mark.slow
def test_the_command_says_where_its_settings_are_from(environment, folder):
    done = run(environment / "spoken-digits", "--help", cwd=folder)
    assert done.stdout.startswith("usage: spoken-digits [-h]")
    assert "A params.yaml in the current folder is not read." in done.stdout
    assert "src/predict_live.py" not in done.stdout
    done = run(environment / "spoken-digits", "--model", "x.onnx", "a.wav", cwd=folder, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: x.onnx: no such file")


@pytest.mark.slow
def test_what_is_installed(environment, folder):
    names = run(environment / "python", "-m", "pip", "list", "--format=freeze", cwd=folder).stdout
    found = {line.partition("==")[0].lower() for line in names.splitlines()}
    assert {"spoken-digits", "numpy", "onnxruntime"} <= found
    assert not {"torch", "scipy", "dvc", "onnx", "matplotlib"} & found
    run(environment / "python", "-m", "pip", "check", cwd=folder)
    code = "import importlib.util as u; print([n for n in %r if u.find_spec(n)])"
    scripts = [path.stem for path in (ROOT / "src").glob("*.py")]
    assert run(environment / "python", "-c", code % scripts, cwd=folder).stdout == "[]\n"


@pytest.mark.slow
def test_types_reach_who_installs_it(environment, folder):
    (folder / "typed.py").write_text(TYPED)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable"]
    done = run(*mypy, environment / "python", "typed.py", cwd=folder)
    assert "no issues found" in done.stdout


@pytest.mark.slow
def test_installing_leaves_nothing_in_the_tree(environment, checkout):
    assert run("git", "status", "--porcelain", "--ignored", cwd=checkout).stdout == ""


def test_what_other_builders_leave_is_ignored():
    names = ["build/lib/x.py", "dist/x.whl", "src/spoken_digits.egg-info/PKG-INFO"]
    assert run("git", "check-ignore", *names, cwd=ROOT).stdout.split() == names


def test_the_versions_that_are_tested_are_among_those_that_are_allowed():
    pins = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if "==" in line:
            name, version = line.split("#")[0].strip().split("==")
            pins[name] = version
    for text in PROJECT["dependencies"]:
        needed = Requirement(text)
        assert pins[needed.name] in needed.specifier, text
