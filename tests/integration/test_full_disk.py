"""A disk that is full: a sentence, and nothing half-written, in every stage and in the programs."""

import shutil

import numpy as np
import pytest
import soundfile
from live_support import project as live_project
from live_support import room, word
from machine import fill, shell, small_disk, tree

STAGES = {
    "download": "data/raw",
    "spectrogram": "data/spectrograms",
    "split": "data/split.csv",
    "validate": "metrics/validate.json",
    "train": "metrics/train",
    "evaluate": "metrics/plots",
    "export": "models/digits.onnx",
    "report": "metrics/report.html",
}
"""What each of them writes first."""


@pytest.fixture
def full(built, tmp_path):
    """The built project, alone on a disk that is full."""
    with small_disk(tmp_path / "disk", 40) as disk:
        ignored = shutil.ignore_patterns(".git", "cache", "tmp")
        project = shutil.copytree(built, disk / "project", symlinks=True, ignore=ignored)
        fill(disk)
        yield project


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_on_a_full_disk(full, stage):
    """What it wrote before stays as it was, and nothing is left beside it."""
    before = tree(full)
    done = shell(f"python3 src/{stage}.py", full)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: {STAGES[stage]}")
    assert last.endswith("the disk is full. Free some space (docs/problems.md says how), and run "
                         "this again")  # fmt: skip
    assert tree(full) == before


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [8, 64, 200])
@pytest.mark.parametrize("stage", ["download", "train", "evaluate"])
def test_a_disk_that_is_full_half_way(full, stage, kilobytes):
    before = tree(full)
    room_left = full.parent / "fill"
    with room_left.open("r+b") as file:
        file.truncate(room_left.stat().st_size - kilobytes * 1024)
    done = shell(f"python3 src/{stage}.py", full)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the disk is full" in done.stderr
    after = tree(full)
    assert not [name for name in after if "partial" in name]
    assert {name: after.get(name) for name in before} == before
    assert {name for name in after if name not in before} <= {
        name for name in after if name.startswith(".checkpoints/train-")
    }


@pytest.mark.parametrize("stage", ["split", "spectrogram"])
def test_a_file_that_grows_beyond_the_limit(work, stage):
    """The system says it in another way: ulimit -f. Here 1 kB is allowed."""
    before = tree(work)
    done = shell(f"ulimit -f 1; python3 src/{stage}.py", work)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: {STAGES[stage]}")
    assert last.endswith("larger than a file may be here. Raise the limit: ulimit -f unlimited")
    assert tree(work) == before


@pytest.mark.parametrize("stage", ["split", "validate"])
@pytest.mark.parametrize("output", ["> /dev/full", "| head -c 0; exit ${PIPESTATUS[0]}", ">&-"])
def test_a_stage_whose_output_nobody_takes(work, stage, output):
    """What it has made is whole all the same."""
    before = tree(work)
    done = shell(f"python3 src/{stage}.py {output}", work)
    if "full" in output:
        assert done.returncode == 1
        assert done.stderr.startswith("error: standard output: the disk is full. Free some space")
    else:
        assert done.returncode in (0, 141)
        assert done.stderr == ""
    assert tree(work) == before


# The live program


@pytest.fixture
def sounds(tmp_path):
    folder = live_project(tmp_path)
    soundfile.write(folder / "three.wav", room(0.3, word(3), 0.5), 16_000)
    words = room(0.5, word(3), 0.6, word(4), 0.8)
    (folder / "words.pcm").write_bytes(np.rint(words * 32767).astype("<i2").tobytes())
    return folder


LIVE = "python3 {root}/src/predict_live.py"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments",
    ["three.wav", "--json three.wav three.wav", "--string three.wav", "- < words.pcm",
     "--json - < words.pcm"],
)  # fmt: skip
def test_predict_live_into_a_full_disk(sounds, arguments, unbuffered, pytestconfig):
    command = LIVE.format(root=pytestconfig.rootpath)
    done = shell(f"{command} {arguments} > /dev/full", sounds, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: standard output: the disk is full.")


def test_predict_live_with_its_output_closed(sounds, pytestconfig):
    command = LIVE.format(root=pytestconfig.rootpath)
    done = shell(f"{command} three.wav >&-", sounds)
    assert done.returncode == 1
    assert done.stderr == "error: standard output is closed, and what is heard goes there\n"


def test_help_into_a_full_disk(sounds, pytestconfig):
    command = LIVE.format(root=pytestconfig.rootpath)
    done = shell(f"{command} --help > /dev/full", sounds, PYTHONUNBUFFERED="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: standard output: the disk is full.")


def test_saving_on_a_full_disk(sounds, tmp_path, pytestconfig):
    """What was heard before is printed; no half recording stays."""
    command = LIVE.format(root=pytestconfig.rootpath)
    with small_disk(tmp_path / "disk", 1) as disk:
        (disk / "kept").mkdir()
        fill(disk)
        done = shell(f"{command} --save {disk / 'kept'} - < words.pcm", sounds)
        assert list((disk / "kept").iterdir()) == []
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"error: {disk / 'kept' / '3_live_0.wav'}: the ")
    assert len(done.stdout.splitlines()) == 1
