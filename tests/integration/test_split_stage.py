"""The stage split, as a user runs it, on real shards."""

import csv
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from support import flip_a_bit

from spoken_digits.shards import read_shard, write_shard

ROOT = Path(__file__).parents[2]
SPEAKERS = [f"s{number}" for number in range(12)]


def stage(project: Path, *arguments: str, **changes: object) -> subprocess.CompletedProcess[str]:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["split"] |= changes
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return subprocess.run(
        [sys.executable, ROOT / "src/split.py", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
    )


def table(project: Path) -> list[dict[str, str]]:
    with (project / "data/split.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def project(tmp_path, recordings):
    """Twelve speakers; two recordings of one are copies, and two speakers share another."""
    everything = recordings(*SPEAKERS, takes=12, rate=1_000)
    everything["4_s3_7.wav"] = everything["4_s3_6.wav"]
    everything["8_s5_0.wav"] = everything["8_s9_11.wav"]
    by_speaker = defaultdict(list)
    for name, content in everything.items():
        by_speaker[name.split("_")[1]].append((name, content))
    for speaker, members in by_speaker.items():
        write_shard(tmp_path / f"data/raw/fsdd/{speaker}.zip", members)
    return tmp_path


COPIES = [{"4_s3_6.wav", "4_s3_7.wav"}, {"8_s5_0.wav", "8_s9_11.wav"}]


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": "speaker"},
        *({"scheme": "fold", "fold": fold} for fold in range(5)),
        {"scheme": "speaker", "leave_out": ["fsdd/s4"]},
    ],
    ids=str,
)
def test_no_speaker_and_no_copy_crosses(project, changes):
    result = stage(project, **changes)
    assert result.returncode == 0, result.stderr
    rows = table(project)
    assert len(rows) == 12 * 10 * 12
    assert {row["subset"] for row in rows} == {"train", "validation", "test"}
    subsets = defaultdict(set)
    for row in rows:
        subsets[row["speaker"]].add(row["subset"])
    assert all(len(chosen) == 1 for chosen in subsets.values())
    assert subsets["s5"] == subsets["s9"]
    assert_copies_together(rows)


@pytest.mark.parametrize("scheme", ["random", "takes"])
def test_no_copy_crosses_where_speakers_may(project, scheme):
    result = stage(project, scheme=scheme)
    assert result.returncode == 0, result.stderr
    rows = table(project)
    assert {row["subset"] for row in rows} == {"train", "validation", "test"}
    assert_copies_together(rows)
    subset = {row["name"]: row["subset"] for row in rows}
    if scheme == "takes":
        assert subset["8_s9_11.wav"] == "test"  # trained on by its own take, but a copy is tested


def assert_copies_together(rows):
    for copies in COPIES:
        assert len({row["subset"] for row in rows if row["name"] in copies}) == 1


def test_copies_are_reported(project):
    lines = stage(project).stdout.splitlines()
    assert "identical, kept together: fsdd/4_s3_6.wav, fsdd/4_s3_7.wav" in lines
    assert "identical, kept together: fsdd/8_s5_0.wav, fsdd/8_s9_11.wav" in lines


def test_the_table_does_not_depend_on_how_recordings_are_sharded(project):
    assert stage(project).returncode == 0
    before = (project / "data/split.csv").read_bytes()
    assert b"\r" not in before
    members = []
    for shard in (project / "data/raw/fsdd").glob("*.zip"):
        members += read_shard(shard)
        shard.unlink()
    write_shard(project / "data/raw/fsdd/00.zip", members[::2])
    write_shard(project / "data/raw/fsdd/01.zip", members[1::2])
    assert stage(project).returncode == 0
    assert (project / "data/split.csv").read_bytes() == before


def test_counts_are_printed(project):
    lines = stage(project, scheme="random", test_percent=25).stdout.splitlines()
    rows = table(project)
    for subset in ("train", "validation", "test"):
        count = sum(row["subset"] == subset for row in rows)
        (line,) = [line for line in lines if line.startswith(subset)]
        assert f"{count:,} recordings of   12 speakers" in line


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"leave_out": ["fsdd/s44"]}, 1, "split.leave_out: 'fsdd/s44' is no speaker in data/raw"),
        (
            {"scheme": "speakers"},
            2,
            'split.scheme: "speakers" is not allowed. Did you mean speaker?',
        ),
        ({"leave_out": [f"fsdd/{speaker}" for speaker in SPEAKERS[1:]]}, 1, "leaves nothing for"),
    ],
)
def test_what_cannot_be_is_an_error_and_the_old_table_stays(project, changes, code, words):
    assert stage(project).returncode == 0
    before = (project / "data/split.csv").read_bytes()
    result = stage(project, **changes)
    assert result.returncode == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert (project / "data/split.csv").read_bytes() == before


def test_a_damaged_shard_is_named(project):
    shard = project / "data/raw/fsdd/s7.zip"
    shard.write_bytes(shard.read_bytes()[:5_000])
    result = stage(project)
    assert result.returncode == 1
    assert "data/raw/fsdd/s7.zip: not a readable shard" in result.stderr


def test_a_damaged_copy_is_named(project):
    shard = project / "data/raw/fsdd/s3.zip"
    flip_a_bit(shard, shard.read_bytes().index(b"4_s3_6.wav") + 500)
    result = stage(project)
    assert result.returncode == 1
    assert "data/raw/fsdd/s3.zip: damaged" in result.stderr
    assert "4_s3_6.wav" in result.stderr


def test_help_says_what_it_writes(tmp_path):
    result = stage(tmp_path, "--help")
    assert result.returncode == 0
    assert "data/split.csv" in result.stdout
