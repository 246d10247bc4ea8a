"""Two vocal tracts: what the network sees at each, and the mean of its answers."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from spoken_digits.model.network import (
    ModelFileError,
    SpectrogramNet,
    load_network,
    logits,
    probabilities,
    save_network,
)
from spoken_digits.model.vocal_tracts import TwoTracts, load_for_listening
from spoken_digits.vocabulary import digits

SCALES = (0.93, 1.07)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def two(network):
    return TwoTracts(network)


@pytest.fixture(scope="module")
def pictures():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 100, 100), np.uint8))


def bands_of_a_tone(two, band):
    """Return the brightest band at each scale of a picture with one bright band, 0 the lowest."""
    picture = torch.zeros(1, 100, 100)
    picture[:, 99 - band] = 255
    brightness = two.scaled(picture)[0].mean(dim=2)
    return [99 - row for row in brightness.argmax(dim=1).tolist()]


@pytest.mark.parametrize("band", [20, 50, 80])
def test_a_longer_tract_has_lower_formants_and_a_shorter_one_higher(two, band):
    shorter, longer = bands_of_a_tone(two, band)
    assert longer < band < shorter
    assert shorter == pytest.approx(band / SCALES[0], abs=1)
    assert longer == pytest.approx(band / SCALES[1], abs=1)


def test_they_are_the_warps_of_augmentation(two, pictures):
    pixel = (torch.arange(100) + 0.5) / 50 - 1
    for index, scale in enumerate(SCALES):
        y = (pixel - 1) * scale + 1  # the lowest band stays
        grid = torch.stack(torch.meshgrid(y, pixel, indexing="ij")[::-1], dim=-1)
        expected = F.grid_sample(
            pictures[:, None].float(), grid.expand(5, 100, 100, 2), align_corners=False
        )[:, 0]
        # Below the middle of the lowest band, grid_sample mixes in black.
        difference = (two.scaled(pictures.float())[:, index] - expected)[:, :-1]
        assert difference.abs().max() < 0.01


def test_above_the_highest_band_is_black(two):
    white = torch.full((1, 100, 100), 255.0)
    longer = two.scaled(white)[0, 1]
    assert not longer[:6].any()
    assert (longer[7:] > 254.9).all()


def test_the_answer_is_the_mean_of_both(network, two, pictures):
    with torch.inference_mode():
        scaled = two.scaled(pictures.float())
        each = torch.stack([network(scaled[:, index]) for index in range(2)])
    assert each.std(dim=0).min() > 0, "the two are alike"
    assert torch.allclose(logits(two, pictures.numpy()), each.mean(dim=0), atol=1e-5)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_any_number_of_pictures(two, pictures, n):
    assert logits(two, pictures[:n].numpy()).shape == (n, 11)


def test_it_holds_the_network_and_has_no_weights_of_its_own(network, two):
    assert two.network is network
    assert list(map(id, two.parameters())) == list(map(id, network.parameters()))
    assert two.state_dict().keys() == {f"network.{name}" for name in network.state_dict()}
    assert not two.training


def test_the_temperature_is_the_networks(pictures):
    network = SpectrogramNet(11)
    two = TwoTracts(network)
    network.temperature.fill_(2.5)
    assert two.temperature == 2.5
    expected = (logits(two, pictures.numpy()) / 2.5).softmax(dim=1).numpy()
    assert np.array_equal(probabilities(two, pictures.numpy()), expected)


@pytest.mark.parametrize(
    ("about", "tracts"),
    [
        pytest.param({"omitted": []}, True, id="trained on many"),
        pytest.param({}, True, id="made before there was a choice"),
        pytest.param({"omitted": ["blur", "vocal_tract"]}, False, id="trained on none"),
    ],
)
def test_a_model_is_used_as_it_was_trained(network, pictures, tmp_path, about, tracts):
    path = tmp_path / "digits.safetensors"
    save_network(network, path, {"classes": list(digits().classes), **about})
    plain = load_network(path)
    expected = logits(TwoTracts(plain) if tracts else plain, pictures.numpy())
    assert torch.equal(logits(load_for_listening(path), pictures.numpy()), expected)


def test_a_model_that_says_nonsense_of_its_training_is_refused(network, tmp_path):
    path = tmp_path / "digits.safetensors"
    save_network(network, path, {"classes": list(digits().classes), "omitted": "blur"})
    with pytest.raises(ModelFileError, match="does not say what was omitted in its training"):
        load_for_listening(path)


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ModelFileError, match="no such model"):
        load_for_listening(tmp_path / "digits.safetensors")
