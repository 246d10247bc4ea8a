"""Files appear whole or not at all, and their names can be printed."""

from pathlib import Path

import pytest

from spoken_digits.files import replacing, shown, write_text


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
