"""Projects to do harm to: copies of one that is made once."""

import fcntl
import functools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from campaign import programs
from projects import ROOT, copy_project, set_params, surroundings
from support import recordings

FEW = {
    "corpora": ["folder"],
    "download.folder.path": "recordings",
    "live.model": "released",
    "validate.max_noise_percent": 100,
    "validate.max_cut_off_percent": 100,
}
"""Params of a project whose recordings are beeps, made at once."""


@functools.cache
def with_data(top: Path) -> Path:
    """Return a project of beeps with all that needs no training, made once. Copy it."""
    return once(top / "with-data", make_data)


def make_data(place: Path) -> None:
    """Make that project."""
    project = copy_project(place)
    shutil.copytree(ROOT / "models/released", project / "models/released")
    set_params(project, FEW)
    (project / "recordings").mkdir()
    for name, content in recordings("anna", "ben", takes=3).items():
        (project / "recordings" / name).write_bytes(content)
    for script, *options in (
        ("download.py",),
        ("spectrogram.py", "--workers", "1"),
        ("split.py",),
        ("validate.py", "--workers", "1"),
    ):
        done = programs.run(script, *options, project=project)
        assert done.code == 0, done.err
    for sources in ("src", "tools"):  # tries run those of this project; a copy takes less time
        shutil.rmtree(project / sources)


@functools.cache
def built(top: Path) -> Path:
    """Return a project under Git and DVC after one dvc repro, made once. Copy it."""
    programs.import_all()
    return once(top / "built", lambda place: make_built(top, place))


def make_built(top: Path, place: Path) -> None:
    """Make that project."""
    project = copy_project(place)
    git = ["git", "init", "--quiet", "--initial-branch=main"], ["git", "add", "."]
    for command in (*git, ["git", "commit", "--quiet", "-m", "The project"]):
        subprocess.run(command, cwd=project, env=environment(top), check=True, capture_output=True)
    done = programs.Program(["dvc", "repro"], project, environment=environment(top)).ended()
    assert done.code == 0, done.err


def once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder, unless another process has made it or is about to; return it."""
    done = place.with_name(f"{place.name}.done")
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            make(place)
            done.touch()
    return place


def environment(top: Path) -> dict[str, str]:
    """Return that of a user on whose machine nothing else runs."""
    return surroundings(top, "anna") | {
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPOKEN_DIGITS_KEPT": "none",  # every stage does its work
    }


def copy(project: Path, folder: Path) -> Path:
    """Copy a project into a try's folder."""
    return shutil.copytree(project, folder / "project", symlinks=True)


def copy_files(project: Path, folder: Path) -> Path:
    """Copy a project's params, pipeline, data, models and metrics: what its stages work with."""
    ignored = shutil.ignore_patterns(".git", ".dvc", "src", "tools")
    return shutil.copytree(project, folder / "project", symlinks=True, ignore=ignored)
