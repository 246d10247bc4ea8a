"""A recording of one's own that is added, corrected or removed is seen by DVC, and is all the work.

A folder outside the project, whose recordings are no part of Git.
"""

import json

import pytest
import yaml
from conftest import commit_all, set_params
from machine import tree
from support import speak

from spoken_digits.sound.decode import wav_bytes


@pytest.fixture
def mine(tmp_path, recordings):
    (tmp_path / "mine, at home").mkdir()
    for name, content in recordings("anna", "ben", "cleo", "dora", takes=2).items():
        (tmp_path / "mine, at home" / name).write_bytes(content)
    return tmp_path / "mine, at home"


@pytest.fixture
def project(unbuilt, run, tmp_path, mine):
    """The project, with the folder as its only corpus."""
    run("git", "clone", "--quiet", unbuilt, tmp_path / "project", cwd=tmp_path)
    set_params(tmp_path / "project", {"corpora": ["folder"], "download.folder.path": str(mine)})
    commit_all(run, tmp_path / "project", "recordings of one's own")
    return tmp_path / "project"


def names(project):
    return {path.stem for path in (project / "data/raw/folder").iterdir()}


@pytest.mark.slow
def test_changes_to_a_folder_of_ones_own(project, run, mine, tmp_path):
    def repro(caches=tmp_path / "kept", where=project):
        kept = {"SPOKEN_DIGITS_KEPT": str(caches)}
        run("dvc", "repro", "spectrogram", "split", cwd=where, env=kept)

    def status():
        return json.loads(run("dvc", "status", "--json", "split", "download", cwd=project).stdout)

    repro()
    assert status() == {}
    first = tree(project / "data")

    (mine / "3_eve_0.wav").write_bytes(wav_bytes(speak(3, "eve", 0), 16_000))
    assert status()["download"] == [{"changed deps": {str(mine): "modified"}}]
    before = {path.name for path in (tmp_path / "kept/pictures").iterdir()}
    repro()
    assert names(project) == {"anna", "ben", "cleo", "dora", "eve"}
    assert len({path.name for path in (tmp_path / "kept/pictures").iterdir()} - before) == 1

    (mine / "3_ben_0.wav").write_bytes(wav_bytes(speak(3, "ben", 7), 16_000))
    assert "download" in status()
    repro()
    assert status() == {}

    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", project, clone, cwd=tmp_path)
    repro(caches="none", where=clone)
    assert tree(clone / "data") == tree(project / "data")

    (mine / "3_eve_0.wav").unlink()
    (mine / "3_ben_0.wav").write_bytes(wav_bytes(speak(3, "ben", 0), 16_000))
    assert "download" in status()
    repro()
    assert tree(project / "data") == first
    lock = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    assert str(mine) in [dep["path"] for dep in lock["stages"]["download"]["deps"]]


@pytest.mark.slow
def test_old_params_do_not_bring_old_recordings_back(project, run, mine):
    run("dvc", "repro", "download", cwd=project)
    set_params(project, {"download.on_bad_recording": "skip"})
    run("dvc", "repro", "download", cwd=project)
    (mine / "3_eve_0.wav").write_bytes(wav_bytes(speak(3, "eve", 0), 16_000))
    set_params(project, {"download.on_bad_recording": "fail"})
    run("dvc", "repro", "download", cwd=project)
    assert "eve" in names(project)
