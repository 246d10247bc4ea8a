"""Stages, word mode and --string say the same of the same file."""

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_support import room, word

from spoken_digits.live.long_files import read_blocks
from spoken_digits.live.sound_files import find_files, read_word
from spoken_digits.sound.decode import RecordingError, decode

SOUND = room(0.3, word(7), 0.3)


def encode(sound=SOUND, container="WAV", subtype=None, rate=16_000):
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format=container, subtype=subtype)
    return buffer.getvalue()


def as_a_stage(path):
    decode(path.read_bytes(), str(path))


def as_a_word(path):
    read_word(path)


def as_a_string(path):
    list(read_blocks(path))


READERS = [as_a_stage, as_a_word, as_a_string]


def half(content):
    return content[: len(content) // 2]


BAD = {
    "empty": (b"", "an empty file"),
    "text": (b"not a sound at all", "not a sound file that can be read (Format not recognised)"),
    "half a WAV": (half(encode()), "cut short, 15978 of 32000 bytes of sound"),
    "half a FLAC": (
        half(encode(container="FLAC")),
        "cut short or damaged, it cannot be decoded to its end",
    ),
    "half an OGG": (half(encode(container="OGG")), "cut short, its last page is not whole"),
    "half an MP3": (half(encode(container="MP3")), "cut short, "),
    "nothing in it": (encode(SOUND[:0]), "holds no sound, 0 samples"),
    "NaN": (encode(np.array([0, np.nan]), subtype="FLOAT"), "holds samples that are not finite"),
    "infinity": (encode(np.array([0, np.inf]), subtype="DOUBLE"), "holds samples that are not fin"),
    "10 Hz": (encode(rate=10), "a sample rate of 10 Hz; 1000 to 768000 Hz can be right"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("read", READERS)
def test_a_bad_file_has_one_sentence(tmp_path, read, name, capfd):
    content, sentence = BAD[name]
    path = tmp_path / "7_anna_0.wav"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: {sentence}")
    assert capfd.readouterr() == ("", "")  # nor does libmpg123 say anything


@pytest.mark.parametrize("read", READERS)
def test_a_notice_is_one_too(tmp_path, read, capsys):
    path = tmp_path / "7_anna_0.wav"
    content = encode()
    path.write_bytes(content[:40] + bytes(4) + content[44:])
    read(path)
    assert capsys.readouterr().err == (
        f"notice: {path}: its header says that there is no sound, as a recorder leaves it that was "
        "killed; the 32000 bytes that follow are heard\n"
    )


def heard_as_a_string(path):
    return np.concatenate(list(read_blocks(path)))


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "CAF"])
def test_all_hear_the_same_samples(tmp_path, container):
    path = tmp_path / "7_anna_0"
    path.write_bytes(encode(np.stack([SOUND, -SOUND], axis=1), container))
    samples, _ = decode(path.read_bytes(), str(path))
    np.testing.assert_array_equal(read_word(path), samples / np.float32(32768))
    np.testing.assert_allclose(heard_as_a_string(path), samples / 32768, atol=2e-5)
    assert np.abs(samples).max() > 5000  # the two channels did not cancel each other


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("container", ["MP3", "OGG"])
def test_the_libraries_write_nothing(tmp_path, read, container, capfd):
    path = tmp_path / "a"
    path.write_bytes(encode(container=container))
    read(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("read", [as_a_word, as_a_string])
@pytest.mark.parametrize("container", ["WAV", "FLAC", "MP3"])
def test_a_pipe_is_read_once(tmp_path, read, container):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(encode(container=container),))
    writer.start()
    read(path)
    writer.join()


@pytest.mark.parametrize("read", [as_a_word, as_a_string])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/dev/null", "/dev/null: an empty file"),
        ("missing.wav", "missing.wav: cannot be read (No such file or directory)"),
        (".", ".: cannot be read (Is a directory)"),
        ("a\0b.wav", r"a\x00b.wav: cannot be read (embedded null byte)"),
    ],
)
def test_what_cannot_be_opened_is_named(read, name, sentence):
    with pytest.raises(RecordingError) as caught:
        read(Path(name))
    assert str(caught.value) == sentence


def test_a_file_that_the_system_does_not_let_read_to_its_end(tmp_path):
    """Reading memory at address 0 is what a bad disk is: an OSError in the middle."""
    for read in (as_a_word, as_a_string):
        with pytest.raises(RecordingError, match=r"^/proc/self/mem: cannot be read \("):
            read(Path("/proc/self/mem"))


def test_names_of_any_bytes_are_heard_and_can_be_printed(tmp_path):
    path = tmp_path / "7_jos\udce9_0.wav"
    path.write_bytes(encode())
    assert len(read_word(path)) == len(SOUND)
    path.write_bytes(b"")
    with pytest.raises(RecordingError, match=r"7_jos\\xe9_0\.wav: an empty file"):
        read_word(path)


def test_what_is_passed_over_in_a_directory_is_counted_and_named(tmp_path):
    for take in range(20):
        (tmp_path / f"7_anna_{take}.wav").write_bytes(b"")
        (tmp_path / f"8_anna_{take}.m4a").write_bytes(b"")
        (tmp_path / f"._7_anna_{take}.wav").write_bytes(b"")
    (tmp_path / "9_anna_0.opus").write_bytes(b"")
    notices = []
    found = find_files([tmp_path], notices.append)
    assert len(found) == 21
    assert notices[0].splitlines()[:2] == [
        f"{tmp_path}: 20 that may be sound are not heard:",
        "  8_anna_0.m4a: .m4a cannot be read. Convert it to WAV, for example with ffmpeg",
    ]
    assert notices[0].endswith("... and 15 more")
