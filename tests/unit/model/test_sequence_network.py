"""The network that reads numbers: any length, a bounded look-ahead, a level that it follows."""

import pytest
import torch

from spoken_digits.model.network import SpectrogramNet
from spoken_digits.model.sequence_network import AHEAD, LASTING, PAST, SHRINK, SequenceNet, scaled


@pytest.fixture(scope="module")
def network() -> SequenceNet:
    torch.manual_seed(0)
    return SequenceNet(10).eval()


def levels(frames: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(1, 100, frames, generator=torch.Generator().manual_seed(seed)) * 60 - 60


def test_it_is_small():
    parameters = sum(p.numel() for p in SequenceNet(10).parameters())
    assert parameters < 240_000, parameters


def test_it_begins_as_the_network_of_single_words_whose_last_class_is_the_blank():
    torch.manual_seed(0)
    words = SpectrogramNet(11).eval()
    network = SequenceNet(10).eval()
    network.start_from(words)
    picture = torch.rand(1, 1, 100, 100)
    with torch.inference_mode():
        x = words.pattern(picture)
        x = x + words.sequence(x)
        each = network.classify(x)[:, :, 0]  # (1, 11, 25), of every 40 ms
        whole = words.classify(x.mean(dim=(2, 3)))
    torch.testing.assert_close(each.mean(dim=2), whole, rtol=1e-4, atol=1e-4)


def test_temporal_blocks_change_little_at_first(network):
    x = torch.rand(1, 128, 1, 40)
    with torch.inference_mode():
        change = network.temporal(x) - x
    assert change.abs().mean() < 0.3 * x.abs().mean()


@pytest.mark.parametrize("frames", [4, 100, 640])
def test_any_length_gives_a_label_or_nothing_every_40_ms(network, frames):
    with torch.inference_mode():
        out = network(levels(frames))
    assert out.shape == (1, frames // SHRINK, 11)
    torch.testing.assert_close(out.exp().sum(dim=2), torch.ones(1, frames // SHRINK))


@pytest.mark.parametrize("louder_db", [0, 40])
def test_what_is_later_or_earlier_than_it_says_changes_nothing(network, louder_db):
    """However loud: white follows it, and the greys by which bands are normalised follow white."""
    at = 800 // SHRINK
    sound = levels(1200)
    far = levels(1200, seed=2) + louder_db
    far[:, :, 800 - PAST : 800 + AHEAD + 1] = sound[:, :, 800 - PAST : 800 + AHEAD + 1]
    with torch.inference_mode():
        here, there = network(sound)[0, at], network(far)[0, at]
    torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-4)


def test_a_stream_is_read_in_windows_with_the_same_result(network):
    sound = levels(1600)
    sound[:, :, 250:300] += 40
    first, last = 800, 1000  # what is new
    start = (first - PAST) // SHRINK * SHRINK
    end = -(-(last + AHEAD) // SHRINK) * SHRINK
    with torch.inference_mode():
        whole = network(sound)[:, first // SHRINK : last // SHRINK]
        window = network(sound[:, :, start:end])
    window = window[:, (first - start) // SHRINK : (last - start) // SHRINK]
    torch.testing.assert_close(whole, window, rtol=1e-4, atol=1e-4)


def test_the_same_sound_at_another_level_is_the_same():
    sound = levels(400).clamp(min=-50)
    torch.testing.assert_close(scaled(sound)[:, :, 260:], scaled(sound + 17)[:, :, 260:])


def test_a_click_is_not_taken_for_a_voice():
    sound = levels(400) - 20
    clicked = sound.clone()
    clicked[:, :, 300 : 300 + LASTING - 1] += 25
    after = slice(300 + LASTING, 400)
    torch.testing.assert_close(scaled(sound)[:, :, after], scaled(clicked)[:, :, after])
