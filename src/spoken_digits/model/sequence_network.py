"""The network that reads numbers: sound of any length to a label or nothing every 40 ms.

It is trained with connectionist temporal classification (CTC; Graves et al., Connectionist Temporal
Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks, 2006): each
output frame is one of the labels or the blank, and a label once is one word, however long. It has
convolutions alone, so that what it says of a moment depends on the sound around it and on no more:
PAST and AHEAD say how much.

Its first layers are those of the network of single words, network.py, without the mean over time,
and training starts from that one's weights: it says at every moment which word sounds, as well as
it can. What is left to learn is where a word is one.

It takes levels in dB (picture/stream.py) and scales them itself, by what was heard in the last
seconds: white is HEADROOM_DB above the loudest level that lasted 60 ms, which a click does not, and
bands are normalised as pictures are, half as a whole and half band by band.
"""

from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from spoken_digits.model.network import (
    ModelFileError,
    SpectrogramNet,
    convolution,
    read_classes,
)
from spoken_digits.picture.stream import QUIETEST_DB

SHRINK = 4
"""Frames of 10 ms that one output frame stands for."""
DEPTH_DB = 80.0
"""Below white, where all is black."""
HEADROOM_DB = 6.0
"""White is that much above the level of what was said."""
LEAST_WHITE_DB = -30.0
"""White is at least that far from the loudest frame."""
LASTING = 6
"""Frames that a level must last, to be that of a voice: 60 ms."""
LEVEL_PAST, LEVEL_AHEAD = 250, 20
"""Frames whose levels scale a frame: the last 2.5 s, and the coming 0.2 s, since words begin
softly."""

_CHANNELS = 128
_TEMPORAL_PAST, _TEMPORAL_AHEAD = 6, 2  # output frames that a temporal block sees
_TEMPORAL_BLOCKS = 3
_FIRST_CHANGE = 0.1  # a temporal block changes little at first
_CONVOLUTIONS = 33  # frames that the first layers see on either side
_QUIET = 0.05  # of the range of grey levels: what deviates less is not blown up
_TINY = 1e-6  # a variance; the root of a smaller one is 0

PAST = 2 * LEVEL_PAST + LASTING - 1 + _CONVOLUTIONS + _TEMPORAL_BLOCKS * _TEMPORAL_PAST * SHRINK
"""Frames before an output frame that it may depend on: 6.1 s. Bands are normalised by frames of the
last 2.5 s, and each of these was scaled by the 2.5 s before it."""
AHEAD = 2 * LEVEL_AHEAD + _CONVOLUTIONS + _TEMPORAL_BLOCKS * _TEMPORAL_AHEAD * SHRINK
"""Frames after its beginning that it may depend on: 0.97 s."""


class SequenceNet(nn.Module):
    """Levels (n, 100, frames) in dB to log-probabilities (n, frames / 4, labels + 1).

    The last class is the blank. ``frames`` is a multiple of 4.
    """

    def __init__(self, labels: int) -> None:
        super().__init__()
        words = SpectrogramNet(labels + 1)
        self.pattern = words.pattern  # (n, 1, 100, t) to (n, 128, 1, t / 4)
        self.sequence = words.sequence
        self.temporal = nn.Sequential(*(Temporal(_CHANNELS) for _ in range(_TEMPORAL_BLOCKS)))
        self.dropout = nn.Dropout(0.2)
        self.classify = nn.Conv2d(_CHANNELS, labels + 1, 1)
        self.register_buffer("temperature", torch.ones(()))  # set by calibration
        self.temperature: Tensor

    def forward(self, levels: Tensor) -> Tensor:
        """Return log-probabilities, not calibrated: (n, frames / 4, labels + 1)."""
        x = normalised(scaled(levels))[:, None]
        x = self.pattern(x.contiguous(memory_format=torch.channels_last))
        x = self.temporal(x + self.sequence(x))
        scores: Tensor = self.classify(self.dropout(x))  # (n, labels + 1, 1, t / 4)
        return (scores[:, :, 0].transpose(1, 2) / self.temperature).log_softmax(dim=2)

    @torch.no_grad()
    def start_from(self, words: SpectrogramNet) -> None:
        """Take the weights of a network of single words with the same labels.

        Its last class, all other sound, becomes the blank.
        """
        self.pattern.load_state_dict(words.pattern.state_dict())
        self.sequence.load_state_dict(words.sequence.state_dict())
        self.classify.weight.copy_(words.classify.weight[:, :, None, None])
        assert self.classify.bias is not None
        self.classify.bias.copy_(words.classify.bias)


class Temporal(nn.Module):
    """A depthwise convolution along time and one over channels, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        width = _TEMPORAL_PAST + 1 + _TEMPORAL_AHEAD
        self.along = convolution(channels, channels, (1, width), padding=0, groups=channels)
        self.across = convolution(channels, channels, 1)
        _, norm, _ = self.across
        assert isinstance(norm, nn.BatchNorm2d)
        nn.init.constant_(norm.weight, _FIRST_CHANGE)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum, (n, channels, 1, t) -> the same."""
        change: Tensor = self.across(self.along(F.pad(x, (_TEMPORAL_PAST, _TEMPORAL_AHEAD))))
        return x + change


def scaled(levels: Tensor) -> Tensor:
    """Return grey levels 0..1 of levels in dB, (n, 100, t) -> the same: white follows the voice."""
    loudest = levels.amax(dim=1, keepdim=True)  # (n, 1, t)
    lasting = -F.max_pool1d(F.pad(-loudest, (LASTING - 1, 0), value=-QUIETEST_DB), LASTING, 1)
    voice = _loudest_around(lasting) + HEADROOM_DB
    white = torch.maximum(voice, _loudest_around(loudest) + LEAST_WHITE_DB)
    return ((levels - white) / DEPTH_DB + 1).clamp(0, 1)


def _loudest_around(levels: Tensor) -> Tensor:
    padded = F.pad(levels, (LEVEL_PAST, LEVEL_AHEAD), value=QUIETEST_DB)
    return F.max_pool1d(padded, LEVEL_PAST + LEVEL_AHEAD + 1, 1)


def normalised(x: Tensor) -> Tensor:
    """Centre and scale grey levels by those around, half as a whole and half band by band.

    As network.py does with a picture; before a stream begins all is black.
    """
    bands, squares = _mean_around(x), _mean_around(x * x)
    whole, whole_squares = bands.mean(1, keepdim=True), squares.mean(1, keepdim=True)
    by_band = (x - bands) / (_root(squares - bands * bands) + _QUIET)
    as_a_whole = (x - whole) / (_root(whole_squares - whole * whole) + _QUIET)
    return (as_a_whole + by_band) / 2


def _mean_around(x: Tensor) -> Tensor:
    """Return the mean of each band over LEVEL_PAST frames before, and LEVEL_AHEAD after."""
    width = LEVEL_PAST + LEVEL_AHEAD + 1
    sums = F.pad(x, (LEVEL_PAST + 1, LEVEL_AHEAD)).cumsum(dim=2)
    return (sums[:, :, width:] - sums[:, :, :-width]) / width


def _root(variance: Tensor) -> Tensor:
    # Not sqrt: its last bit is another on AMD than on Intel (docs/reproduction.md).
    return variance.clamp(min=0) * variance.clamp(min=_TINY).rsqrt()


def load_sequence_network(path: Path) -> SequenceNet:
    """Load a trained network, in evaluation mode, float32.

    Raises ModelFileError if the file is missing, damaged or holds another network.
    """
    network = SequenceNet(len(read_classes(path)) - 1)
    try:
        network.load_state_dict(safetensors.torch.load_file(path), strict=False)
    except (safetensors.SafetensorError, RuntimeError) as error:
        raise ModelFileError(
            f"{path}: does not fit this network ({error}). Make it anew with: dvc repro "
            "numbers/dvc.yaml"
        ) from None
    return network.eval()
