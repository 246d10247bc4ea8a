"""What experiments get from their surroundings, and what is read out of their logs."""

import sys
from pathlib import Path

import pytest

from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.experiments import ExperimentError


def test_a_relative_mirror_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUS_MIRROR", "archives/mine")
    assert experiments.environment()["CORPUS_MIRROR"] == str(tmp_path / "archives" / "mine")


@pytest.mark.parametrize("mirror", ["https://example.org/corpora", "/media/usb", ""])
def test_another_mirror_stays(monkeypatch, mirror):
    monkeypatch.setenv("CORPUS_MIRROR", mirror)
    assert experiments.environment()["CORPUS_MIRROR"] == mirror


def test_this_python_comes_first(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    path = experiments.environment()["PATH"]
    assert path.split(":")[0] == str(Path(sys.executable).parent)


def test_the_reason_is_what_stage_and_dvc_say():
    log = "Running stage 'download':\n> python\nerror: no mirror\nERROR: failed to reproduce\nbye\n"
    assert experiments.reason(log) == "error: no mirror; ERROR: failed to reproduce"
    assert experiments.reason("all is well\n") == ""


def test_outside_of_git_it_says_so(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExperimentError, match="not a git repository"):
        experiments.find("release-1")
