"""Standard input: a sound file is known by its first bytes, all else is raw samples."""

import io
import os
import threading

import numpy as np
import pytest
import soundfile
from live_support import room, word

from spoken_digits.live import standard_input
from spoken_digits.sound.decode import RecordingError

SOUND = room(0.3, word(7), 2.0, word(3), 0.3)


def encode(container, rate=16_000, sound=SOUND):
    at = np.arange(0, len(sound), 16_000 / rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.interp(at, np.arange(len(sound)), sound), rate, format=container)
    return buffer.getvalue()


def piped(content):
    """Put content into a real pipe, piece by piece, and return its other end."""
    out, into = os.pipe()

    def write():
        with os.fdopen(into, "wb") as file:
            for start in range(0, len(content), 1000):
                file.write(content[start : start + 1000])

    threading.Thread(target=write).start()
    return os.fdopen(out, "rb")


def heard(content):
    notices = []
    with piped(content) as file:
        blocks = [block.samples for block in standard_input.blocks(file, notices.append)]
    return np.concatenate(blocks) if blocks else np.empty(0), notices


def raw(sound):
    return np.rint(sound * 32767).astype("<i2").tobytes()


def test_raw_samples_are_16_khz():
    samples, _ = heard(raw(SOUND) + b"x")
    np.testing.assert_allclose(samples, SOUND, atol=1e-4)


@pytest.mark.parametrize(
    ("container", "rate"),
    [
        ("WAV", 16_000), ("WAV", 8000), ("WAV", 44_100), ("WAVEX", 44_100), ("RF64", 16_000),
        ("FLAC", 44_100), ("OGG", 16_000), ("MP3", 16_000), ("MP3", 44_100), ("MP3", 8000),
        ("AIFF", 22_050), ("CAF", 16_000), ("W64", 16_000), ("AU", 8000), ("NIST", 16_000),
    ],
)  # fmt: skip
def test_a_sound_file_is_decoded(container, rate):
    samples, _ = heard(encode(container, rate))
    tail = 16_000  # of quiet, so that the last word ends
    assert len(samples) - tail == pytest.approx(len(SOUND), abs=1700)
    assert not samples[-tail:].any()
    levels = [np.abs(part).mean() for part in np.array_split(samples[:-tail], 6)]
    assert np.argsort(levels)[-2:].tolist() in ([0, 5], [5, 0])  # the words begin and end it


@pytest.mark.parametrize("size", [0, 2**31 - 1, 2**32 - 1])
def test_a_wav_of_unknown_length_is_heard_to_its_end(size):
    content = encode("WAV")
    content = content[:40] + size.to_bytes(4, "little") + content[44:]
    assert len(heard(content)[0]) == len(SOUND) + 16_000


def test_a_wav_is_heard_as_it_comes():
    content = encode("WAV")
    content = content[:40] + b"\xff" * 4 + content[44:]
    out, into = os.pipe()
    with os.fdopen(out, "rb") as file, os.fdopen(into, "wb", buffering=0) as writer:
        writer.write(content[:64_044])
        blocks = standard_input.blocks(file, print)
        come = [next(blocks).samples for _ in range(19)]  # while the pipe is open
        np.testing.assert_allclose(np.concatenate(come), SOUND[: 19 * 1600], atol=1e-4)


def test_more_chunks_before_the_sound():
    content = encode("WAV")
    notes = b"LIST" + (30_000).to_bytes(4, "little") + bytes(30_000)
    assert len(heard(content[:36] + notes + content[36:])[0]) == len(SOUND) + 16_000


@pytest.mark.parametrize("container", ["WAV", "MP3"])
def test_what_came_before_the_cut_is_heard(container):
    content = encode(container)
    come = []
    with piped(content[: len(content) // 2]) as file, pytest.raises(RecordingError) as caught:  # noqa: PT012
        for block in standard_input.blocks(file, print):
            come.append(block.samples)
    assert str(caught.value).startswith("standard input: cut short, ")
    assert np.abs(np.concatenate(come)).max() > 0.2


@pytest.mark.parametrize("first", [-1, -1025, 0, 255, -7425])
def test_samples_that_begin_as_an_mp3_does_are_samples(first):
    """The bytes FF FB, with which an MP3 may begin, are the sample -1025."""
    sound = np.rint(SOUND * 32767).astype("<i2")
    sound[:2] = first, -28528  # the second two bytes of a header
    assert len(heard(sound.tobytes())[0]) == len(SOUND)


def test_nothing():
    assert len(heard(b"")[0]) == 0


def test_text_is_taken_for_samples_as_ever():
    assert len(heard(b"seven, please")[0]) == 6
