"""The split and its pictures, read back as the training and evaluation stages do."""

import io

import numpy as np
import pytest
from PIL import Image

from spoken_digits.dataset.images import (
    DatasetError,
    SplitRow,
    class_indices,
    load_images,
    read_split,
)
from spoken_digits.picture.convert import png
from spoken_digits.recording import RecordingNameError
from spoken_digits.shards import ShardError, write_shard

HEADER = "corpus,speaker,name,label,subset\n"


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (100, 100), np.uint8)


def row(corpus: str, speaker: str, label: str, take: int = 0) -> SplitRow:
    return SplitRow(corpus, speaker, f"{label}_{speaker}_{take}.wav", label, "train")


ROWS = [
    row("espeak", "v000", "3"),
    row("espeak", "v000", "other-yes"),
    row("espeak", "v001", "3"),
    row("fsdd", "v000", "3"),  # the same name as another corpus's
    row("fsdd", "anna", "7", take=11),
]


@pytest.fixture
def root(tmp_path):
    """Shards in which row i has picture(i), and one picture that no row names."""
    shards = {}
    for seed, (corpus, speaker, name, *_) in enumerate(ROWS):
        member = (name.replace(".wav", ".png"), png(picture(seed)))
        shards.setdefault(f"{corpus}/{speaker}", []).append(member)
    shards["fsdd/anna"].append(("7_anna_12.png", png(picture(99))))
    for name, members in shards.items():
        write_shard(tmp_path / f"{name}.zip", members)
    return tmp_path


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [3], [1, 4], []], ids=str)
def test_pictures_come_in_the_order_of_the_rows(root, order):
    images = load_images(root, [ROWS[index] for index in order])
    assert images.shape == (len(order), 100, 100)
    assert images.dtype == np.uint8
    for image, index in zip(images, order, strict=True):
        assert np.array_equal(image, picture(index))


def test_classes_of_rows():
    assert class_indices(ROWS).tolist() == [3, 10, 3, 3, 7]
    assert class_indices([]).shape == (0,)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (row("espeak", "v000", "9"), "1 images of the split are missing, among them espeak/9_v000"),
        (row("espeak", "ben", "1"), "among them espeak/1_ben_0.wav. Make them with: dvc repro"),
        (row("audiomnist", "01", "1"), "among them audiomnist/1_01_0.wav"),
    ],
)
def test_a_picture_that_is_not_there(root, missing, words):
    with pytest.raises(DatasetError, match=words):
        load_images(root, [*ROWS, missing])


def test_all_pictures_missing(tmp_path):
    with pytest.raises(ShardError, match=r"no shards .* Make them: dvc repro"):
        load_images(tmp_path, ROWS)


def encode(pixels: np.ndarray, mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png(picture(0)[:99]), r"\(99, 100\) uint8, not a 100x100 grey picture"),
        (png(np.zeros((1, 1), np.uint8)), r"\(1, 1\) uint8, not a 100x100"),
        (encode(picture(0), "RGB"), r"\(100, 100, 3\) uint8, not a 100x100 grey"),
        (encode(picture(0), "1"), r"\(100, 100\) bool, not a 100x100 grey"),
        (encode(picture(0).astype(np.uint16)), "not a 100x100 grey picture"),
        (png(picture(0))[:500], "not a picture"),
        (b"", "not a picture"),
        (b"no picture at all", "not a picture"),
    ],
)
def test_pictures_that_are_none(tmp_path, content, words):
    write_shard(tmp_path / "espeak" / "v000.zip", [("3_v000_0.png", content)])
    with pytest.raises(DatasetError, match=words) as caught:
        load_images(tmp_path, ROWS[:1])
    assert str(caught.value).startswith(f"{tmp_path}/espeak/v000.zip/3_v000_0.png: ")


def test_a_damaged_shard(root):
    shard = root / "espeak" / "v000.zip"
    content = bytearray(shard.read_bytes())
    content[3000] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ShardError, match=r"v000.zip: damaged \(Bad CRC-32.*dvc repro"):
        load_images(root, ROWS)


def test_a_row_that_is_no_recordings_name(root):
    with pytest.raises(RecordingNameError, match=r"seven.wav: not a recording's name"):
        load_images(root, [SplitRow("espeak", "v000", "seven.wav", "7", "train")])


def test_a_split_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text(HEADER + "".join(",".join(row) + "\n" for row in ROWS), encoding="utf-8")
    assert read_split(path) == ROWS


def test_a_split_of_nothing(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text(HEADER, encoding="utf-8")
    assert read_split(path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty. Make it again with: dvc repro -f split"),
        (b"corpus,name,label\nfsdd,a,1\n", "its columns are not corpus,speaker,name,label,subset"),
        (HEADER.encode() + b"fsdd,anna,7_anna_0.wav,7\n", "its columns are not corpus,speaker"),
        (HEADER.encode() + b"fsdd,anna,7_anna_0.wav,7,train,1\n", "its columns are not corpus"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "its columns are not corpus,speaker"),
    ],
    ids=["empty", "other columns", "a short row", "a long row", "no text"],
)
def test_a_split_that_is_none(tmp_path, content, words):
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=words) as caught:
        read_split(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_recording_that_is_there_twice(tmp_path):
    line = "fsdd,anna,7_anna_0.wav,7,train\n"
    (tmp_path / "split.csv").write_text(HEADER + line + line.replace("train", "test"))
    with pytest.raises(DatasetError, match=r"1 recordings are there twice.*fsdd/7_anna_0.wav"):
        read_split(tmp_path / "split.csv")


def test_no_split(tmp_path):
    with pytest.raises(DatasetError, match=r"No such file or directory. Make it with: dvc repro"):
        read_split(tmp_path / "split.csv")
