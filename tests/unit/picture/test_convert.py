"""PNG files and shards of pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from spoken_digits.params import load_params
from spoken_digits.picture import mel
from spoken_digits.picture.convert import Conversion, convert_shard, known_pictures, png
from spoken_digits.shards import read_shard, write_shard
from spoken_digits.sound.decode import RecordingError, read_wav, waveform

SETTINGS = load_params().spectrogram


@pytest.mark.parametrize("shape", [(1, 1), (100, 100), (3, 517), (900, 1_280)])
def test_a_png_decodes_to_its_picture(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with Image.open(io.BytesIO(png(picture))) as image:
        image.load()  # checks CRC-32 and Adler-32
        assert (image.format, image.mode) == ("PNG", "L")
        assert np.array_equal(np.asarray(image), picture)


def test_a_png_of_part_of_an_array_is_of_that_part():
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert png(picture[::-2, 1::3]) == png(picture[::-2, 1::3].copy())


def test_each_recording_becomes_its_picture(recordings, tmp_path):
    contents = recordings("anna", takes=9, rate=48_000)  # 90: more than are taken at once
    write_shard(tmp_path / "raw.zip", contents.items())
    converted = convert_shard(Conversion(tmp_path / "raw.zip", tmp_path / "out.zip", SETTINGS))
    pictures = dict(read_shard(tmp_path / "out.zip"))
    assert [recording.name for recording in converted] == sorted(contents)
    assert list(pictures) == [recording.png for recording in converted]
    for recording in converted:
        expected = mel.image(waveform(*read_wav(contents[recording.name])), SETTINGS)
        assert pictures[recording.png] == png(expected)


def test_a_recording_that_is_no_wav_is_named_and_nothing_is_written(recordings, tmp_path):
    contents = recordings("anna") | {"3_anna_0.wav": b"RIFF, but nothing else"}
    write_shard(tmp_path / "raw.zip", contents.items())
    with pytest.raises(RecordingError, match=r"raw\.zip: 3_anna_0\.wav: .*PCM 16-bit"):
        convert_shard(Conversion(tmp_path / "raw.zip", tmp_path / "out.zip", SETTINGS))
    assert [path.name for path in tmp_path.iterdir()] == ["raw.zip"]


def test_pictures_are_taken_once(recordings, tmp_path):
    """Of the same recordings, with the same settings and code."""
    raw, other = tmp_path / "raw.zip", tmp_path / "other.zip"
    write_shard(raw, recordings("anna").items())
    write_shard(other, (recordings("anna") | recordings("ben", takes=1)).items())
    first = Conversion(raw, tmp_path / "first.zip", SETTINGS, "code")
    second = first._replace(pictures=tmp_path / "second.zip")
    assert known_pictures(second) is None
    converted = convert_shard(first)
    assert known_pictures(second) == converted
    assert second.pictures.read_bytes() == first.pictures.read_bytes()
    third = first._replace(pictures=tmp_path / "third.zip")
    for changed in (
        {"code": "other code"},
        {"settings": SETTINGS.model_copy(update={"depth_db": 70})},
        {"recordings": other},
        {"code": None},
    ):
        assert known_pictures(third._replace(**changed)) is None, changed
    assert not third.pictures.exists()
