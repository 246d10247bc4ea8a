"""fsdd: all of it and nothing else, or an error that says what is wrong."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import speak

from spoken_digits.corpora import folder, fsdd
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.params import Archive, Folder, load_params
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav, wav_bytes
from spoken_digits.vocabulary import digits

ROOT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or ROOT.parent / "shared" / "corpora")
WAV = wav_bytes(speak(0, "a", 0, 8000)[:400], 8000)
NAMES = [
    f"{digit}_{speaker}_{take}.wav"
    for speaker in fsdd.SPEAKERS
    for digit in range(10)
    for take in range(50)
]


def collect(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("free-spoken-digit-dataset-0/metadata.py", "")
        for name in names:
            archive.writestr(f"free-spoken-digit-dataset-0/recordings/{name}", WAV)
    return fsdd.collect(Archive(archive=str(tmp_path / "a.zip")), digits(), tmp_path / "out")


def test_a_recording_is_missing(tmp_path):
    with pytest.raises(ArchiveError, match="holds 2999 recordings, 3000 are expected"):
        collect(tmp_path, NAMES[1:])


@pytest.mark.parametrize("names", [NAMES[1:], [*NAMES, "0_anna_0.wav"]])
def test_a_changed_copy_can_be_used_as_a_folder(tmp_path, names):
    """People fork it; the error names the way on, and it is one."""
    with pytest.raises(ArchiveError) as caught:
        collect(tmp_path, names)
    path = tmp_path / "a.zip"
    assert str(caught.value).endswith(
        "If it is a changed copy that you mean to use, take it as it is with "
        f"-S 'corpora=[folder]' -S download.folder.path={path}"
    )
    assert folder.collect(Folder(path=str(path)), digits(), tmp_path / "folder") == []
    packed = [name for shard in (tmp_path / "folder").iterdir() for name, _ in read_shard(shard)]
    assert sorted(packed) == sorted(names)


def test_what_a_mac_adds_to_an_archive_is_no_recording(tmp_path):
    names = [*NAMES, "._0_theo_0.wav"]
    with pytest.raises(ArchiveError, match="the right names but other recordings"):
        collect(tmp_path, names)


def test_another_speaker(tmp_path):
    names = [name.replace("_theo_", "_anna_") for name in NAMES]
    with pytest.raises(ArchiveError, match="holds 0 recordings of 0 by theo, 50 are expected"):
        collect(tmp_path, names)


def test_other_recordings_under_the_right_names(tmp_path):
    with pytest.raises(ArchiveError, match="the right names but other recordings: content digest"):
        collect(tmp_path, NAMES)


@pytest.mark.skipif(not list(MIRROR.glob("free-spoken*.zip")), reason="needs a mirror with FSDD")
def test_the_real_one(tmp_path, monkeypatch):
    """Its address in params.yaml leads to the mirror's file, which verifies."""
    monkeypatch.setenv("CORPUS_MIRROR", str(MIRROR))
    settings = load_params(ROOT / "params.yaml").download.fsdd
    assert fsdd.collect(settings, digits(), tmp_path / "out") == []
    shards = sorted((tmp_path / "out").iterdir())
    assert [path.stem for path in shards] == list(fsdd.SPEAKERS)
    packed = {name: wav for path in shards for name, wav in read_shard(path)}
    assert sorted(packed) == sorted(NAMES)
    with zipfile.ZipFile(next(MIRROR.glob("free-spoken*.zip"))) as archive:
        for member in archive.namelist():
            if member.endswith(".wav"):
                original, rate = soundfile.read(io.BytesIO(archive.read(member)), dtype="int16")
                samples, found = read_wav(packed[Path(member).name])
                assert found == rate == 8000
                np.testing.assert_array_equal(samples, original)
