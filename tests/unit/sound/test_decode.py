"""Any sound file becomes mono 16-bit samples, or an error that names it."""

import io

import numpy as np
import pytest
import soundfile
from support import speak

from spoken_digits.sound.decode import (
    RecordingError,
    canonical_wav,
    decode,
    read_wav,
    wav_bytes,
    waveform,
)

RATE = 16_000
SPEECH = speak(7, "anna", 0)


def encode(samples, container="WAV", subtype="PCM_16", rate=RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=container, subtype=subtype)
    return buffer.getvalue()


def test_our_wav_is_what_libsndfile_writes():
    assert wav_bytes(SPEECH, RATE) == encode(SPEECH)


def test_our_wav_reads_back():
    samples, rate = read_wav(wav_bytes(SPEECH, 48_000))
    assert rate == 48_000
    assert samples.dtype == np.int16
    np.testing.assert_array_equal(samples, SPEECH)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        wav_bytes(SPEECH, RATE)[:-1],
        wav_bytes(SPEECH, RATE)[:-2],
        wav_bytes(SPEECH[:0], RATE),
        encode(np.stack([SPEECH, SPEECH], axis=1)),
        encode(SPEECH, subtype="PCM_24"),
    ],
    ids=["empty", "odd", "short", "no samples", "stereo", "24 bits"],
)
def test_the_fast_path_takes_nothing_but_our_wav(content):
    with pytest.raises(RecordingError, match="not a mono PCM 16-bit WAV of this project"):
        read_wav(content)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_any_sample_rate(rate):
    samples, found = decode(encode(SPEECH, rate=rate), "7_anna_0.wav")
    assert found == rate
    np.testing.assert_array_equal(samples, SPEECH)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("container", "subtype", "tolerance"),
    [
        ("WAV", "PCM_16", 0),
        ("WAV", "PCM_24", 0),
        ("WAV", "PCM_32", 0),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("WAV", "PCM_U8", 256),
        ("WAVEX", "PCM_16", 0),
        ("FLAC", "PCM_16", 0),
        ("FLAC", "PCM_24", 0),
    ],
)
def test_any_bit_depth_and_channels(container, subtype, tolerance, channels):
    content = encode(np.stack([SPEECH / 32768] * channels, axis=1), container, subtype)
    samples, rate = decode(content, "7_anna_0.wav")
    assert rate == RATE
    np.testing.assert_allclose(samples, SPEECH, atol=tolerance)


@pytest.mark.parametrize(
    ("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_formats_keep_the_sound(container, subtype, channels):
    content = encode(np.stack([SPEECH / 32768] * channels, axis=1), container, subtype)
    samples, rate = decode(content, "7_anna_0.mp3")
    assert rate == RATE
    assert len(samples) == pytest.approx(len(SPEECH), abs=2000)
    both = min(len(samples), len(SPEECH))
    assert np.corrcoef(samples[:both], SPEECH[:both])[0, 1] > 0.95


def test_channels_are_averaged():
    left, right = np.full(100, 1000, np.int16), np.full(100, -400, np.int16)
    samples, _ = decode(encode(np.stack([left, right], axis=1)), "7_anna_0.wav")
    np.testing.assert_array_equal(samples, np.full(100, 300))


def test_what_is_louder_than_full_scale_is_clipped():
    samples, _ = decode(encode(np.array([2.0, -2.0, 0.5]), subtype="FLOAT"), "7_anna_0.wav")
    np.testing.assert_array_equal(samples, [32767, -32768, 16384])


def test_a_wav_with_more_than_44_bytes_of_header_is_written_anew():
    content = wav_bytes(SPEECH, RATE)
    note = b"LIST\x0e\x00\x00\x00INFOISFT\x02\x00\x00\x00me"
    size = (len(content) - 8 + len(note)).to_bytes(4, "little")
    longer = content[:4] + size + content[8:36] + note + content[36:]
    assert canonical_wav(longer, "7_anna_0.wav") == content


def test_our_wav_is_kept_byte_for_byte():
    content = wav_bytes(SPEECH, RATE)
    assert canonical_wav(content, "7_anna_0.wav") == content


def test_flac_becomes_our_wav():
    assert canonical_wav(encode(SPEECH, "FLAC"), "a.flac") == wav_bytes(SPEECH, RATE)


def test_a_recorder_that_writes_to_a_pipe_does_not_know_its_size():
    content = wav_bytes(SPEECH, RATE)
    unknown = b"\xff\xff\xff\xff"
    piped = content[:4] + unknown + content[8:40] + unknown + content[44:]
    np.testing.assert_array_equal(decode(piped, "7_anna_0.wav")[0], SPEECH)


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"not sound at all, but text", "not a sound file that can be read"),
        (b"ID3" + bytes(200), "not a sound file that can be read"),
        (wav_bytes(SPEECH[:0], RATE), "holds no sound, 0 samples"),
        (encode(SPEECH[:0], subtype="PCM_24"), "holds no sound, 0 samples"),
        (wav_bytes(SPEECH, RATE)[:5000], "cut short, 4956 of 16000 bytes of sound"),
        (half(encode(SPEECH, "FLAC")), "not a sound file that can be read|cut short"),
        (half(encode(SPEECH, "MP3", "MPEG_LAYER_III")), r"cut short, \d+ of 8000 samples"),
        (wav_bytes(SPEECH, 10), "a sample rate of 10 Hz; 1000 to 768000 Hz can be right"),
        (encode(np.array([0.0, np.nan]), subtype="FLOAT"), "samples that are not finite numbers"),
        (encode(np.array([0.0, np.inf]), subtype="DOUBLE"), "samples that are not finite numbers"),
    ],
    ids=[
        "empty", "text", "ID3", "no samples", "no samples, 24 bits", "short", "half a FLAC",
        "half an MP3", "10 Hz", "NaN", "infinite",
    ],
)  # fmt: skip
def test_bad_recordings_are_named(content, words):
    with pytest.raises(RecordingError, match=f"^7_anna_0.wav: .*({words})"):
        decode(content, "7_anna_0.wav")


def test_a_file_of_macos_in_the_current_folder_changes_no_word(tmp_path, monkeypatch):
    """libsndfile looks into it for the header of whatever it does not know."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "._").touch()
    with pytest.raises(RecordingError, match=r"can be read \(Format not recognised\)$"):
        decode(b"not a sound at all", "7_anna_0.wav")


def test_a_waveform_is_at_16_khz_between_minus_one_and_one():
    tone = np.rint(32767 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 48_000)).astype(np.int16)
    sound = waveform(tone, 48_000)
    assert sound.dtype == np.float64
    assert sound.shape == (8000,)
    expected = np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    np.testing.assert_allclose(sound[100:-100], expected[100:-100], atol=0.01)
