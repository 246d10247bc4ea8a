"""Real projects in temporary directories: this one, shrunk, with Git and DVC of their own."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import ROOT as ROOT
from projects import copy_project, surroundings
from projects import set_params as set_params
from sound_server import sound_server as sound_server

SPY = """
import os, sys

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith(root):
            how = "w" if arguments[2] & (os.O_WRONLY | os.O_RDWR) else "r"
            os.write(log, f"{stage}\\t{how}\\t{path[len(root):]}\\n".encode())

if stage := os.environ.get("DVC_STAGE"):
    root = os.environ["DVC_ROOT"] + os.sep
    log = os.open(os.environ["OPENED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    sys.addaudithook(note)
"""
"""Makes every Python process of a stage, workers too, note the project's files that it opens."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def use_this_environment(project: Path, *stamps: str) -> None:
    """Give a project a .venv that is this environment, as if make had just installed it."""
    venv = project / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    for stamp in stamps:
        (venv / stamp).touch()


def init_git(run: Run, project: Path) -> None:
    """Put a project under Git, on a branch that is called main."""
    run("git", "init", "--quiet", "--initial-branch=main", cwd=project)


def commit_all(run: Run, project: Path, message: str) -> None:
    """Commit whatever is in a project and not ignored."""
    run("git", "add", ".", cwd=project)
    run("git", "commit", "--quiet", "-m", message, cwd=project)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Return a function that makes the environment of a user on a machine with a given name.

    Each has its own home, Git identity and DVC state; nothing of whoever runs the tests is used.
    """
    homes = tmp_path_factory.mktemp("machines")

    def make(name: str) -> dict[str, str]:
        home = homes / name
        home.mkdir(exist_ok=True)
        return surroundings(home, name)

    return make


@pytest.fixture(scope="session")
def run(machine: Callable[[str], dict[str, str]]) -> Run:
    """Return a function that runs a command in a project as its user, and shows what failed."""

    def execute(
        *command: str | Path,
        cwd: Path,
        env: dict[str, str] | None = None,
        check: bool = True,
        user: str = "anna",
    ) -> subprocess.CompletedProcess[str]:
        finished = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=machine(user) | (env or {}),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if check and finished.returncode != 0:
            pytest.fail(
                f"{command} exited with {finished.returncode}:\n{finished.stdout}{finished.stderr}"
            )
        return finished

    return execute


@pytest.fixture(scope="session", name="copy_project")
def copy_project_fixture() -> Callable[[Path], Path]:
    """Return a function that copies this project's sources, with small params, to a directory."""
    return copy_project


@pytest.fixture(scope="session")
def unbuilt(
    tmp_path_factory: pytest.TempPathFactory, run: Run, copy_project: Callable[[Path], Path]
) -> Path:
    """The project, shrunk and committed, on which nothing has run. Clone it; do not change it."""
    project = copy_project(tmp_path_factory.mktemp("unbuilt") / "project")
    init_git(run, project)
    commit_all(run, project, "The project, shrunk")
    return project


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, run: Run, unbuilt: Path) -> Path:
    """The same after one dvc repro, committed. Clone or copy it; do not change it.

    Beside it, opened.txt lists what each stage opened: stage, mode, path.
    """
    project = tmp_path_factory.mktemp("built") / "project"
    run("git", "clone", "--quiet", unbuilt, project, cwd=unbuilt)
    spy = project.parent / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    opened = project.parent / "opened.txt"
    run("dvc", "repro", cwd=project, env={"PYTHONPATH": str(spy), "OPENED": str(opened)})
    commit_all(run, project, "Its results")
    return project


@pytest.fixture
def work(built: Path, tmp_path: Path) -> Path:
    """A copy of the built project, cache and all, to do things to."""
    return shutil.copytree(built, tmp_path / "project", symlinks=True)
