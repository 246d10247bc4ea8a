"""Augmented pictures are pictures, follow from their generator, and leave theirs alone."""

import pytest
import torch
from torch import Tensor

from spoken_digits.training import augment as stages
from spoken_digits.training.augment import EFFECTS, augment, with_other_sounds

OTHER = 10

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def words(n: int) -> Tensor:
    """Pictures (n, 100, 100) with three formants that move, between silences, in grey levels."""
    chance = generator(99)
    row = torch.arange(100.0)[None, :, None]
    column = torch.arange(100.0)[None, None, :]
    pictures = torch.zeros(n, 100, 100)
    for _ in range(3):
        height, slope, phase = (torch.rand(3, n, 1, 1, generator=chance) * 2 - 1).unbind()
        centre = 50 + 40 * height + 15 * slope * torch.sin(column / 20 + 3 * phase)
        pictures = torch.maximum(pictures, torch.exp(-((row - centre) ** 2) / 30))
    sounding = (column >= 25) & (column < 70)
    return torch.round(pictures * sounding * 255) / 255


@pytest.mark.parametrize("n", [1, 2, 37])
@pytest.mark.parametrize("strength", [0.1, 1.0, 2.0])
def test_pictures_stay_pictures(n, strength):
    pictures = words(n)
    before = pictures.clone()
    augmented = augment(pictures, strength, generator())
    assert augmented.shape == (n, 100, 100)
    assert augmented.dtype == torch.float32
    assert augmented.isfinite().all()
    assert augmented.min() >= 0
    assert augmented.max() <= 1
    assert torch.equal(pictures, before), "the training data were changed"
    assert not torch.equal(augmented, pictures)


def test_no_strength_no_change():
    pictures = words(5)
    assert torch.equal(augment(pictures, 0, generator()), pictures)


def test_the_same_generator_the_same_pictures():
    first, again, another = (augment(words(8), 1.0, generator(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, another)


def test_nothing_but_the_generator_decides():
    torch.manual_seed(1)
    first = augment(words(8), 1.0, generator())
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert torch.equal(augment(words(8), 1.0, generator()), first)
    assert torch.equal(torch.get_rng_state(), state)


def test_copies_of_one_picture_become_different_ones():
    augmented = augment(words(1).expand(16, 100, 100), 1.0, generator())
    assert len({picture.numpy().tobytes() for picture in augmented}) == 16


def test_more_strength_more_change():
    pictures = words(64)
    little, much = (
        (augment(pictures, strength, generator()) - pictures).abs().mean()
        for strength in (0.1, 1.0)
    )
    assert little < much


def test_words_are_still_there():
    """Whatever is done to words, most are brighter in the middle than in the corners."""
    augmented = augment(words(200), 1.0, generator())
    assert (augmented.amax(dim=(1, 2)) > 0.5).float().mean() > 0.95
    assert (augmented.std(dim=(1, 2)) > 0.02).float().mean() > 0.95


def test_black_pictures_become_noise():
    augmented = augment(torch.zeros(50, 100, 100), 1.0, generator())
    assert augmented.isfinite().all()
    assert (augmented.std(dim=(1, 2)) > 0.01).all(), "silence stayed a flat picture"
    assert not torch.equal(augmented[0], augmented[1])


@pytest.mark.parametrize(
    "pictures",
    [torch.ones(6, 100, 100), torch.eye(100).expand(6, 100, 100), torch.full((6, 100, 100), 0.002)],
    ids=["white", "a line", "nearly black"],
)
@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_odd_pictures(pictures, strength):
    augmented = augment(pictures, strength, generator())
    assert augmented.isfinite().all()
    assert 0 <= augmented.min() <= augmented.max() <= 1


def test_one_black_picture_does_not_spoil_the_others():
    pictures = words(8)
    pictures[3] = 0
    assert augment(pictures, 1.0, generator()).isfinite().all()


def test_words_lose_their_ends_alone():
    pictures = words(200)
    trimmed = stages._trim(pictures, 1.0, generator())
    kept = trimmed.amax(dim=1) > 0  # (200, 100)
    sounding = pictures.amax(dim=1) > 0
    assert not (kept & ~sounding).any()
    assert (kept.sum(dim=1) >= 0.4 * sounding.sum(dim=1)).all()
    assert (kept.diff(dim=1).sum(dim=1) <= 2).all(), "a hole in a word"
    assert torch.equal(trimmed, pictures * kept[:, None, :]), "what is left was changed"
    assert 0.1 < (kept == sounding).all(dim=1).float().mean() < 0.9


def test_a_tail_comes_after_the_sound():
    power = torch.zeros(40, 100, 100)
    power[:, :, 30:33] = 1
    reverberant = stages._reverberate(power, 1.0, generator())
    assert (reverberant[:, :, :30] == 0).all()
    assert (reverberant >= power).all()
    assert (reverberant[:, :, 33:].amax(dim=(1, 2)) > 0).any()
    tail = reverberant[:, :, 33:]
    assert (tail[:, :, 1:] <= tail[:, :, :-1] + 1e-9).all(), "a tail must decay"


def test_a_blur_makes_no_power():
    power = stages._compress(words(40), 1.0, generator())
    blurred = stages._blur_bands(power, 1.0, generator())
    assert (blurred >= 0).all()
    most = power.amax(dim=1)  # of any band, in each frame
    assert (blurred <= most[:, None] * (1 + 1e-5)).all()
    assert not torch.equal(blurred, power)


def test_noise_is_power():
    noise = stages._noise(stages._compress(words(40), 1.0, generator()), 1.0, 1.0, generator())
    assert noise.isfinite().all()
    assert (noise >= 0).all()
    assert (noise.amax(dim=(1, 2)) > 0).all()


def test_noise_ends_with_its_recording_in_a_quarter_of_the_pictures():
    power = torch.zeros(400, 100, 100)
    power[:, :, 40:60] = 1
    recorded = stages._recorded_frames(power, 1.0, generator())
    assert recorded[:, 40:60].all(), "a word was cut"
    assert (recorded.diff(dim=1).sum(dim=1) <= 2).all(), "a hole in a recording"
    padded = ~recorded.all(dim=1)
    assert 0.2 < padded.float().mean() < 0.3
    assert not recorded[padded][:, [5, 95]].any(), "0.3 s before and after a word at most"
    augmented = augment(words(200), 1.0, generator())
    black = (augmented == 0).all(dim=1).float().mean(dim=1)
    assert 0.1 < (black > 0.3).float().mean() < 0.4


def test_silence_is_recorded_to_its_end():
    assert stages._recorded_frames(torch.zeros(50, 100, 100), 1.0, generator()).all()


def test_masks_only_blacken_whole_bands_and_frames():
    masked = stages._mask(torch.full((60, 100, 100), 0.7), 1.0, generator())
    assert masked.unique().tolist() == pytest.approx([0, 0.7])
    hidden = masked == 0
    bands, frames = hidden.all(dim=2), hidden.all(dim=1)
    assert torch.equal(hidden, bands[:, :, None] | frames[:, None, :])
    assert hidden.any(dim=2).any(dim=1).float().mean() > 0.3
    assert (~hidden).flatten(1).any(dim=1).all(), "a picture was hidden altogether"


@pytest.mark.parametrize("n", [1, 7, 100, 128, 200])
def test_other_sounds_are_marked_and_nothing_else_changes(n):
    pictures, classes = words(n), torch.arange(n) % 10
    before = pictures.clone(), classes.clone()
    changed, marked = with_other_sounds(pictures, classes, OTHER, generator())
    assert torch.equal(pictures, before[0])
    assert torch.equal(classes, before[1])
    other = marked == OTHER
    assert torch.equal(marked[~other], classes[~other])
    differs = (changed != pictures).flatten(1).any(dim=1)
    assert torch.equal(differs, other)
    assert other.any()


def test_a_share_that_is_always_the_same():
    def count(n: int, seed: int) -> int:
        classes = torch.zeros(n, dtype=torch.long)
        _, marked = with_other_sounds(words(n), classes, OTHER, generator(seed))
        return int((marked == OTHER).sum())

    counts = {(n, seed): count(n, seed) for n in (100, 200) for seed in range(3)}
    assert len({counts[100, seed] for seed in range(3)}) == 1
    assert counts[200, 0] == 2 * counts[100, 0]
    assert 0 < counts[100, 0] < 50


def test_other_sounds_are_silence_and_pieces():
    pictures = words(200)
    changed, marked = with_other_sounds(
        pictures, torch.zeros(200, dtype=torch.long), OTHER, generator()
    )
    pieces, whole = changed[marked == OTHER], pictures[marked == OTHER]
    silent = (pieces == 0).flatten(1).all(dim=1)
    assert silent.any()
    assert not silent.all()
    # Of a word, only its beginning or its end is left, in its place.
    assert ((pieces == whole) | (pieces == 0)).all()
    sounding = (pieces.amax(dim=1) > 0).sum(dim=1)[~silent]
    assert (sounding < 0.6 * (whole.amax(dim=1) > 0).sum(dim=1)[~silent]).all()
    starts = (pieces[~silent].amax(dim=1) > 0).float().argmax(dim=1)
    assert len(set((starts > 30).tolist())) == 2, "beginnings and ends are both there"


def test_pieces_of_silence_are_silence():
    changed, marked = with_other_sounds(
        torch.zeros(20, 100, 100), torch.ones(20, dtype=torch.long), OTHER, generator()
    )
    assert not changed.any()
    assert (marked == OTHER).any()


def test_hissing_is_weakened_and_vowels_are_not():
    power = torch.zeros(200, 100, 100)
    power[:, 60:, :50] = 1.0  # a vowel: below 2 kHz
    power[:, :, 50:] = 0.01
    power[:, :45, 50:] = 1.0  # a hiss: above
    heard = stages._weaken_fricatives(power, 1.0, generator())
    assert torch.equal(heard[:, :, :50], power[:, :, :50])
    changed = (heard[:, :, 50:] != power[:, :, 50:]).flatten(1).any(dim=1)
    assert 0.5 < changed.float().mean() < 0.7
    hiss, ground = heard[:, 0, 99] / power[:, 0, 99], heard[:, 99, 99] / power[:, 99, 99]
    assert hiss.min() > 10**-1.5
    assert hiss.max() < 10**0.5
    assert (ground <= hiss * 1.001).all(), "low bands go first"
    assert ground.min() < 1e-4


def all_but(*effects: str) -> set[str]:
    assert set(effects) <= set(EFFECTS)
    return set(EFFECTS) - set(effects)


def test_without_any_effect_pictures_stay_as_they_are():
    scaled = augment(words(8), 1.0, generator(), EFFECTS)  # as picture/mel.py scales them
    assert torch.allclose(augment(scaled, 1.0, generator(), EFFECTS), scaled, atol=1e-4)
    for picture, word in zip(scaled, words(8), strict=True):
        changes = (picture - word)[(word > 0.1) & (picture > 0) & (picture < 1)]
        assert changes.max() - changes.min() < 1e-4


@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect != "pieces"])
def test_each_effect_does_something_and_can_be_left_out(effect):
    pictures = words(32)
    left_out = augment(pictures, 1.0, generator(), [effect])
    assert not torch.allclose(left_out, augment(pictures, 1.0, generator()), atol=1e-2)


def test_what_is_left_out_changes_nothing_about_the_others():
    shifted = augment(words(16), 1.0, generator(), all_but("shift"))
    masked = augment(words(16), 1.0, generator(), all_but("shift", "mask"))
    assert not torch.equal(shifted, masked)
    assert torch.equal(masked, torch.where(masked == 0, 0.0, shifted))


def test_without_a_vocal_tract_bands_stay_where_they_are():
    lines = torch.zeros(32, 100, 100)
    lines[:, 40] = 1.0
    moved = augment(lines, 1.0, generator(), all_but("vocal_tract", "shift", "tempo"))
    assert (moved.argmax(dim=1) != 40).any()
    stayed = augment(lines, 1.0, generator(), all_but("shift", "tempo"))
    loudest = stayed.argmax(dim=1)
    assert (loudest[stayed.amax(dim=1) > 0.5] == 40).all()


def test_without_noise_silence_stays_silent():
    assert not augment(torch.zeros(8, 100, 100), 1.0, generator(), ["noise"]).any()


def test_without_pieces_other_sounds_are_silence_alone():
    pictures = words(120)
    changed, marked = with_other_sounds(
        pictures, torch.zeros(120, dtype=torch.long), OTHER, generator(), ["pieces"]
    )
    other = marked == OTHER
    assert other.sum() == 2  # one in sixty
    assert not changed[other].any()
    assert torch.equal(changed[~other], pictures[~other])
