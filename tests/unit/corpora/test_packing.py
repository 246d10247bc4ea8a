"""What all corpora share: shards that depend on the recordings alone, and digests."""

import hashlib
import shutil
import subprocess
from functools import partial

import pytest
from support import speak

from spoken_digits.corpora.packing import BadRecording, content_digest, group_of, pack, sharding
from spoken_digits.recording import parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav, wav_bytes

parse = partial(parse_name, "folder")


def shards(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def contents(directory):
    return {name: wav for path in directory.iterdir() for name, wav in read_shard(path)}


def test_one_shard_a_speaker(tmp_path, recordings):
    files = recordings("anna", "ben", takes=2)
    assert pack("folder", files.items(), parse, tmp_path / "folder") == []
    assert set(shards(tmp_path / "folder")) == {"anna.zip", "ben.zip"}
    assert contents(tmp_path / "folder") == files


def test_many_speakers_share_64_shards(tmp_path):
    wav = wav_bytes(speak(3, "anna", 0), 16_000)
    speakers = [f"s{number}" for number in range(500)]
    pack("folder", [(f"3_{speaker}_0.wav", wav) for speaker in speakers], parse, tmp_path / "a")
    assert set(shards(tmp_path / "a")) == {f"{group:02d}.zip" for group in range(64)}
    for shard in (tmp_path / "a").iterdir():
        assert {group_of(name.split("_")[1], 64) for name, _ in read_shard(shard)} == {shard.stem}
    assert len(contents(tmp_path / "a")) == 500


def test_a_larger_corpus_has_more_shards_each_a_part_of_one_of_the_64(tmp_path, monkeypatch):
    monkeypatch.setattr("spoken_digits.corpora.packing.RECORDINGS_A_GROUP", 2)
    wav = wav_bytes(speak(3, "anna", 0)[:400], 16_000)
    files = [(f"3_s{number}_0.wav", wav) for number in range(300)]
    pack("folder", files, parse, tmp_path / "a")
    found = {
        name.split("_")[1]: shard.stem
        for shard in (tmp_path / "a").iterdir()
        for name, _ in read_shard(shard)
    }
    assert found == {f"s{number}": group_of(f"s{number}", 256) for number in range(300)}
    assert all(int(found[who]) % 64 == int(group_of(who, 64)) for who in found)
    assert len(set(found.values())) > 64


def test_a_million_recordings_still_have_64():
    many = [f"s{number}" for number in range(500)]
    assert len({sharding(many, 1_000_000)(who) for who in many}) == 64
    assert len({sharding(many, 1_000_001)(who) for who in many}) > 64


def test_a_speakers_group_is_this():
    """A change here moves every speaker of Speech Commands to another shard."""
    assert [group_of(speaker, 64) for speaker in ("004ae714", "anna", "01")] == ["02", "14", "53"]


@pytest.mark.parametrize(("count", "expected"), [(100, 100), (101, 64)])
def test_the_border_between_few_and_many(tmp_path, count, expected):
    wav = wav_bytes(speak(3, "anna", 0)[:400], 16_000)
    files = [(f"3_s{number}_0.wav", wav) for number in range(count)]
    pack("folder", files, parse, tmp_path / "a")
    groups = {group_of(f"s{number}", 64) for number in range(count)}
    assert len(shards(tmp_path / "a")) == (100 if expected == 100 else len(groups))


def test_the_order_of_the_source_changes_nothing(tmp_path, recordings):
    files = list(recordings("anna", "ben").items())
    pack("folder", files, parse, tmp_path / "a")
    pack("folder", reversed(files), parse, tmp_path / "b")
    assert shards(tmp_path / "a") == shards(tmp_path / "b")


@pytest.mark.parametrize("now", [0, 60, 2**32])
def test_a_clock_that_is_wrong_changes_nothing(tmp_path, recordings, monkeypatch, now):
    """A small machine without a battery begins in 1970, and a ZIP knows 1980 to 2107."""
    files = list(recordings("anna").items())
    pack("folder", files, parse, tmp_path / "a")
    monkeypatch.setattr("time.time", lambda: now)
    pack("folder", files, parse, tmp_path / "b")
    assert shards(tmp_path / "b") == shards(tmp_path / "a")


def test_what_was_there_before_goes(tmp_path, recordings):
    pack("folder", recordings("anna").items(), parse, tmp_path / "a")
    pack("folder", recordings("ben").items(), parse, tmp_path / "a")
    assert set(shards(tmp_path / "a")) == {"ben.zip"}


def test_bad_recordings_are_left_out_and_returned(tmp_path, recordings):
    files = [
        *recordings("anna").items(),
        ("seven.wav", wav_bytes(speak(7, "anna", 0), 16_000)),
        ("7_ben_0.wav", b"not sound"),
        ("8_ben_0.wav", b""),
        ("7_anna_00.wav", wav_bytes(speak(7, "anna", 1), 16_000)),
    ]
    bad = pack("folder", files, parse, tmp_path / "a")
    assert [(item.corpus, item.name) for item in bad] == [
        ("folder", "7_anna_00.wav"),
        ("folder", "7_ben_0.wav"),
        ("folder", "8_ben_0.wav"),
        ("folder", "seven.wav"),
    ]
    assert bad[0] == BadRecording(
        "folder", "7_anna_00.wav", "the same label, speaker and take as 7_anna_0.wav"
    )
    assert bad[1].reason.startswith("not a sound file that can be read")
    assert bad[2].reason == "an empty file"
    assert bad[3].reason.startswith(
        "not a recording's name: no underscore in it, and two separate label, speaker and take. "
        "Name it <label>_<speaker>_<take>.wav"
    )
    assert contents(tmp_path / "a") == recordings("anna")


def test_speakers_that_differ_in_case_alone_would_share_a_file_on_some_systems(
    tmp_path, recordings
):
    files = recordings("anna") | recordings("Anna")
    bad = pack("folder", files.items(), parse, tmp_path / "a")
    assert len(bad) == 10
    assert bad[0].reason == "the speaker Anna is elsewhere written anna"


def test_the_source_rate_is_kept(tmp_path, recordings):
    pack("folder", recordings("anna", rate=48_000).items(), parse, tmp_path / "a")
    assert {read_wav(wav)[1] for wav in contents(tmp_path / "a").values()} == {48_000}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_content_digest_is_what_the_shell_says(tmp_path, recordings):
    files = recordings("Anna", "anna", "01", takes=12)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    said = subprocess.run(
        "LC_ALL=C sha256sum *.wav | sha256sum", cwd=tmp_path, shell=True, capture_output=True
    ).stdout.decode()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert content_digest(sums) == said.split()[0]
