"""The same bytes elsewhere, and without Git: a downloaded ZIP on an unlike machine."""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import use_this_environment

pytestmark = pytest.mark.slow

UNLIKE = {
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "SSE4_2",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OMP_NUM_THREADS": "1",
    "LC_ALL": "tr_TR.UTF-8",
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "random",
}
"""What a caller may have exported."""


def outputs(project: Path) -> dict[str, str]:
    stages = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {
        f"{name}: {out['path']}": out["md5"]
        for name, stage in stages.items()
        for out in stage.get("outs", [])
    }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory, built, unbuilt, run):
    """The project, unpacked without .git, built by make with one core and a hostile environment."""
    project = tmp_path_factory.mktemp("ev") / "söz ve sayılar (1)"
    shutil.copytree(unbuilt, project, ignore=shutil.ignore_patterns(".git"))
    use_this_environment(project, ".installed")
    one_core = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    command = ["sh", "-c", 'umask 077; exec "$@"', "sh", *one_core, "make", "repro"]
    return project, run(*command, cwd=project, env=UNLIKE, user="çağla").stdout


def test_every_output_is_the_same_bytes(elsewhere, built):
    project, _ = elsewhere
    assert outputs(project) == outputs(built)


def test_a_zip_without_git_is_built_and_shows_its_metrics(elsewhere, run):
    project, printed = elsewhere
    assert not (project / ".git").exists()
    assert "accuracy" in printed
    again = run("make", "repro", cwd=project, user="çağla").stdout
    assert "Data and pipelines are up to date." in again
    assert "pip install" not in again
