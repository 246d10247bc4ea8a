"""The stage spectrogram, as a user runs it: whole, repeatable, or an error and nothing changed."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import flip_a_bit

from spoken_digits.shards import read_shard, write_shard

ROOT = Path(__file__).parents[2]
SPEAKERS = ["anna", "ben", "cleo"]


def stage(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "src/spectrogram.py", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
    )


def files(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path, recordings):
    """A project's params and some shards of recordings at several rates, of two corpora."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for speaker, rate in zip(SPEAKERS, (48_000, 8_000, 16_000), strict=True):
        shard = tmp_path / f"data/raw/fsdd/{speaker}.zip"
        write_shard(shard, recordings(speaker, takes=2, rate=rate).items())
    others = {
        name.replace("7_", "other-house_"): content
        for name, content in recordings("dora", rate=44_100).items()
    }
    write_shard(tmp_path / "data/raw/folder/dora.zip", others.items())
    return tmp_path


@pytest.mark.slow
def test_pictures_are_the_same_for_any_number_of_workers_and_for_a_shard_alone(project):
    output = project / "data/spectrograms"
    made = []
    for workers in ("1", "2", "4"):
        result = stage(project, "--workers", workers)
        assert result.returncode == 0, result.stderr
        assert "70 pictures in 4 shards" in result.stdout
        made.append(files(output))
    shards = ["folder/dora.zip", *(f"fsdd/{speaker}.zip" for speaker in SPEAKERS)]
    assert sorted(made[0]) == ["contact-sheet.png", *shards]
    assert made[0] == made[1] == made[2]
    for speaker in ("anna", "cleo"):
        (project / f"data/raw/fsdd/{speaker}.zip").unlink()
    shutil.rmtree(project / "data/raw/folder")
    assert stage(project).returncode == 0
    alone = files(output)
    assert sorted(alone) == ["contact-sheet.png", "fsdd/ben.zip"]  # nothing stale
    assert alone["fsdd/ben.zip"] == made[0]["fsdd/ben.zip"]


def test_each_recording_has_its_picture_and_the_sheet_shows_them(project):
    assert stage(project).returncode == 0
    for shard in sorted((project / "data/raw").glob("*/*.zip")):
        pictures = dict(
            read_shard(project / "data/spectrograms" / shard.relative_to(project / "data/raw"))
        )
        names = [name for name, _ in read_shard(shard)]
        assert list(pictures) == [name.replace(".wav", ".png") for name in names]
        for content in pictures.values():
            with Image.open(io.BytesIO(content)) as picture:
                assert (picture.size, picture.mode) == ((100, 100), "L")
                assert np.asarray(picture).max() > 225  # white is 6 dB above a word's level
    with Image.open(project / "data/spectrograms/contact-sheet.png") as sheet:
        assert sheet.width > 10 * 100
        assert sheet.height > 4 * 100
    assert not list((project / "data").rglob("*.partial"))


@pytest.fixture
def done(project):
    assert stage(project, "--workers", "1").returncode == 0
    return project


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("ben.zip", b"no archive", "data/raw/fsdd/ben.zip: damaged"),
        ("ben.zip", None, "fsdd/ben.zip: 3_ben_0.wav: not a mono PCM 16-bit WAV"),
    ],
)
def test_a_bad_shard_is_named_and_what_was_there_stays(done, workers, name, content, words):
    shard = done / "data/raw/fsdd" / name
    if content is None:
        members = dict(read_shard(shard)) | {"3_ben_0.wav": b"RIFF"}
        write_shard(shard, members.items())
    else:
        shard.write_bytes(content)
    before = files(done / "data/spectrograms")
    result = stage(done, "--workers", workers)
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert files(done / "data/spectrograms") == before
    assert not list((done / "data").rglob("*.partial"))


def test_a_flipped_byte_is_found(done):
    flip_a_bit(done / "data/raw/fsdd/anna.zip", 5_000)
    result = stage(done, "--workers", "1")
    assert result.returncode == 1
    assert "anna.zip: damaged (Bad CRC-32 for file '0_anna_0.wav')" in result.stderr


def test_without_recordings_it_says_how_to_make_them(project):
    shutil.rmtree(project / "data/raw")
    result = stage(project)
    assert result.returncode == 1
    assert "data/raw: no shards" in result.stderr
    assert "dvc repro" in result.stderr


def test_wrong_params_are_refused_before_any_work(project):
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("window_ms: 25", "window_ms: 250"))
    result = stage(project)
    assert result.returncode == 2
    assert "spectrogram.window_ms: 250" in result.stderr
    assert not (project / "data/spectrograms").exists()


def test_no_workers_are_refused(project):
    result = stage(project, "--workers", "0")
    assert result.returncode == 1
    assert "--workers 0: must be 1 or more" in result.stderr


def test_help_says_what_it_makes(tmp_path):
    result = stage(tmp_path, "--help")
    assert result.returncode == 0
    assert "data/spectrograms/contact-sheet.png" in result.stdout
    assert "--workers" in result.stdout
