"""Files appear whole or not at all, and their names can be printed."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from spoken_digits.files import (
    experiment_of,
    local_path,
    naming,
    replacing,
    replacing_folder,
    shown,
    write_text,
)


def test_a_file_appears_when_the_block_succeeds(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    with replacing(path) as partial:
        partial.write_bytes(b"new")
        assert not path.exists()
        assert partial.parent == path.parent  # the same file system: the rename is atomic
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error), replacing(path) as partial:  # noqa: PT012
        partial.write_bytes(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(ValueError, match="half"), replacing(tmp_path / "file") as partial:  # noqa: PT012
        partial.write_bytes(b"half")
        raise ValueError("half")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "one\ntwo\n", "Grüße 日本\n", "no end"])
def test_text_is_utf8_with_lf(tmp_path, text):
    path = tmp_path / "file"
    write_text(path, text)
    assert path.read_bytes() == text.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("7_anna_0.wav", "7_anna_0.wav"),
        ("7_josé_0.wav", "7_josé_0.wav"),
        ("7_jos\udce9_0.wav", r"7_jos\xe9_0.wav"),
        ("7_anna\n_0.wav", r"7_anna\n_0.wav"),
        ("\x1b[31m7.wav", r"\x1b[31m7.wav"),
        (Path("a b/7.wav"), "a b/7.wav"),
    ],
)
def test_a_name_is_one_line_that_can_be_printed(name, text):
    assert shown(name) == text
    shown(name).encode()


def test_a_failed_write_names_the_file_that_was_meant(tmp_path):
    """The system names none, and the temporary name says nothing to a user."""
    with pytest.raises(OSError, match="No space") as raised, replacing(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert raised.value.filename == str(tmp_path / "file")
    with (
        pytest.raises(OSError, match="Is a dir") as raised,
        replacing(tmp_path / "file") as partial,
    ):
        raise OSError(errno.EISDIR, "Is a directory", str(partial))
    assert raised.value.filename == str(tmp_path / "file")


def test_an_error_that_names_a_file_keeps_its_name(tmp_path):
    with pytest.raises(OSError, match="other") as raised, naming(tmp_path / "file"):
        raise OSError(errno.EACCES, "Permission denied", "other")
    assert raised.value.filename == "other"


def test_what_a_killed_process_left_is_removed_and_that_of_a_living_one_is_not(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    (tmp_path / f".file.{dead.pid}.partial").touch()
    (tmp_path / f".other.{dead.pid}.partial").touch()
    alive = tmp_path / f".file.{os.getppid()}.partial"
    alive.touch()
    write_text(tmp_path / "file", "text")
    assert sorted(tmp_path.iterdir()) == [alive, tmp_path / "file"]


def test_a_folder_appears_when_the_block_succeeds_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "a" / "folder"
    path.mkdir(parents=True)
    (path / "stale").touch()
    (tmp_path / "a" / "folder.partial").mkdir()
    (tmp_path / "a" / "folder.partial" / "of a killed run").touch()
    with replacing_folder(path) as partial:
        (partial / "new").touch()
        assert list(path.iterdir()) == [path / "stale"]
    assert list(path.parent.rglob("*")) == [path, path / "new"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_folder_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(error), replacing_folder(path) as partial:  # noqa: PT012
        (partial / "half").touch()
        raise error
    assert sorted(tmp_path.rglob("*")) == [path, path / "old"]


@pytest.mark.parametrize("inner", ["", "sub/project/"])
def test_an_experiment_s_folder_tells_its_project(tmp_path, monkeypatch, inner):
    """A relative path is the project's there, unless Git brought the file along."""
    project = tmp_path / inner
    running = project / ".dvc/tmp/exps/standalone/tmpabc" / inner
    running.mkdir(parents=True)
    assert experiment_of(running) == project
    assert experiment_of(project) is None
    monkeypatch.chdir(running)
    (project / "mine").touch()
    assert local_path("mine") == project / "mine"
    assert local_path("/mine") == Path("/mine")
    (running / "mine").touch()
    assert local_path("mine") == Path("mine")
    monkeypatch.chdir(project)
    assert local_path("missing") == Path("missing")
