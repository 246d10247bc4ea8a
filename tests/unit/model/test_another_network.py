"""A network is one file: what model/network.py asks of one is all that the stages need."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from spoken_digits.evaluation import cost
from spoken_digits.export import graph
from spoken_digits.model import network as network_file
from spoken_digits.model.network import load_network, probabilities, save_network
from spoken_digits.model.vocal_tracts import TwoTracts
from spoken_digits.params import load_params
from spoken_digits.training.calibration import calibrate, round_to_half
from spoken_digits.training.loop import fit
from spoken_digits.vocabulary import digits

pytestmark = pytest.mark.usefixtures("one_torch_thread")

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")


class Small(nn.Module):
    """Of the least that network.py's docstring asks for, and nothing of SpectrogramNet."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(100)
        self.hidden = nn.Linear(100, 16)
        self.answer = nn.Linear(16, len(digits().classes))
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.answer(self.hidden(self.norm(pictures.mean(dim=2) / 255)).relu())


def bands(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in which a class is a bright band at a height of its own."""
    classes = np.arange(n) % 11
    images = np.random.default_rng(seed).integers(0, 60, (n, 100, 100), np.uint8)
    for image, number in zip(images, classes, strict=True):
        image[8 * number : 8 * number + 6] += np.uint8(150)
    return images, classes


def test_it_is_trained_evaluated_and_exported(tmp_path, monkeypatch):
    settings = PARAMS.train.model_copy(
        update={"epochs": 20, "epoch_size": 256, "batch_size": 32, "augment": 0.0}
    )
    validation = bands(33, 2)
    network = fit(
        bands(88, 1),
        validation,
        np.zeros(88, np.int64),
        settings,
        tmp_path / "run.pt",
        lambda metrics: None,
        Small,
    )
    temperature = calibrate(network, *validation)
    assert temperature != 1
    round_to_half(network)
    save_network(network, tmp_path / "digits.safetensors", {})

    monkeypatch.setattr(network_file, "SpectrogramNet", Small)  # as if it stood in the file
    loaded = load_network(tmp_path / "digits.safetensors")
    assert loaded.temperature == pytest.approx(temperature, rel=1e-3)
    images, classes = bands(55, 3)
    assert (probabilities(loaded, images).argmax(axis=1) == classes).mean() > 0.9

    two = TwoTracts(loaded)
    assert cost.parameters(two) == 200 + 100 * 16 + 16 + 16 * 11 + 11
    assert cost.multiply_adds(two, lambda: probabilities(two, images[:1])) == 2 * 16 * 111

    model = graph.build(two, PARAMS.spectrogram, {})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    waveforms = np.random.default_rng(4).standard_normal((3, 16_000)).astype(np.float32) / 10
    exported, pictures = session.run(["probabilities", "image"], {"waveform": waveforms})
    assert np.abs(exported - probabilities(two, pictures.astype(np.uint8))).max() < 1e-4
