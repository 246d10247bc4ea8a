"""The robustness table: which recordings, under what, and the same every time."""

import re
from collections import Counter

import numpy as np
import pytest
from support import flip_a_bit, split_of

from spoken_digits.dataset.recordings import find_recordings, read_recordings
from spoken_digits.evaluation.reported_metrics import MEANING
from spoken_digits.evaluation.robustness import (
    NOISES,
    SNRS_DB,
    drawn_evenly,
    noise_table,
    robustness,
)
from spoken_digits.params import load_params
from spoken_digits.picture.mel import image
from spoken_digits.recording import Recording
from spoken_digits.shards import ShardError, write_shard
from spoken_digits.sound.decode import read_wav, wav_bytes, waveform

SETTINGS = load_params().spectrogram
DIGITS = tuple("0123456789")


def tone(digit: int) -> bytes:
    """Make 0.4 s of a tone that is higher the greater the digit."""
    time = np.arange(6400) / 16_000
    return wav_bytes((8000 * np.sin(2 * np.pi * 300 * 1.3**digit * time)).astype(np.int16), 16_000)


def recordings_of(*speakers: str, corpus: str = "fsdd", takes: int = 1) -> list[Recording]:
    return [
        Recording(corpus, str(digit), speaker, take)
        for speaker in speakers
        for digit in range(10)
        for take in range(takes)
    ]


TRAINED, TESTED = recordings_of("anna", "ben"), recordings_of("carl", takes=2)
SUBSETS = dict.fromkeys(TRAINED, "train") | dict.fromkeys(TESTED, "test")
SPLIT = split_of(SUBSETS)


def loudest_band(images: np.ndarray) -> np.ndarray:
    """Tell a tone's digit from the height of its line: a network that works, without training."""
    height = 99 - images.astype(float).sum(axis=2).argmax(axis=1)
    return np.eye(11, dtype=np.float32)[[int(np.argmin(np.abs(HEIGHTS - h))) for h in height]]


HEIGHTS = np.zeros(10)


@pytest.fixture
def root(tmp_path):
    for speaker in ("anna", "ben", "carl"):
        members = {one.name: tone(int(one.label)) for one in SUBSETS if one.speaker == speaker}
        write_shard(tmp_path / "fsdd" / f"{speaker}.zip", members.items())
    for digit in range(10):
        picture = image(waveform(*read_wav(tone(digit))), SETTINGS)
        HEIGHTS[digit] = 99 - picture.astype(float).sum(axis=1).argmax()
    return tmp_path


def test_the_table_has_every_condition_that_is_documented(root):
    table = robustness(root, SPLIT, SETTINGS, loudest_band, DIGITS, recordings=20, seed=0)
    conditions = {key.partition(".")[2] for key in MEANING if key.startswith("robustness.")}
    expected = conditions - {"<noise>_<dB>"} | {f"{n}_{snr}" for n in NOISES for snr in SNRS_DB}
    assert set(table) == expected
    assert table["n"] == 20
    assert table["clean"] == 1
    assert table["gain_minus_20"] == 1
    assert table["white_0"] <= table["white_20"]
    shares = [share for key, share in table.items() if key not in ("n", "clean", "mean")]
    assert table["mean"] == pytest.approx(np.mean(shares))


def test_words_are_told_by_their_labels(root, tmp_path_factory):
    """The same tones under the names of words: 0 is yes, 1 is no."""
    named = {"0": "yes", "1": "no"}
    words = {one._replace(label=named[one.label]): one for one in SUBSETS if one.label in named}
    elsewhere = tmp_path_factory.mktemp("words")
    for speaker in ("anna", "ben", "carl"):
        members = {
            word.name: tone(int(digit.label))
            for word, digit in words.items()
            if digit.speaker == speaker
        }
        write_shard(elsewhere / "fsdd" / f"{speaker}.zip", members.items())
    split = split_of({word: SUBSETS[digit] for word, digit in words.items()})

    def of_three_classes(images):
        return loudest_band(images)[:, [0, 1, 10]]

    def table(labels):
        return robustness(
            elsewhere, split, SETTINGS, of_three_classes, labels, recordings=4, seed=0
        )

    assert (table(("yes", "no"))["n"], table(("yes", "no"))["clean"]) == (4, 1)
    assert table(("no", "yes"))["clean"] == 0


def test_the_table_depends_on_seed_and_names_not_on_order(root):
    table = robustness(root, SPLIT, SETTINGS, loudest_band, DIGITS, recordings=10, seed=3)
    backwards = split_of(dict(reversed(SUBSETS.items())))
    assert table == robustness(
        root, backwards, SETTINGS, loudest_band, DIGITS, recordings=10, seed=3
    )


def test_only_test_digits_are_degraded_and_only_training_babbles(root):
    seen = []

    def count(images):
        seen.append(len(images))
        return loudest_band(images)

    table = robustness(root, SPLIT, SETTINGS, count, DIGITS, recordings=1000, seed=0)
    assert table["n"] == len(TESTED)
    conditions = len(set(table) - {"n", "mean"})
    assert sum(seen) == table["n"] * conditions


def test_drawn_evenly_over_groups():
    recordings = recordings_of("a", takes=9) + recordings_of("b", corpus="espeak", takes=2)
    drawn = drawn_evenly(recordings, 40, 0, lambda one: (one.corpus, one.label))
    assert set(Counter((one.corpus, one.label) for one in drawn).values()) == {2}
    assert len(set(drawn)) == 40


def test_all_are_drawn_where_there_are_fewer():
    recordings = recordings_of("a", takes=3)
    drawn = drawn_evenly(recordings, 1000, 0, lambda one: (one.label,))
    assert sorted(drawn) == sorted(recordings)


def test_another_seed_draws_others():
    recordings = recordings_of("a", takes=9)
    first, again, other = (
        set(drawn_evenly(recordings, 20, seed, lambda one: (one.label,))) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_the_noise_table_has_a_row_a_ratio():
    table = {f"{noise}_{snr}": snr / 100 for noise in NOISES for snr in SNRS_DB}
    rows = noise_table(table)
    assert [row["snr_db"] for row in rows] == [20, 10, 5, 0]
    assert rows[1] == {"snr_db": 10, "white": 0.1, "pink": 0.1, "babble": 0.1}


def test_recordings_are_read_in_the_order_asked_for(root):
    wanted = [TESTED[5], TRAINED[3], TESTED[4], TRAINED[3]]
    assert read_recordings(root, wanted) == [tone(int(one.label)) for one in wanted]
    assert list(find_recordings(root, wanted).recordings) == wanted


def test_a_recording_in_no_shard_is_named(root):
    with pytest.raises(ShardError, match=re.escape("fsdd/1_zoe_0.wav of the split is in no shard")):
        read_recordings(root, recordings_of("zoe")[1:])


def test_a_damaged_shard_is_named(root):
    flip_a_bit(root / "fsdd" / "carl.zip", 200)
    with pytest.raises(ShardError, match=r"carl.zip: damaged .* dvc repro"):
        read_recordings(root, recordings_of("carl"))
