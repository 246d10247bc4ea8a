"""speech_commands: only archives that are known, and names turned into ours."""

import os
from pathlib import Path

import pytest

from spoken_digits.corpora import speech_commands
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.speech_commands import recording_at
from spoken_digits.errors import UserError
from spoken_digits.params import Archive
from spoken_digits.recording import RecordingNameError
from spoken_digits.shards import member_names

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
    assert recording_at(path).name == name


@pytest.mark.parametrize(
    "path", ["zero/7_anna_0.wav", "004ae714_nohash_0.wav", "Zero/a_nohash_0.wav"]
)
def test_other_names_are_refused(path):
    with pytest.raises(RecordingNameError, match=r"not named <word>/<speaker>_nohash_<n>\.wav"):
        recording_at(path)


def test_an_archive_that_is_not_known(tmp_path):
    with pytest.raises(UserError) as caught:
        speech_commands.collect(Archive(archive="http://host/v0.03.tar.gz"), tmp_path / "out")
    assert str(caught.value) == (
        "params.yaml: download.speech_commands.archive: 'http://host/v0.03.tar.gz': no such "
        "archive is known. Known: speech_commands_v0.02.tar.gz, speech_commands_subset.tar.gz"
    )


def test_an_archive_that_is_not_what_its_name_says(tmp_path):
    (tmp_path / SUBSET).write_bytes(b"something else")
    words = r"is not the archive of that name: SHA-256 [0-9a-f]{64}, 3579b2af"
    with pytest.raises(ArchiveError, match=words):
        speech_commands.collect(Archive(archive=str(tmp_path / SUBSET)), tmp_path / "out")


@pytest.mark.skipif(not (MIRROR / SUBSET).exists(), reason="needs a mirror with the subset")
def test_the_subset(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUS_MIRROR", str(MIRROR))
    assert speech_commands.collect(Archive(archive=SUBSET), tmp_path / "out") == []
    shards = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in shards] == [f"{group:02d}.zip" for group in range(64)]
    names = [name for path in shards for name in member_names(path)]
    assert len(names) == 3406
    assert len({name.split("_")[1] for name in names}) == 487
    assert sum(name.startswith("other-") for name in names) == 1133
