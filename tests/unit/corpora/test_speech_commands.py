"""speech_commands: only archives that are known, and names turned into ours."""

import os
from pathlib import Path

import pytest

from spoken_digits.corpora import speech_commands
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.speech_commands import WORDS, clips_of_the_official_split, recording_at
from spoken_digits.errors import UserError
from spoken_digits.params import Archive
from spoken_digits.recording import RecordingNameError
from spoken_digits.shards import member_names
from spoken_digits.vocabulary import digits, parse

SUBSET = "speech_commands_subset.tar.gz"
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or Path(__file__).parents[4] / "shared" / "corpora")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("zero/004ae714_nohash_0.wav", "0_004ae714_0.wav"),
        ("./nine/004ae714_nohash_12.wav", "9_004ae714_12.wav"),
        ("speech_commands/marvin/004ae714_nohash_1.wav", "other-marvin_004ae714_1.wav"),
    ],
)
def test_names(path, name):
    assert recording_at(path, digits()).name == name


def test_names_follow_the_vocabulary():
    vocabulary = parse(["go", "halt=stop", "0=zero|oh"])
    words = ("go", "stop", "zero", "one")
    names = [recording_at(f"{word}/004ae714_nohash_1.wav", vocabulary).label for word in words]
    assert names == ["go", "halt", "0", "other-one"]


def test_there_are_35_words():
    assert len(WORDS) == 35


@pytest.mark.parametrize(
    "path", ["zero/7_anna_0.wav", "004ae714_nohash_0.wav", "Zero/a_nohash_0.wav"]
)
def test_other_names_are_refused(path):
    with pytest.raises(RecordingNameError, match=r"not named <word>/<speaker>_nohash_<n>\.wav"):
        recording_at(path, digits())


def test_an_archive_that_is_not_known(tmp_path):
    with pytest.raises(UserError) as caught:
        speech_commands.collect(
            Archive(archive="http://host/v0.03.tar.gz"), digits(), tmp_path / "out"
        )
    assert str(caught.value) == (
        "params.yaml: download.speech_commands.archive: 'http://host/v0.03.tar.gz': no such "
        "archive is known. Known: speech_commands_v0.02.tar.gz, speech_commands_subset.tar.gz"
    )


def test_an_archive_that_is_not_what_its_name_says(tmp_path):
    (tmp_path / SUBSET).write_bytes(b"something else")
    words = r"is not the archive of that name: SHA-256 [0-9a-f]{64}, 3579b2af"
    with pytest.raises(ArchiveError, match=words):
        speech_commands.collect(Archive(archive=str(tmp_path / SUBSET)), digits(), tmp_path / "out")


# Speakers of the official lists: one trains, one validates, one is tested.
TRAIN, VALIDATION, TEST = "004ae714", "8b775397", "bb05582b"
CLIPS = [(f"./bed/{who}_nohash_0.wav", b"a sound") for who in (TRAIN, VALIDATION, TEST)]


def lists(validation=VALIDATION, test=TEST):
    return [
        ("./validation_list.txt", f"bed/{validation}_nohash_0.wav\n".encode()),
        ("./testing_list.txt", f"bed/{test}_nohash_0.wav\nbed/{test}_nohash_1.wav\n".encode()),
    ]


@pytest.mark.parametrize("files", [CLIPS, CLIPS + lists(), lists() + CLIPS, CLIPS + lists()[:1]])
def test_clips_come_as_they_are_if_the_lists_are_the_official_ones_or_absent(files):
    assert list(clips_of_the_official_split(Path("a.tar.gz"), files)) == CLIPS


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (lists(validation=TRAIN), f"validation_list.txt has bed/{TRAIN}_nohash_0.wav"),
        (lists(test=TRAIN), f"testing_list.txt has bed/{TRAIN}_nohash_0.wav"),
        ([("./testing_list.txt", b"")], f"testing_list.txt lacks bed/{TEST}_nohash_0.wav"),
    ],
)
def test_lists_of_another_split_are_refused(files, words):
    with pytest.raises(ArchiveError) as caught:
        list(clips_of_the_official_split(Path("a.tar.gz"), files + CLIPS))
    assert str(caught.value) == (
        f"speech_commands: a.tar.gz: {words}, and by the rule in the corpus's README it should "
        "not be so"
    )


@pytest.mark.skipif(not (MIRROR / SUBSET).exists(), reason="needs a mirror with the subset")
def test_the_subset(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUS_MIRROR", str(MIRROR))
    assert speech_commands.collect(Archive(archive=SUBSET), digits(), tmp_path / "out") == []
    shards = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in shards] == [f"{group:02d}.zip" for group in range(64)]
    names = [name for path in shards for name in member_names(path)]
    assert len(names) == 3406
    assert len({name.split("_")[1] for name in names}) == 487
    assert sum(name.startswith("other-") for name in names) == 1133
