"""Stretches of speech: what is joined is what the labels say, and every one is another."""

import numpy as np
import pytest
import torch

from spoken_digits.picture.stream import QUIETEST_DB, STEP_DB
from spoken_digits.training.clips import Clip
from spoken_digits.training.stretch_augment import augment_stretches
from spoken_digits.training.stretches import FRAMES, SOURCE, TEMPO, Bank, bank, stretch

LOUD = 200  # steps of a band that a word sounds in


def clip(label: int | None, speaker: str, corpus: str = "fsdd", frames: int = 40) -> Clip:
    """Make a word that sounds in one band, its label's; other speech in band 50."""
    levels = np.zeros((100, frames), np.uint8)
    levels[50 if label is None else label] = LOUD
    return Clip(levels, () if label is None else (label,), corpus, speaker)


@pytest.fixture(scope="module")
def clips() -> Bank:
    words = [clip(label, who) for who in "ab" for label in range(10) for _ in range(2)]
    words += [clip(None, who) for who in "ab"] + [clip(3, "rare")]
    phrases = [Clip(np.hstack([clip(d, "p").levels for d in (4, 2)]), (4, 2), "an4", "p")]
    return bank(words, phrases)


def sounding(power: np.ndarray) -> list[int]:
    """Return the bands in the order in which they begin to sound."""
    onsets = [
        (int(np.flatnonzero(np.diff(row > 0, prepend=False))[i]), band)
        for band, row in enumerate(power)
        for i in range(0, np.count_nonzero(np.diff(row > 0, prepend=False)), 2)
    ]
    return [band for _, band in sorted(onsets)]


def test_voices_with_few_words_are_joined_with_each_other(clips):
    (fsdd,) = clips.voices
    assert [len(voice) for voice in fsdd] == [20, 20, 1]


def test_a_corpus_without_a_word_of_the_vocabulary_is_other_speech_alone():
    words = [clip(label, "a") for label in range(10)] + [clip(None, "b", "an4")]
    made = bank(words, words[:1])
    assert (len(made.voices), len(made.others)) == (1, 1)


def test_labels_are_what_sounds_in_their_order(clips):
    for seed in range(20):
        made = stretch(clips, np.random.default_rng(seed))
        heard = [band for band in sounding(made.power) if band != 50]
        # The same word twice in a row, overlapping, has one onset.
        assert set(heard) == set(made.labels)
        assert len(heard) <= len(made.labels)


def test_what_is_said_fits(clips):
    for seed in range(20):
        made = stretch(clips, np.random.default_rng(seed))
        assert made.power.shape == (100, SOURCE)
        assert FRAMES * TEMPO[0] <= made.frames <= SOURCE
        assert not made.power[:, made.frames :].any()


def test_chance_makes_every_stretch_another_and_the_seed_the_same(clips):
    a, b = (stretch(clips, np.random.default_rng(seed)) for seed in (1, 2))
    again = stretch(clips, np.random.default_rng(1))
    assert not np.array_equal(a.power, b.power)
    np.testing.assert_array_equal(a.power, again.power)
    assert a.labels == again.labels


def test_levels_are_a_voice_s_whatever_the_recording_s():
    words = [clip(label, "a") for label in range(10) for _ in range(2)]
    soft = [one._replace(levels=one.levels // 2) for one in words]
    loudest = [
        np.median(
            [stretch(bank(some, some), np.random.default_rng(s)).power.max() for s in range(20)]
        )
        for some in (words, soft)
    ]
    assert loudest[0] == pytest.approx(loudest[1], rel=1e-5)
    assert 10 * np.log10(loudest[0]) == pytest.approx(LOUD * STEP_DB + QUIETEST_DB, abs=10)


def test_augmented_stretches_are_levels_in_db_as_the_network_takes_them(clips):
    made = [stretch(clips, np.random.default_rng(seed)) for seed in range(4)]
    power = torch.from_numpy(np.stack([one.power for one in made]))
    frames = torch.tensor([one.frames for one in made])

    def augmented(seed: int) -> torch.Tensor:
        return augment_stretches(power, frames, 1.0, torch.Generator().manual_seed(seed))

    levels = augmented(0)
    assert levels.shape == (4, 100, FRAMES)
    assert torch.isfinite(levels).all()
    assert levels.min() >= QUIETEST_DB - 0.01
    torch.testing.assert_close(levels, augmented(0), rtol=0, atol=0)
    assert not torch.equal(levels, augmented(1))


def test_without_augmentation_the_tempo_alone_is_another(clips):
    made = stretch(clips, np.random.default_rng(0))
    power, frames = torch.from_numpy(made.power)[None], torch.tensor([made.frames])
    (levels,) = augment_stretches(power, frames, 0.0, torch.Generator())
    heard = sounding((levels.numpy() > -20).astype(np.float32))
    assert heard == sounding(made.power)
