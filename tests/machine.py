"""What tests of a machine's faults need: small file systems, limits, and who may make them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def needs(command: str) -> None:
    """Skip the test where a shell command fails: it takes root, and a system that lets it."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot be tried here: {command}: {done.stderr.strip()[-80:]}")


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of some MB at a new folder; skip the test where that is not allowed."""
    place.mkdir()
    needs(f"mount -t tmpfs -o size={megabytes}m tmpfs '{place}'")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Leave no room on a disk."""
    with (disk / "fill").open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of each file below a folder, but for what DVC notes for itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".dvc" not in path.parts
    }


def shell(command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a bash command, PIPESTATUS, ulimit and all; show nothing."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "GIT_"))}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=env | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
