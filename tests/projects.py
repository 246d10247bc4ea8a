"""This project, shrunk, in a folder of its own: what tests and the fault campaign run."""

import os
import shutil
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FILES = [
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvcignore",
    ".gitattributes",
    ".gitignore",
    "Makefile",
    "constraints.txt",
    "data/no-folder",
    "dvc.yaml",
    "numbers/stages.yaml",
    "params.yaml",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements-remotes.txt",
    "requirements-cluster.txt",
    "requirements.txt",
    "src",
    "tools",
]
SMALL = {
    "corpora": ["espeak"],
    "download.espeak.speakers": 8,
    "download.espeak.takes": 1,
    "download.espeak.other_takes": 2,
    "split.scheme": "random",
    "split.validation_percent": 20,
    "split.test_percent": 20,
    "validate.min_per_word": 1,
    "train.epochs": 1,
    "train.epoch_size": 64,
    "train.batch_size": 16,
    "train.threads": 1,  # other tests run beside
    "evaluate.robustness_recordings": 10,
    "live.model": "trained",  # there is no released one in these projects
}
"""Params with which the whole pipeline takes seconds."""


def set_params(project: Path, changes: dict[str, object]) -> None:
    """Change keys, dots for levels, of a project's params.yaml; its comments are lost."""
    path = project / "params.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = content
        for name in sections:
            section = section[name]
        assert last in section, key
        section[last] = value
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8", newline="\n")


def copy_project(target: Path) -> Path:
    """Copy this project's sources, with small params, to a folder."""
    for name in FILES:
        source, to = ROOT / name, target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to)
    (target / "models").mkdir()
    set_params(target, SMALL)
    return target


def surroundings(home: Path, user: str) -> dict[str, str]:
    """Return the environment of a user with a home, a Git identity and DVC state of their own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "DVC_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_AUTHOR_NAME": user,
        "GIT_AUTHOR_EMAIL": f"{user}@example.org",
        "GIT_COMMITTER_NAME": user,
        "GIT_COMMITTER_EMAIL": f"{user}@example.org",
        "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "dvc-system"),
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site"),
        "DVC_NO_ANALYTICS": "1",
    }
