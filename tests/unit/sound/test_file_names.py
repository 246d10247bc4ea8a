"""Which files are recordings, which are passed over with a word, and which are no sound."""

import os

import pytest

from spoken_digits.sound.file_names import SUFFIXES, is_recording, search, why_not


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_can_be_read_is_a_recording_in_capitals_too(suffix):
    for name in (f"7_anna_0{suffix}", f"a/b/7_anna_0{suffix.upper()}", f"7_jos\udce9{suffix}"):
        assert is_recording(name)
        assert why_not(name) == ""


@pytest.mark.parametrize(
    "name",
    ["._7_anna_0.wav", "a/._7_anna_0.wav", "__MACOSX/a/7_anna_0.wav", ".AppleDouble/7_anna_0.wav"],
)
def test_what_macos_puts_beside_a_file_is_nobodys_business(name):
    assert not is_recording(name)
    assert why_not(name) == ""


@pytest.mark.parametrize(
    "name", ["README.md", "Thumbs.db", ".DS_Store", "desktop.ini", "7.wav.txt", "wav", ".wav", ""]
)
def test_what_is_no_sound_is_nobodys_business(name):
    assert not is_recording(name)
    assert why_not(name) == ""


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("7_anna_0.m4a", ".m4a cannot be read. Convert it to WAV, for example with ffmpeg"),
        ("a/7_anna_0.WMA", ".wma cannot be read. Convert it to WAV"),
        ("film.mp4", ".mp4 cannot be read"),
        (".7_anna_0.wav", "hidden, as a name that begins with a dot says"),
        (".trash/7_anna_0.wav", "hidden, as a name that begins with a dot says"),
    ],
)
def test_what_looks_like_sound_and_is_not_taken_has_a_reason(name, reason):
    assert not is_recording(name)
    assert why_not(name).startswith(reason)


def test_a_directory_is_searched_with_all_below_it(tmp_path):
    for name in ("b.wav", "a/c.FLAC", "a/d.m4a", "._b.wav", "notes.txt", ".e.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = search(tmp_path)
    assert found.recordings == ["a/c.FLAC", "b.wav"]
    assert sorted(found.passed_over) == [".e.wav", "a/d.m4a"]


def test_a_directory_that_is_called_like_a_recording_is_searched(tmp_path):
    (tmp_path / "x.wav").mkdir()
    (tmp_path / "x.wav" / "7.wav").write_bytes(b"")
    assert search(tmp_path) == (["x.wav/7.wav"], {})


def test_links_are_followed_and_a_loop_ends(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "7.wav").write_bytes(b"")
    (tmp_path / "here" / "elsewhere").symlink_to(tmp_path / "there")
    (tmp_path / "there" / "back").symlink_to(tmp_path / "here")
    (tmp_path / "here" / "lost.wav").symlink_to(tmp_path / "nowhere")
    assert search(tmp_path / "here") == (["elsewhere/7.wav", "lost.wav"], {})


def test_what_cannot_be_read_twice_is_named(tmp_path):
    os.mkfifo(tmp_path / "7.wav")
    assert search(tmp_path) == ([], {"7.wav": "no regular file"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "mine").mkdir(mode=0)
    assert search(tmp_path) == ([], {"mine": "cannot be read (Permission denied)"})
