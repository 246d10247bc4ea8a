"""Shards: the same recordings give the same bytes, and damage is found."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spoken_digits.shards import ShardError, list_shards, member_names, read_shard, write_shard

SRC = Path(__file__).parents[2] / "src"
MEMBERS = [("1_a_0.wav", b"one" * 100), ("0_a_0.wav", b"zero"), ("0_a_1.wav", b"")]


def test_what_is_written_is_read_in_order_of_names(tmp_path):
    path = tmp_path / "fsdd" / "a.zip"
    write_shard(path, MEMBERS)
    assert list(read_shard(path)) == sorted(MEMBERS)
    assert member_names(path) == [name for name, _ in sorted(MEMBERS)]


def test_the_bytes_depend_on_the_members_alone(tmp_path):
    write_shard(tmp_path / "a.zip", MEMBERS)
    write_shard(tmp_path / "b.zip", iter(reversed(MEMBERS)))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_bytes_are_these(tmp_path):
    """A change here changes every hash in every dvc.lock: think twice."""
    write_shard(tmp_path / "a.zip", MEMBERS)
    digest = hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    assert digest == "5ea1a22555e26704b959e1b33608b77c7da59c63c58d65f2bfc92104c0a99cec"


@pytest.mark.parametrize(
    "settings",
    [{"TZ": "Asia/Kathmandu"}, {"LC_ALL": "tr_TR.UTF-8"}, {"PYTHONHASHSEED": "7"}],
    ids=lambda settings: next(iter(settings)),
)
def test_the_bytes_do_not_depend_on_the_environment(tmp_path, settings):
    write_shard(tmp_path / "here.zip", MEMBERS)
    script = (
        f"import os, sys; os.umask(0o077); sys.path.insert(0, {str(SRC)!r})\n"
        "from pathlib import Path; from spoken_digits.shards import write_shard\n"
        f"write_shard(Path('there.zip'), {set(MEMBERS)!r})"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ | settings, check=True
    )
    assert (tmp_path / "here.zip").read_bytes() == (tmp_path / "there.zip").read_bytes()


def test_members_are_stored_so_the_bytes_do_not_depend_on_zlib(tmp_path):
    write_shard(tmp_path / "a.zip", MEMBERS)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = archive.infolist()
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}


def test_the_same_name_twice_is_refused_and_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match=r"the same name twice: 0_a_0\.wav"):
        write_shard(tmp_path / "a.zip", [*MEMBERS, ("0_a_0.wav", b"again")])
    assert list(tmp_path.iterdir()) == []


def test_a_missing_shard_says_how_to_make_it(tmp_path):
    with pytest.raises(ShardError, match=r"a\.zip: no such shard\. Make it with: dvc repro"):
        list(read_shard(tmp_path / "a.zip"))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text"])
def test_damage_is_found_and_the_shard_named(tmp_path, damage):
    path = tmp_path / "a.zip"
    write_shard(path, MEMBERS)
    content = path.read_bytes()
    at = content.index(b"oneone") + 10
    path.write_bytes(
        {
            "flip": content[:at] + b"X" + content[at + 1 :],
            "cut": content[: len(content) // 2],
            "empty": b"",
            "text": b"not a zip",
        }[damage]
    )
    with pytest.raises(ShardError, match=r"a\.zip: damaged \(.+\)\. Delete it and make it again"):
        list(read_shard(path))
    if damage != "flip":  # names alone are read without the content
        with pytest.raises(ShardError, match=r"a\.zip: not a readable shard"):
            member_names(path)


def test_a_shard_that_somebody_compressed_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0_a_0.wav", b"zero" * 50)
    with pytest.raises(ShardError, match=r"a\.zip: damaged \(0_a_0\.wav is compressed\)"):
        list(read_shard(tmp_path / "a.zip"))


def test_a_header_that_was_overwritten_is_found(tmp_path):
    write_shard(tmp_path / "a.zip", MEMBERS)
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(b"XXXX" + content[4:])
    with pytest.raises(ShardError, match=r"a\.zip: damaged"):
        list(read_shard(tmp_path / "a.zip"))


def test_shards_are_listed_in_order_whatever_the_file_system(tmp_path):
    for name in ["b/2.zip", "a/9.zip", "b/10.zip"]:
        write_shard(tmp_path / name, MEMBERS)
    (tmp_path / "a" / "notes.txt").touch()
    listed = [str(path.relative_to(tmp_path)) for path in list_shards(tmp_path)]
    assert listed == ["a/9.zip", "b/10.zip", "b/2.zip"]


def test_no_shards_at_all_says_how_to_make_them(tmp_path):
    with pytest.raises(ShardError, match=r"no shards .* here\. Make them: dvc repro"):
        list_shards(tmp_path)
