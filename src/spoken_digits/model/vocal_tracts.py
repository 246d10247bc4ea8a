"""The model as it is used: each word is recognised as if said by two vocal tracts.

The shorter a speaker's vocal tract is, the higher are the formants. Training warps its speakers to
many lengths; in use, the answer for a stranger is the mean of two (Jaitly and Hinton, Vocal Tract
Length Perturbation improves speech recognition, 2013). A model that was trained without that
warp, since its sounds are nobody's, is used as it is.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spoken_digits.model.network import (
    ModelFileError,
    SpectrogramNet,
    load_network,
    read_about,
)
from spoken_digits.sizes import SIZE

_SCALES = (0.93, 1.07)  # of the distance from the lowest band, as augmentation's
_BEYOND = 8  # rows above the highest band that the larger scale reaches


class TwoTracts(nn.Module):
    """Holds a trained network; its logits are means over two lengths of the vocal tract."""

    def __init__(self, network: SpectrogramNet) -> None:
        super().__init__()
        self.network = network
        band = torch.arange(SIZE) + 0.5
        source = (band * torch.tensor(_SCALES)[:, None] - 0.5).clamp(min=0)
        row = SIZE - 1 - source.flip(1)  # (2, 100): row 0 is the highest band
        self.register_buffer("above", row.floor().long(), persistent=False)
        self.register_buffer("share", (row - row.floor())[:, :, None], persistent=False)
        self.above: Tensor
        self.share: Tensor
        self.eval()

    @property
    def temperature(self) -> Tensor:
        """The network's."""
        return self.network.temperature

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits, (n, 100, 100) -> (n, classes), not divided by the temperature."""
        scores: Tensor = self.network(self.scaled(pictures).flatten(0, 1))  # (2 n, classes)
        return scores.view(-1, len(_SCALES), scores.shape[1]).mean(dim=1)

    def scaled(self, pictures: Tensor) -> Tensor:
        """Return pictures at both scales, (n, 100, 100) -> (n, 2, 100, 100).

        What lies between two bands is interpolated, what lies above the highest is black.
        """
        padded = F.pad(pictures, (0, 0, _BEYOND, 1))
        above = padded[:, self.above + _BEYOND]
        return above + (padded[:, self.above + _BEYOND + 1] - above) * self.share


def load_for_listening(path: Path) -> SpectrogramNet | TwoTracts:
    """Load a trained network as it is used: through two vocal tracts, if it was trained on many.

    The model file says so: its metadata names the effects of augmentation that were omitted.
    Raises ModelFileError if the file is missing, damaged or holds another network.
    """
    network = load_network(path)
    omitted = read_about(path).get("omitted", [])
    if not isinstance(omitted, list):
        raise ModelFileError(f"{path}: does not say what was omitted in its training ({omitted!r})")
    return network if "vocal_tract" in omitted else TwoTracts(network)
