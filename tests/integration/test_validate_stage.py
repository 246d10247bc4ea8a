"""The stage validate, as DVC runs it, on data with planted faults."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from spoken_digits.shards import read_shard, write_shard
from spoken_digits.sound.decode import wav_bytes

SRC = Path(__file__).parents[2] / "src"
SPEAKERS = [f"anna{index}" for index in range(12)]


def noise(chance: np.random.Generator) -> np.ndarray:
    """Make half a second of noise that comes and goes, as a word does."""
    swell = np.sin(np.pi * np.arange(8000) / 8000) ** 2
    return (swell * chance.integers(-8000, 8000, 8000)).astype(np.int16)


@pytest.fixture(scope="module")
def project(tmp_path_factory, run):
    """Twelve speakers, each digit twice, up to the stage before: one shard a speaker."""
    root = tmp_path_factory.mktemp("validate")
    shutil.copy(SRC.parent / "params.yaml", root)
    params = (root / "params.yaml").read_text(encoding="utf-8")
    params = params.replace("min_per_word: 20", "min_per_word: 2")
    (root / "params.yaml").write_text(params, encoding="utf-8")
    chance = np.random.default_rng(0)
    for speaker in SPEAKERS:
        write_shard(
            root / "data" / "raw" / "folder" / f"{speaker}.zip",
            [
                (f"{digit}_{speaker}_{take}.wav", wav_bytes(noise(chance), 16_000))
                for digit in range(10)
                for take in range(2)
            ],
        )
    for stage in ("spectrogram", "split"):
        run(sys.executable, SRC / f"{stage}.py", cwd=root)
    return root


@pytest.fixture
def copy(project, tmp_path):
    return shutil.copytree(project, tmp_path / "project")


def split_rows(root: Path) -> list[dict[str, str]]:
    with (root / "data" / "split.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(root: Path, rows: list[dict[str, str]]) -> None:
    with (root / "data" / "split.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def replace_recording(root: Path, speaker: str, name: str, content: bytes) -> None:
    path = root / "data" / "raw" / "folder" / f"{speaker}.zip"
    write_shard(path, [*((dict(read_shard(path)) | {name: content}).items())])


def found(root: Path) -> dict[str, object]:
    return json.loads((root / "metrics" / "validate.json").read_text())


@pytest.mark.slow
def test_good_data_pass_and_the_bytes_are_the_same_for_any_number_of_workers(copy, run):
    done = run(sys.executable, SRC / "validate.py", "--workers", "1", cwd=copy)
    first = (copy / "metrics" / "validate.json").read_bytes()
    run(sys.executable, SRC / "validate.py", "--workers", "2", cwd=copy)
    assert (copy / "metrics" / "validate.json").read_bytes() == first
    assert "240 recordings pass 19 tests" in done.stdout
    assert found(copy)["failed_checks"] == 0


def test_every_planted_fault_is_found_at_once_and_named(copy, run):
    rows = split_rows(copy)
    test_speaker = next(row["speaker"] for row in rows if row["subset"] == "test")
    train_speaker = next(row["speaker"] for row in rows if row["subset"] == "train")
    leaked = f"5_{train_speaker}_1.wav"
    write_rows(copy, [row | {"subset": "test"} if row["name"] == leaked else row for row in rows])
    shard = copy / "data" / "raw" / "folder" / f"{train_speaker}.zip"
    twin = dict(read_shard(shard))[f"3_{train_speaker}_0.wav"]
    replace_recording(copy, test_speaker, f"3_{test_speaker}_1.wav", twin)
    silence = wav_bytes(np.zeros(8000, np.int16), 16_000)
    for digit in range(3):
        replace_recording(copy, train_speaker, f"{digit}_{train_speaker}_1.wav", silence)

    done = run(sys.executable, SRC / "validate.py", cwd=copy, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "data tests failed on data/raw and data/split.csv" in done.stderr
    assert f"folder/{train_speaker} is in train and test" in done.stderr
    assert f"folder/3_{test_speaker}_1.wav (test)" in done.stderr
    assert f"folder/3_{train_speaker}_0.wav (train)" in done.stderr
    assert f"folder/0_{train_speaker}_1.wav: -inf dBFS" in done.stderr
    assert "the bounds under validate in params.yaml" in done.stderr
    counts = found(copy)["found"]
    assert counts["speakers_across_subsets"] == 1
    assert counts["duplicates_across_subsets"] == 1
    assert counts["silent"] == 3


def test_what_the_download_stage_left_out_is_counted(copy, run):
    (copy / "data/raw/skipped.csv").write_text(
        "corpus,name,reason\n"
        "folder,7_anna_0.m4a,.m4a cannot be read\n"
        "folder,seven.wav,not a recording's name\n"
    )
    done = run(sys.executable, SRC / "validate.py", cwd=copy)
    assert found(copy)["found"]["left_out"] == 2
    assert "left_out: 2: left out by the download stage (data/raw/skipped.csv)" in done.stdout
    assert "folder: 7_anna_0.m4a: .m4a cannot be read" in done.stdout


def test_words_cut_off_and_noise_alone_stop_the_pipeline(copy, run):
    """A tenth of the recordings without their end, and 2.5% without a word."""
    chance = np.random.default_rng(1)
    for number, speaker in enumerate(SPEAKERS):
        for take in range(2):
            sound = noise(chance)
            replace_recording(
                copy, speaker, f"1_{speaker}_{take}.wav", wav_bytes(sound[:4000], 16_000)
            )
        if number < 6:
            steady = chance.integers(-8000, 8000, 8000, dtype=np.int16)
            replace_recording(copy, speaker, f"2_{speaker}_0.wav", wav_bytes(steady, 16_000))
    done = run(sys.executable, SRC / "validate.py", cwd=copy, check=False)
    assert done.returncode == 1
    # Steady noise ends as loudly as it goes on.
    assert (
        "cut_off: 30: as loud at the end as anywhere (within 6 dB): cut off, or no" in done.stderr
    )
    assert "allowed: validate.max_cut_off_percent, 4% of a corpus" in done.stderr
    assert "noise_alone: 6: equally loud all the time (within 5 dB)" in done.stderr
    assert "allowed: validate.max_noise_percent, 1% of a corpus" in done.stderr
    assert found(copy)["found"]["cut_off"] == 30


def test_a_damaged_shard_is_named(copy, run):
    path = copy / "data" / "raw" / "folder" / f"{SPEAKERS[0]}.zip"
    path.write_bytes(path.read_bytes()[:-100])
    done = run(sys.executable, SRC / "validate.py", cwd=copy, check=False)
    assert done.returncode == 1
    assert f"{SPEAKERS[0]}.zip" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_params_stop_it_before_it_looks(copy, run):
    params = copy / "params.yaml"
    text = params.read_text(encoding="utf-8").replace(
        "max_silent_percent: 1", "max_silent_percent: 101"
    )
    params.write_text(text, encoding="utf-8")
    done = run(sys.executable, SRC / "validate.py", cwd=copy, check=False)
    assert done.returncode == 2
    assert "params.yaml: validate.max_silent_percent: 101 is not allowed" in done.stderr
    assert not (copy / "metrics").exists()
