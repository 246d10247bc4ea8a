"""Files appear whole or not at all, and their names can be printed."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spoken_digits.files import (
    experiment_of,
    local_path,
    naming,
    remove_abandoned,
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
        assert partial.parent.parent == path.parent  # the same file system: the rename is atomic
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


def test_an_error_inside_a_temporary_folder_names_the_file_that_was_to_be(tmp_path):
    path = tmp_path / "plots"
    with pytest.raises(FileNotFoundError) as raised, replacing_folder(path) as partial:
        (partial / "missing/mistakes.png").touch()
    assert raised.value.filename == str(path / "missing/mistakes.png")


def test_a_copy_into_a_temporary_folder_names_both_files(tmp_path):
    def copy(folder):
        raise OSError(errno.ENOSPC, "No space left", "source", None, str(folder / "target"))

    with pytest.raises(OSError, match="No space") as raised, replacing_folder(tmp_path / "a") as a:
        copy(a)
    assert (raised.value.filename, raised.value.filename2) == (
        "source",
        str(tmp_path / "a/target"),
    )


WRITES = """
import sys, time
from pathlib import Path
from spoken_digits.files import replacing, replacing_folder
with replacing_folder(Path("folder")) as folder, replacing(folder / "a") as a, replacing(Path("b")):
    a.touch()
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writing(tmp_path):
    """A process that writes a folder, and files in it and beside it, and does not end."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"writing\n"
    yield process
    process.kill()
    process.communicate()


def test_what_a_killed_process_left_is_hidden_and_the_next_that_writes_there_removes_it(
    writing, tmp_path
):
    writing.kill()
    writing.wait()
    assert [path.name[0] for path in tmp_path.iterdir()] == [".", "."]
    write_text(tmp_path / "file", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_nobody_removes_what_a_living_process_writes(writing, tmp_path):
    theirs = sorted(tmp_path.rglob("*"))
    assert len(theirs) == 5
    remove_abandoned(tmp_path)
    write_text(tmp_path / "file", "text")
    assert sorted(tmp_path.rglob("*")) == [*theirs, tmp_path / "file"]


def test_files_of_others_are_not_taken_for_abandoned(tmp_path):
    for name in ("a.partial", ".a.partial", ".a.0123abcd.partial.zip", ".a.0123ABCD.partial"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / ".b.0123abcd.partial").symlink_to("link")
    before = sorted(tmp_path.rglob("*"))
    remove_abandoned(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_appears_when_the_block_succeeds_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "a" / "folder"
    path.mkdir(parents=True)
    (path / "stale").touch()
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
