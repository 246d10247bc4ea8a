"""What the tests of networks share."""

import pytest
import torch

from spoken_digits.model.network import SpectrogramNet


@pytest.fixture(scope="module")
def network() -> SpectrogramNet:
    """An untrained network, the same for all tests of a module."""
    torch.manual_seed(0)
    return SpectrogramNet(11).eval()
