"""an4: words cut where the table says, of the speakers that its digests name and no others."""

import io
import os
import re
import tarfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import speak

from spoken_digits.corpora import an4
from spoken_digits.corpora.an4 import Place, cut, pack_archive, read_places
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS
from spoken_digits.corpora.speaker_digests import read_digests, summed
from spoken_digits.params import load_params
from spoken_digits.recording import parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import read_wav
from spoken_digits.vocabulary import digits, parse

ROOT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("CORPUS_MIRROR") or ROOT.parent / "shared" / "corpora")
RATE = 16_000


def sphere(samples):
    """Write samples as the bytes of a NIST SPHERE file, as AN4's are: big-endian."""
    content = io.BytesIO()
    soundfile.write(content, samples, RATE, format="NIST", subtype="PCM_16", endian="BIG")
    return content.getvalue()


SOUNDS = {
    f"{utterance}-{speaker}-b": np.concatenate([speak(n, speaker, 0) for n in range(4)])
    for speaker in ("fash", "mcel2")
    for utterance in ("an1", "cen2")
}
FILES = {
    f"an4/wav/an4_clstk/{name.split('-')[1]}/{name}.sph": sphere(samples)
    for name, samples in SOUNDS.items()
}
PLACES = {
    "an1-fash-b": (Place("seven", 50, 100), Place("oh", 100, 130), Place("seven", 130, 170)),
    "cen2-fash-b": (Place("h", 0, 40), Place("seven", 60, 100)),
    "an1-mcel2-b": (Place("yes", 20, 75),),
}


def collect(tmp_path, files=FILES, vocabulary=None):
    """Pack an archive of these files; the digests are those of FILES."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, content in {"an4/README": b"", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    expected = {
        speaker: summed({Path(name).name: FILES[name] for name in FILES if f"/{speaker}/" in name})
        for speaker in ("fash", "mcel2")
    }
    target = tmp_path / "out"
    bad = pack_archive(tmp_path / "a.tar.gz", expected, PLACES, vocabulary or digits(), target)
    assert bad == []
    return {name: wav for shard in sorted(target.iterdir()) for name, wav in read_shard(shard)}


def test_words_are_cut_out_and_numbered_by_label_and_speaker(tmp_path):
    packed = collect(tmp_path)
    assert sorted(packed) == [
        "7_fash_0.wav",
        "7_fash_1.wav",
        "7_fash_2.wav",
        "other-h_fash_0.wav",
        "other-yes_mcel2_0.wav",
    ]
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["fash.zip", "mcel2.zip"]
    samples, rate = read_wav(packed["7_fash_2.wav"])
    assert rate == RATE
    np.testing.assert_array_equal(
        samples, cut(SOUNDS["cen2-fash-b"], RATE, Place("seven", 60, 100))
    )


def test_a_word_is_whole_between_its_faded_ends():
    samples = speak(7, "anna", 0)
    word = cut(samples, RATE, Place("seven", 10, 40))
    assert len(word) == 30 * 160
    np.testing.assert_array_equal(word[480:-480], samples[10 * 160 + 480 : 40 * 160 - 480])
    even = cut(np.full(RATE, 1000, np.int16), RATE, Place("seven", 10, 40))
    assert (even[0], even[239], even[479], even[480]) == (1, 499, 999, 1000)
    np.testing.assert_array_equal(even, even[::-1])


def test_oh_is_neither_zero_nor_another_word_unless_the_vocabulary_says_so(tmp_path):
    assert not [name for name in collect(tmp_path) if "oh" in name or name.startswith("0")]
    packed = collect(tmp_path, vocabulary=parse(["0=zero|oh", "7=seven", "yes"]))
    assert {"0_fash_0.wav", "7_fash_0.wav", "yes_mcel2_0.wav"} < set(packed)


def test_other_speakers_of_the_official_archive_are_ignored(tmp_path):
    more = {"an4/wav/an4test_clstk/fcaw/an406-fcaw-b.sph": b"not looked at"}
    assert collect(tmp_path, FILES | more) == collect(tmp_path)


def changed(name):
    content = bytearray(FILES[name])
    content[5000] ^= 1
    return FILES | {name: bytes(content)}


FIRST = "an4/wav/an4_clstk/mcel2/an1-mcel2-b.sph"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (changed(FIRST), "the recordings of speaker mcel2 are not the expected ones: 2 recordings"),
        (
            {name: content for name, content in FILES.items() if name != FIRST},
            "the recordings of speaker mcel2 are not the expected ones: 1 recordings",
        ),
        (
            {name: content for name, content in FILES.items() if "/mcel2/" not in name},
            "no recordings of 1 of 2 speakers: mcel2",
        ),
        (
            FILES | {FIRST.replace("mcel2", "anna"): FILES[FIRST]},
            "speakers nobody expects: anna",
        ),
    ],
)
def test_a_speaker_who_is_not_as_expected_is_named(tmp_path, files, words):
    with pytest.raises(ArchiveError, match=f"an4: .*a.tar.gz: {re.escape(words)}"):
        collect(tmp_path, files)


def test_the_table_of_places():
    """Words are in order and of a likely length, and no other word is next to a digit."""
    places = read_places()
    speakers = read_digests(an4.DIGESTS)
    assert len(speakers) == 74
    assert sum(expected.recordings for expected in speakers.values()) == 948
    said = {*ENGLISH_DIGITS, an4.OH}
    assert said < an4.WORDS
    assert "o" not in an4.WORDS
    for utterance, words in places.items():
        assert utterance.split("-")[1] in speakers
        for word in words:
            assert 10 <= word.end - word.first <= 100, (utterance, word)
        for word, following in pairwise(words):
            assert word.end <= following.first, (utterance, word)
            apart = word.end < following.first
            assert apart or (word.word in said) == (following.word in said), (utterance, word)


@pytest.mark.skipif(not (MIRROR / "an4_sphere.tar.gz").exists(), reason="needs a mirror with AN4")
def test_the_real_one(tmp_path, monkeypatch):
    """Its address in params.yaml leads to the mirror's file, which verifies."""
    monkeypatch.setenv("CORPUS_MIRROR", str(MIRROR))
    settings = load_params(ROOT / "params.yaml").download.an4
    assert an4.collect(settings, digits(), tmp_path / "out") == []
    shards = sorted((tmp_path / "out").iterdir())
    assert len(shards) == 74
    recordings = [parse_name("an4", name) for path in shards for name, _ in read_shard(path)]
    counts = Counter(one.class_name for one in recordings)
    assert [counts[label] for label in digits().labels] == [
        36, 277, 263, 133, 164, 202, 163, 143, 151, 111,
    ]  # fmt: skip
    assert counts["other"] == 2554
    assert {one.speaker for one in recordings} == {path.stem for path in shards}
