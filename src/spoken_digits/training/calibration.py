"""What is done to a trained network before it is saved: a temperature, and weights in float16."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from spoken_digits.model.network import SpectrogramNet, logits

# 0.1 to 10 in steps of 2.3%. Six decimals: the last bit of a power is not the same everywhere.
_TEMPERATURES = [round(10 ** (step / 100), 6) for step in range(-100, 101)]


def calibrate(
    network: SpectrogramNet, images: NDArray[np.uint8], classes: NDArray[np.int64]
) -> float:
    """Set the temperature that gives validation images the lowest loss, and return it.

    Takes images (n, 100, 100) and classes (n,). Guo et al., On Calibration of Modern Neural
    Networks, 2017. A grid rather than a descent: the same on every machine.
    """
    scores, targets = logits(network, images).double(), torch.from_numpy(classes)
    losses = [F.cross_entropy(scores / value, targets).item() for value in _TEMPERATURES]
    temperature = _TEMPERATURES[int(np.argmin(losses))]
    network.temperature.fill_(temperature)
    return temperature


def round_to_half(network: SpectrogramNet) -> None:
    """Round the weights to what float16 holds, as they are saved and exported."""
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half())
