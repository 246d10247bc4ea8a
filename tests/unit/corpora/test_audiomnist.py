"""audiomnist: the genuine speakers, where a mirror has some of them."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from spoken_digits.corpora import audiomnist
from spoken_digits.params import load_params
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav
from spoken_digits.vocabulary import digits

ROOT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or ROOT.parent / "shared" / "corpora")


@pytest.mark.skipif(not list(MIRROR.glob("AudioMNIST-*.zip")), reason="needs a mirror with it")
def test_the_genuine_speakers_verify(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUS_MIRROR", str(MIRROR))
    monkeypatch.chdir(ROOT)  # the path of the digests in params.yaml is relative
    committed = load_params().download.audiomnist
    settings = committed.model_copy(update={"speakers": ("02", "16", "34", "36")})
    assert audiomnist.collect(settings, digits(), tmp_path / "out") == []
    shards = sorted((tmp_path / "out").iterdir())
    assert [path.stem for path in shards] == list(settings.speakers)
    packed = {name: wav for path in shards for name, wav in read_shard(path)}
    assert len(packed) == 2000
    with zipfile.ZipFile(next(MIRROR.glob("AudioMNIST-*.zip"))) as archive:
        for member in archive.namelist():
            if Path(member).name in packed:
                original, rate = soundfile.read(io.BytesIO(archive.read(member)), dtype="int16")
                samples, found = read_wav(packed[Path(member).name])
                assert found == rate == 48_000
                np.testing.assert_array_equal(samples, original)
