"""folder: speakers of whom nothing changed are not packed again, and the shards are the same."""

import os
import shutil

import pytest
from support import speak

from spoken_digits.corpora import folder
from spoken_digits.params import Folder
from spoken_digits.sound.decode import wav_bytes
from spoken_digits.vocabulary import digits, parse

DIGITS = digits()
WAV = wav_bytes(speak(1, "x", 9), 16_000)


@pytest.fixture
def mine(tmp_path, recordings):
    for name, content in recordings("anna", "ben", "cleo").items():
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(content)
    return tmp_path / "mine"


@pytest.fixture
def read(monkeypatch):
    """Return the names of the recordings that are decoded, a list that grows."""
    names = []
    original = folder._read_directory

    def spy(directory, new, unread):
        for name, content in original(directory, new, unread):
            names.append(name)
            yield name, content

    monkeypatch.setattr(folder, "_read_directory", spy)
    return names


@pytest.fixture
def collect(tmp_path, read, monkeypatch):
    """Collect a directory: its shards, the bad recordings, and whose recordings were read.

    From nothing, in another folder, come the same.
    """

    def execute(directory, vocabulary=DIGITS):
        read.clear()
        target = tmp_path / "out"
        shutil.rmtree(target, ignore_errors=True)
        bad = folder.collect(Folder(path=str(directory)), vocabulary, target)
        shards = {path.name: path.read_bytes() for path in target.iterdir()}
        speakers = sorted({name.split("_")[1] for name in read if "_" in name})
        with monkeypatch.context() as context:
            context.setenv("SPOKEN_DIGITS_KEPT", "none")
            afresh = tmp_path / "afresh"
            assert folder.collect(Folder(path=str(directory)), vocabulary, afresh) == bad
            assert {path.name: path.read_bytes() for path in afresh.iterdir()} == shards
        return shards, bad, speakers

    return execute


def test_nothing_is_read_twice(mine, collect):
    first, _, speakers = collect(mine)
    assert speakers == ["anna", "ben", "cleo"]
    again, _, speakers = collect(mine)
    assert (again, speakers) == (first, [])


def test_a_recording_added_corrected_or_removed_costs_its_speaker(mine, collect):
    first = collect(mine)[0]
    (mine / "3_dora_0.wav").write_bytes(WAV)
    assert collect(mine)[2] == ["dora"]
    (mine / "3_ben_0.wav").write_bytes(WAV)
    corrected, _, speakers = collect(mine)
    assert speakers == ["ben"]
    assert corrected["ben.zip"] != first["ben.zip"]
    (mine / "3_anna_0.wav").unlink()
    assert collect(mine)[2] == ["anna"]
    (mine / "3_dora_0.wav").unlink()
    shards, _, speakers = collect(mine)
    assert sorted(shards) == ["anna.zip", "ben.zip", "cleo.zip"]
    assert speakers == []


def test_a_correction_of_the_same_size_and_date_is_seen(mine, collect):
    collect(mine)
    path = mine / "3_ben_0.wav"
    before, content = path.stat(), bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert collect(mine)[2] == ["ben"]


def test_another_vocabulary_gives_other_shards(mine, collect, capsys):
    collect(mine)
    vocabulary = parse(["1", "2", "3"])
    assert collect(mine, vocabulary)[2] == ["anna", "ben", "cleo"]
    capsys.readouterr()
    assert collect(mine, vocabulary)[2] == []
    assert "folder: 21 recordings of labels outside" in capsys.readouterr().err


def test_what_is_bad_is_said_each_time(mine, collect):
    (mine / "3_ben_0.wav").write_bytes(b"no sound")
    (mine / "seven.wav").write_bytes(WAV)
    for speakers in (["anna", "ben", "cleo"], ["ben"]):
        _, bad, read = collect(mine)
        assert [item.name for item in bad] == ["3_ben_0.wav", "seven.wav"]
        assert read == speakers


def test_names_that_differ_in_case_alone_are_all_read(mine, collect):
    (mine / "3_Anna_1.wav").write_bytes(WAV)
    for _ in range(2):
        _, bad, read = collect(mine)
        assert len(read) == 4
        assert bad


def test_of_many_speakers_the_changed_ones_group_is_packed(tmp_path, collect):
    (tmp_path / "many").mkdir()
    for number in range(101):
        (tmp_path / "many" / f"1_s{number}_0.wav").write_bytes(WAV)
    shards, _, read = collect(tmp_path / "many")
    assert "s1.zip" not in shards
    assert len(read) == 101
    (tmp_path / "many" / "2_s7_0.wav").write_bytes(WAV)
    read = collect(tmp_path / "many")[2]
    assert "s7" in read
    assert len(read) < 10
