"""Pictures, read back as the training and evaluation stages do."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from support import flip_a_bit

from spoken_digits.dataset.images import (
    ImagesError,
    class_indices,
    find_images,
    in_batches,
    load_images,
)
from spoken_digits.picture.convert import png
from spoken_digits.recording import Recording
from spoken_digits.shards import ShardError, write_shard
from spoken_digits.vocabulary import digits


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (100, 100), np.uint8)


RECORDINGS = [
    Recording("espeak", "3", "v000", 0),
    Recording("espeak", "other-yes", "v000", 0),
    Recording("espeak", "3", "v001", 0),
    Recording("fsdd", "3", "v000", 0),  # the same name as another corpus's
    Recording("fsdd", "7", "anna", 11),
]


@pytest.fixture
def root(tmp_path):
    """Shards in which recording i has picture(i), and one picture that nobody asks for."""
    shards = {}
    for seed, recording in enumerate(RECORDINGS):
        shards.setdefault(recording.who, []).append((recording.png, png(picture(seed))))
    shards["fsdd/anna"].append(("7_anna_12.png", png(picture(99))))
    for name, members in shards.items():
        write_shard(tmp_path / f"{name}.zip", members)
    return tmp_path


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1], [3], [1, 4], []], ids=str)
def test_pictures_come_in_the_order_of_the_recordings(root, order):
    images = load_images(root, [RECORDINGS[index] for index in order])
    assert images.shape == (len(order), 100, 100)
    assert images.dtype == np.uint8
    for image, index in zip(images, order, strict=True):
        assert np.array_equal(image, picture(index))


@pytest.fixture
def stored(tmp_path):
    """Fifty pictures in five shards, and the same in an array."""
    pictures = [picture(seed) for seed in range(50)]
    recordings = [Recording("fsdd", str(seed // 5), f"v{seed % 5}", 0) for seed in range(50)]
    for speaker in range(5):
        members = [
            (one.png, png(pixels))
            for one, pixels in zip(recordings, pictures, strict=True)
            if one.speaker == f"v{speaker}"
        ]
        write_shard(tmp_path / f"fsdd/v{speaker}.zip", members)
    return find_images(tmp_path, recordings), np.stack(pictures)


def test_images_on_disk_are_read_as_from_an_array(stored):
    on_disk, array = stored
    assert len(on_disk) == len(array)
    assert np.array_equal(on_disk[7:33], array[7:33])
    assert np.array_equal(on_disk[np.array([49, 0, 0, 7])], array[[49, 0, 0, 7]])
    assert on_disk[5:5].shape == (0, 100, 100)


@pytest.mark.parametrize("memory", [1, 80_000, 170_000, 10**9])
def test_an_epoch_has_each_image_once_wherever_it_is_and_in_the_same_batches(stored, memory):
    on_disk, array = stored
    order = np.random.default_rng(0).permutation(50)
    batches = list(in_batches(on_disk, order, 8, memory))
    assert [len(batch) for batch in batches] == [8] * 6 + [2]
    assert np.array_equal(np.concatenate(batches), array[order])
    for ours, theirs in zip(batches, in_batches(array, order, 8, memory), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_shard_that_goes_while_images_are_read_is_named(stored, tmp_path):
    (tmp_path / "fsdd/v3.zip").unlink()
    with pytest.raises(ShardError, match=r"v3\.zip: no such shard\. Make it with: dvc repro"):
        stored[0][:]


READ_ALL = """
import resource, sys
from pathlib import Path
import numpy as np
from spoken_digits.dataset.images import find_images, in_batches
from spoken_digits.recording import Recording

root, count, memory = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
images = find_images(root, [Recording("fsdd", "1", f"v{n % 4}", n) for n in range(count)])
order = np.random.default_rng(0).permutation(count)
sum(1 for _ in in_batches(images, order[:64], 64, 0))  # whatever the first ones need is there
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 12 * 10**6
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print(sum(len(batch) for batch in in_batches(images, order, 64, memory)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS, as Linux has them")
def test_memory_for_images_on_disk_is_bounded(tmp_path):
    """Twenty MB of images are read where 12 MB may be allocated: in windows of 4 MB."""
    count, content = 2000, png(picture(0))
    for speaker in range(4):
        names = [f"1_v{speaker}_{n}.png" for n in range(speaker, count, 4)]
        write_shard(tmp_path / f"fsdd/v{speaker}.zip", ((name, content) for name in names))

    def read_all(memory: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", READ_ALL, str(tmp_path), str(count), str(memory)]
        return subprocess.run(command, capture_output=True, text=True)

    in_windows, at_once = read_all(4 * 10**6), read_all(10**9)
    assert (in_windows.stdout, in_windows.returncode) == ("2000\n", 0), in_windows.stderr
    assert "Unable to allocate 19.1 MiB" in at_once.stderr


def test_classes_of_recordings():
    assert class_indices(RECORDINGS, digits().classes).tolist() == [3, 10, 3, 3, 7]
    assert class_indices([], digits().classes).shape == (0,)


def test_classes_are_numbered_as_the_vocabulary_lists_them():
    said = [Recording("espeak", label, "v000", 0) for label in ("no", "other-3", "lights-on")]
    assert class_indices(said, ("yes", "no", "lights-on", "other")).tolist() == [1, 3, 2]


def test_a_recording_of_no_class_is_named():
    with pytest.raises(ImagesError) as caught:
        class_indices(RECORDINGS, ("yes", "no", "other"))
    assert str(caught.value) == (
        "espeak/3_v000_0.wav of the split: '3' is not in the vocabulary, yes, no. "
        "Make the split again with: dvc repro"
    )


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (
            Recording("espeak", "9", "v000", 0),
            "1 images of the split are missing, among them espeak/9_v000",
        ),
        (
            Recording("espeak", "1", "ben", 0),
            "among them espeak/1_ben_0.wav. Make them with: dvc repro",
        ),
        (Recording("audiomnist", "1", "01", 0), "among them audiomnist/1_01_0.wav"),
    ],
)
def test_a_picture_that_is_not_there(root, missing, words):
    with pytest.raises(ImagesError, match=words):
        load_images(root, [*RECORDINGS, missing])


def test_all_pictures_missing(tmp_path):
    with pytest.raises(ShardError, match=r"no shards .* Make them: dvc repro"):
        load_images(tmp_path, RECORDINGS)


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
    with pytest.raises(ImagesError, match=words) as caught:
        load_images(tmp_path, RECORDINGS[:1])
    assert str(caught.value).startswith(f"{tmp_path}/espeak/v000.zip/3_v000_0.png: ")


def test_a_damaged_shard(root):
    flip_a_bit(root / "espeak" / "v000.zip", 3000)
    with pytest.raises(ShardError, match=r"v000.zip: damaged \(Bad CRC-32.*dvc repro"):
        load_images(root, RECORDINGS)
