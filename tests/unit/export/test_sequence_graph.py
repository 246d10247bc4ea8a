"""The exported network that reads numbers: small, and it reads as PyTorch does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from spoken_digits.export import graph, sequence_graph
from spoken_digits.export.sequence_graph import with_weights_of_a_byte
from spoken_digits.export.sequence_inference import STEP, NumberModel, load_number_model
from spoken_digits.model.sequence_network import SequenceNet
from spoken_digits.params import load_params
from spoken_digits.picture.stream import decibels
from spoken_digits.recording import FORMAT
from spoken_digits.training.calibration import round_to_half
from spoken_digits.vocabulary import digits

SETTINGS = load_params(Path(__file__).parents[3] / "params.yaml").spectrogram
ABOUT = {
    "format": FORMAT,
    "labels": list(digits().classes),
    "sample_rate": 16_000,
    "ahead": 12_640,
}
SPOKEN = np.random.default_rng(0).standard_normal(5 * 16_000 // STEP * STEP) / 50


@pytest.fixture(scope="module")
def network() -> SequenceNet:
    torch.manual_seed(0)
    network = SequenceNet(10)
    for name, value in network.state_dict().items():  # as after training
        if "running_var" in name or name.endswith("1.weight"):
            value.uniform_(0.5, 1.5)
        if "running_mean" in name or name.endswith("1.bias"):
            value.normal_(0, 0.1)
    round_to_half(network)
    return network.eval()


@pytest.fixture(scope="module")
def small(network) -> SequenceNet:
    return with_weights_of_a_byte(network)


def read(network: SequenceNet, sound: np.ndarray) -> np.ndarray:
    levels = torch.from_numpy(decibels(sound, SETTINGS))
    with torch.inference_mode():
        return network(levels[None])[0].numpy()


def test_weights_of_a_byte_have_255_levels_an_output_channel(small):
    weights = [one.weight for one in small.modules() if isinstance(one, torch.nn.Conv2d)][:-1]
    assert len(weights) == 15
    for weight in weights:
        for channel in weight.detach():
            levels = channel / channel.abs().max() * 127
            torch.testing.assert_close(levels, levels.round(), rtol=0, atol=1e-3)


def test_they_change_little_and_the_network_given_not_at_all(network, small):
    assert any(isinstance(one, torch.nn.BatchNorm2d) for one in network.modules())
    assert not any(isinstance(one, torch.nn.BatchNorm2d) for one in small.modules())
    np.testing.assert_allclose(read(small, SPOKEN), read(network, SPOKEN), atol=0.1)


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory) -> NumberModel:
    path = tmp_path_factory.mktemp("exported") / "numbers.onnx"
    graph.save(sequence_graph.build(network, SETTINGS, ABOUT), path)
    return load_number_model(path)


@pytest.mark.slow
def test_it_is_small_and_says_what_it_reads(exported):
    assert exported.path.stat().st_size < 290_000
    assert exported.labels == tuple("0123456789")
    assert exported.ahead == 12_640


@pytest.mark.slow
@pytest.mark.parametrize("frames", [2, 25, 125])
def test_it_says_what_pytorch_says_at_any_length(exported, small, frames):
    sound = SPOKEN[: frames * STEP]
    np.testing.assert_allclose(
        exported.log_probabilities(sound.astype(np.float32)), read(small, sound), atol=2e-3
    )
