"""Projects to do harm to: copies of one that is made once."""

import functools
import shutil
import subprocess
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
    project = copy_project(top / "with-data")
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
    return project


@functools.cache
def built(top: Path) -> Path:
    """Return a project under Git and DVC after one dvc repro, made once. Copy it."""
    project = copy_project(top / "built")
    git = ["git", "init", "--quiet", "--initial-branch=main"], ["git", "add", "."]
    for command in (*git, ["git", "commit", "--quiet", "-m", "The project"], ["dvc", "repro"]):
        subprocess.run(command, cwd=project, env=environment(top), check=True, capture_output=True)
    return project


def environment(top: Path) -> dict[str, str]:
    """Return that of a user on whose machine nothing else runs."""
    return surroundings(top, "anna") | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def copy(project: Path, folder: Path) -> Path:
    """Copy a project into a try's folder."""
    return shutil.copytree(project, folder / "project", symlinks=True)
