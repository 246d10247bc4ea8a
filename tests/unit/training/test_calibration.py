"""A trained network is made as sure as it is right, and keeps what float16 holds."""

import numpy as np
import pytest
import torch

from spoken_digits.model.network import SpectrogramNet, probabilities
from spoken_digits.training.calibration import COLDEST, calibrate, round_to_half

pytestmark = pytest.mark.usefixtures("one_torch_thread")

IMAGES = np.random.default_rng(0).integers(0, 256, (33, 100, 100), np.uint8)


@pytest.fixture
def network() -> SpectrogramNet:
    torch.manual_seed(0)
    return SpectrogramNet(11).eval()


def weights(network: SpectrogramNet) -> bytes:
    return b"".join(value.numpy().tobytes() for value in network.state_dict().values())


class Sure(SpectrogramNet):
    """A network that reads its answer and its sureness from a picture's first two pixels."""

    def forward(self, pictures):
        answer = torch.nn.functional.one_hot(pictures[:, 0, 0].long(), 11)
        return answer * pictures[:, 0, 1, None]


def sure_images(right: float, logit: int, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    classes = np.arange(n) % 11
    images = np.zeros((n, 100, 100), np.uint8)
    images[:, 0, 0] = np.where(np.arange(n) < right * n, classes, (classes + 1) % 11)
    images[:, 0, 1] = logit
    return images, classes


@pytest.mark.parametrize(("right", "logit"), [(0.9, 20), (0.6, 10), (0.97, 4), (0.5, 3)])
def test_calibration_makes_it_as_sure_as_it_is_right(right, logit):
    network = Sure(11)
    images, classes = sure_images(right, logit)
    temperature = calibrate(network, images, classes)
    assert network.temperature == pytest.approx(temperature)
    # In closed form: softmax of one logit and ten zeros is right at this temperature.
    assert temperature == pytest.approx(logit / np.log(10 * right / (1 - right)), rel=0.03)
    assert probabilities(network, images).max(axis=1).mean() == pytest.approx(right, abs=0.02)


def test_calibration_changes_no_answer(network):
    before = probabilities(network, IMAGES)
    assert calibrate(network, IMAGES, np.arange(33) % 11) != 1
    after = probabilities(network, IMAGES)
    assert np.array_equal(after.argmax(axis=1), before.argmax(axis=1))
    assert not np.array_equal(after, before)


@pytest.mark.parametrize(("right", "bound"), [(1.0, COLDEST), (0.0, 10.0)])
def test_a_temperature_stays_within_its_bounds(right, bound):
    network = Sure(11)
    assert calibrate(network, *sure_images(right, 3)) == bound


def test_validation_without_a_mistake_at_most_squares_the_odds():
    network = Sure(11)
    images, classes = sure_images(1.0, 3)
    odds = np.exp(3)  # of the answer against each other class, as it was trained
    before = probabilities(network, images)
    assert before[0].max() / before[0].min() == pytest.approx(odds, rel=1e-5)
    calibrate(network, images, classes)
    after = probabilities(network, images)
    assert after[0].max() / after[0].min() == pytest.approx(odds**2, rel=0.02)


def test_the_coldest_temperature_is_a_half():
    assert pytest.approx(0.5, rel=0.01) == COLDEST


def test_weights_rounded_to_half_stay_so(network):
    unrounded = {name: value.clone() for name, value in network.state_dict().items()}
    before = weights(network)
    round_to_half(network)
    rounded = weights(network)
    round_to_half(network)
    assert before != rounded == weights(network)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            assert value.dtype == torch.float32
            assert torch.equal(value, value.half().float()), name
            assert torch.allclose(value, unrounded[name], rtol=1e-3, atol=1e-6), name
