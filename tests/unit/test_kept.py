"""What was made before is found by what it was made of, verified, bounded, and never in the way."""

import os

import pytest
from support import flip_a_bit

from spoken_digits import kept

KEY = kept.key_of("settings", "recordings")


@pytest.fixture
def made(tmp_path):
    (tmp_path / "made.zip").write_bytes(b"pictures" * 1000)
    return tmp_path / "made.zip"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "fetched.zip"


def entries():
    return sorted(kept.kept_directory().glob("*/*"))


def test_a_file_is_fetched_by_its_key_alone(made, target):
    kept.keep("pictures", KEY, made)
    assert not kept.fetch("pictures", kept.key_of("settings", "others"), target)
    assert not kept.fetch("facts", KEY, target)
    assert not target.exists()
    assert kept.fetch("pictures", KEY, target)
    assert target.read_bytes() == made.read_bytes()


def test_parts_of_a_key_are_not_run_together():
    keys = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("c", "ab")]
    assert len({kept.key_of(*parts) for parts in keys}) == len(keys)


def test_a_link_takes_no_room_and_is_the_file_that_dvc_knows(made, target):
    kept.keep("pictures", KEY, made)
    before = made.stat()
    assert kept.fetch("pictures", KEY, target)
    after = target.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_where_there_are_no_links_it_is_copied(made, target, monkeypatch):
    def link(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    kept.keep("pictures", KEY, made)
    assert kept.fetch("pictures", KEY, target)
    assert target.read_bytes() == made.read_bytes()
    assert target.stat().st_ino != made.stat().st_ino


def test_what_was_damaged_is_thrown_away(made, target):
    kept.keep("pictures", KEY, made)
    flip_a_bit(entries()[0], 500)
    assert not kept.fetch("pictures", KEY, target)
    assert not target.exists()
    assert entries() == []


def test_small_things_are_read_and_verified(made):
    assert kept.read("facts", KEY) is None
    kept.write("facts", KEY, b"[1, 2]")
    assert kept.read("facts", KEY) == b"[1, 2]"
    flip_a_bit(entries()[0], 1)
    assert kept.read("facts", KEY) is None
    assert entries() == []


def test_the_least_recently_used_goes_first(tmp_path, target):
    for number in range(4):
        file = tmp_path / f"{number}.zip"
        file.write_bytes(bytes([number]) * 1000)
        kept.keep("pictures", str(number), file)
        os.utime(file, ns=(number, 0))  # the link's too: used in this order
    assert kept.fetch("pictures", "0", target)
    kept.trim(largest=2500)
    assert [entry.name.partition(".")[0] for entry in entries()] == ["0", "3"]


def test_nothing_is_kept_if_the_user_says_so(made, target, monkeypatch, tmp_path):
    monkeypatch.setenv("SPOKEN_DIGITS_KEPT", "none")
    kept.keep("pictures", KEY, made)
    kept.write("facts", KEY, b"")
    kept.trim()
    assert not kept.fetch("pictures", KEY, target)
    assert kept.read("facts", KEY) is None
    monkeypatch.setenv("SPOKEN_DIGITS_KEPT", str(tmp_path / "elsewhere"))
    kept.keep("pictures", KEY, made)
    assert [path.parent.name for path in (tmp_path / "elsewhere").rglob("*.*")] == ["pictures"]


def test_a_cache_that_cannot_be_written_stops_nobody(made, target, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SPOKEN_DIGITS_KEPT", str(tmp_path / "file"))
    kept.keep("pictures", KEY, made)
    kept.write("facts", KEY, b"")
    kept.trim()
    assert not kept.fetch("pictures", KEY, target)


def test_other_code_is_another_digest():
    assert kept.code_digest("picture") == kept.code_digest("picture")
    assert kept.code_digest("picture") != kept.code_digest("picture", "sound")
