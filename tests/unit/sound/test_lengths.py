"""What a header says of a file's length is compared with the file, in every format."""

import io

import numpy as np
import pytest
import soundfile
from support import speak

from spoken_digits.sound.decode import RecordingError, decode, wav_bytes

RATE = 16_000
SPEECH = speak(7, "anna", 0)
BYTES = 2 * len(SPEECH)
WAV = wav_bytes(SPEECH, RATE)
NO_SOUND = "its header says that there is no sound, as a recorder leaves it that was killed"


def encode(container, subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, SPEECH, RATE, format=container, subtype=subtype)
    return buffer.getvalue()


def patched(content, offset, number, width=4, order="little"):
    return content[:offset] + number.to_bytes(width, order) + content[offset + width :]


def heard(content):
    notices = []
    samples, rate = decode(content, "7_anna_0", notices.append)
    assert rate == RATE
    return samples, notices


def with_size(container, size):
    """Return a file whose header says that its sound has so many bytes, and what true ones are."""
    content = encode(container)
    if container in ("WAV", "WAVEX"):
        at = content.index(b"data") + 4
        return patched(content, at, size)
    if container == "AIFF":
        return patched(content, content.index(b"SSND") + 4, size + 8 if size else 0, order="big")
    if container == "CAF":
        return patched(content, content.index(b"data") + 4, size + 4 if size else 0, 8, "big")
    if container == "W64":
        return patched(content, content.index(b"data") + 16, size + 24 if size else 0, 8)
    if container == "RF64":
        return patched(content, content.index(b"ds64") + 16, size, 8)
    assert container == "AU"
    return patched(content, 8, size, order="big")


CONTAINERS = ["WAV", "WAVEX", "AIFF", "CAF", "W64", "RF64", "AU"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_right_length_is_nothing_to_speak_of(container):
    samples, notices = heard(with_size(container, BYTES))
    np.testing.assert_array_equal(samples, SPEECH)
    assert notices == []


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_sound_after_a_length_of_zero_is_heard_with_a_notice(container):
    samples, notices = heard(with_size(container, 0))
    np.testing.assert_array_equal(samples, SPEECH)
    assert len(notices) == 1
    assert notices[0].startswith(f"7_anna_0: {NO_SOUND}; the ")


@pytest.mark.parametrize("riff", [0, 36, BYTES + 36, 2**32 - 1, 5])
def test_whatever_the_size_of_the_riff_is(riff):
    samples, notices = heard(patched(patched(WAV, 4, riff), 40, 0))
    np.testing.assert_array_equal(samples, SPEECH)
    assert notices == [f"7_anna_0: {NO_SOUND}; the {BYTES} bytes that follow are heard"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_length_beyond_the_file_is_cut_short(container):
    with pytest.raises(RecordingError, match=r"^7_anna_0: cut short, \d+ of \d+ bytes of sound$"):
        heard(with_size(container, 3 * BYTES))


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_lies_behind_the_sound_is_not_heard_and_counted(container):
    samples, notices = heard(with_size(container, BYTES // 2))
    assert 0 < len(samples) <= len(SPEECH) // 2
    np.testing.assert_array_equal(samples, SPEECH[: len(samples)])
    assert len(notices) == 1
    assert "bytes after those that its header calls sound are not heard" in notices[0]


@pytest.mark.parametrize("size", [2**31 - 1, 2**31, 2**32 - 1, 2**31 - 2**20])
def test_who_writes_to_a_pipe_does_not_know_the_length(size):
    samples, notices = heard(patched(WAV, 40, size))
    np.testing.assert_array_equal(samples, SPEECH)
    assert notices == []


@pytest.mark.parametrize("more", [-1, 1, 2, 8])
def test_a_length_that_is_wrong_by_a_few_bytes_is_no_matter(more):
    samples, notices = heard(patched(WAV, 40, BYTES + more))
    assert len(SPEECH) - 1 <= len(samples) <= len(SPEECH)
    assert notices == []


@pytest.mark.parametrize(
    "content",
    [
        wav_bytes(SPEECH[:0], RATE),
        wav_bytes(SPEECH[:0], RATE) + b"LIST\x04\0\0\0INFO",
        patched(wav_bytes(SPEECH[:0], RATE), 4, 0),
    ],
    ids=["no bytes", "other chunks", "a recorder killed at once"],
)
def test_a_length_of_zero_may_be_true(content):
    with pytest.raises(RecordingError, match=r"^7_anna_0: holds no sound, 0 samples$"):
        heard(content)


@pytest.mark.parametrize(
    "behind",
    [
        b"LIST\x04\0\0\0INFO",
        b"LIST" + (200).to_bytes(4, "little") + bytes(200),
        b"TAG" + bytes(125),
    ],
    ids=["LIST", "LIST full of zeros", "ID3v1"],
)
def test_what_belongs_behind_the_sound_is_no_matter(behind):
    samples, notices = heard(WAV + behind)
    np.testing.assert_array_equal(samples, SPEECH)
    assert notices == []


ID3 = b"ID3\x04\0\0\0\0\2\0" + bytes(256)


@pytest.mark.parametrize("container", [*CONTAINERS, "FLAC", "OGG", "MP3", "NIST"])
def test_tags_of_players_before_and_behind_are_no_sound(container):
    plain, _ = heard(encode(container))
    for tagged in (ID3 + encode(container), encode(container) + b"TAG" + bytes(125)):
        samples, notices = heard(tagged)
        np.testing.assert_array_equal(samples, plain)
        assert notices == []


def flac_of(samples_said):
    content = encode("FLAC")
    high = (content[21] & 0xF0) | samples_said >> 32
    return patched(patched(content, 21, high, 1), 22, samples_said & 2**32 - 1, order="big")


def test_a_flac_that_was_written_to_a_pipe_says_zero_samples():
    samples, notices = heard(flac_of(0))
    np.testing.assert_array_equal(samples, SPEECH)
    assert notices == []


@pytest.mark.parametrize("said", [len(SPEECH) + 1, 2**36 - 1])
def test_a_flac_that_says_more_than_it_has_is_cut_short(said):
    with pytest.raises(RecordingError, match=f"cut short, {len(SPEECH)} of {said} samples"):
        heard(flac_of(said))


def test_garbage_behind_a_flac_is_no_matter():
    np.testing.assert_array_equal(heard(encode("FLAC") + b"garbage" * 99)[0], SPEECH)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
        ("NIST", "PCM_16"), *((name, "PCM_16") for name in CONTAINERS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("percent", [30, 50, 70, 90, 98])
def test_every_format_is_cut_short_wherever_it_is_cut(container, subtype, percent):
    content = encode(container, subtype)
    with pytest.raises(RecordingError, match=r"^7_anna_0: cut short"):
        heard(content[: len(content) * percent // 100])


def pages(content):
    at = 0
    while (at := content.find(b"OggS", at)) >= 0:
        yield at
        at += 4


def test_an_ogg_without_its_last_page_is_heard_as_far_as_it_goes():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.tile(SPEECH, 8), RATE, format="OGG", subtype="OPUS")
    whole = buffer.getvalue()
    samples, notices = heard(whole[: list(pages(whole))[-1]])
    assert len(SPEECH) < len(samples) < 8 * len(SPEECH)
    assert notices == [
        "7_anna_0: its end is missing, as when a recorder was killed; what is there is heard"
    ]


@pytest.mark.parametrize(
    ("offset", "width", "number"),
    [(22, 2, 0), (22, 2, 60_000), (24, 4, 0), (24, 4, 2**32 - 1), (34, 2, 0), (16, 4, 2**31)],
    ids=["no channel", "60000 channels", "0 Hz", "4 GHz", "0 bits", "a huge chunk"],
)
def test_impossible_headers_are_refused(offset, width, number):
    with pytest.raises(RecordingError, match=r"^7_anna_0: not a sound file that can be read"):
        heard(patched(WAV, offset, number, width))
