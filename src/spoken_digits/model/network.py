"""The network: a small convolutional one, from a picture to the logits of the classes.

This file alone knows its architecture: put another one in the place of SpectrogramNet, and
training, evaluation and export use it. It must be a torch.nn.Module that

- is made with the number of its classes, its weights drawn from torch's random numbers;
- takes pictures (n, 100, 100) float32, grey levels 0-255, for any n, and returns logits
  (n, classes), the vocabulary's words and then "other", not divided by the temperature;
- has a buffer ``temperature``, (), of 1 at first: calibration sets it, and it is saved with the
  weights;
- keeps its meaning when weights are rounded to float16, as they are saved;
- uses what ONNX has (torch.onnx.export), and no square root or logarithm whose last bit depends
  on the processor (docs/reproduction.md).
"""

import json
from pathlib import Path
from typing import Protocol

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spoken_digits.dataset.images import Images
from spoken_digits.errors import UserError
from spoken_digits.files import naming, replacing
from spoken_digits.recording import FORMAT
from spoken_digits.vocabulary import OTHER

_METADATA_KEY = "spoken-digits"  # one key: safetensors writes several in no fixed order
_BATCH = 512
_TINY = 1e-20  # a variance; the root of a smaller one is 0
_QUIET = 0.05  # of the range of grey levels: what deviates less is not blown up


class ModelFileError(UserError):
    """A model file that is missing, damaged or not this project's."""


class Classifier(Protocol):
    """What evaluation and export use of a network, or of a module that holds one."""

    @property
    def temperature(self) -> Tensor:
        """What logits are divided by before the softmax, ()."""

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return logits, (n, 100, 100) -> (n, classes)."""

    def eval(self) -> object:
        """Leave training mode."""


class SpectrogramNet(nn.Module):
    """Pictures (n, 100, 100), grey levels 0-255, to logits (n, classes).

    The picture is read at a quarter of its resolution in frequency and a half of it in time: an
    early stride is what makes training on a CPU quick, but a weak s or k lasts a few frames only.
    Frequency is resolved in full (the 7x1 convolution) before time is averaged: where in the
    second the word is says nothing, which bands sound says all.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.pattern = nn.Sequential(  # (n, 1, 100, 100)
            convolution(1, 16, 7, stride=(4, 2)),  # (n, 16, 25, 50)
            convolution(16, 32, 3, stride=2),  # (n, 32, 13, 25)
            Residual(32),
            Residual(32),
            convolution(32, 64, 3, stride=(2, 1)),  # (n, 64, 7, 25)
            Residual(64),
            Residual(64),
            convolution(64, 128, (7, 1), padding=0),  # (n, 128, 1, 25)
        )
        self.sequence = convolution(128, 128, (1, 5), groups=128)  # (n, 128, 1, 25)
        self.dropout = nn.Dropout(0.2)
        self.classify = nn.Linear(128, classes)
        self.register_buffer("temperature", torch.ones(()))  # set by calibration
        self.temperature: Tensor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits, not divided by the temperature."""
        x = _normalise(pictures / 255)[:, None]  # (n, 1, 100, 100)
        x = self.pattern(x.contiguous(memory_format=torch.channels_last))
        x = x + self.sequence(x)
        x = x.mean(dim=(2, 3))  # (n, 128)
        scores: Tensor = self.classify(self.dropout(x))
        return scores


def _normalise(x: Tensor) -> Tensor:
    """Centre and scale each picture, half as a whole and half band by band, (n, 100, 100).

    A microphone's response is the same in all frames of a band, so normalising by band removes
    it; normalising as a whole keeps what the bands say of each other. Half and half is relaxed
    instance frequency-wise normalisation (Kim et al., Domain Generalization with Relaxed Instance
    Frequency-wise Normalization for Multi-device Acoustic Scene Classification, 2022).
    """
    whole = (x - x.mean((1, 2), keepdim=True)) / (_deviation(x, (1, 2)) + _QUIET)
    by_band = (x - x.mean(2, keepdim=True)) / (_deviation(x, (2,)) + _QUIET)
    return (whole + by_band) / 2


def _deviation(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    # Not torch.std: ONNX has no such operator. Not sqrt: its last bit is another on AMD than on
    # Intel (docs/reproduction.md).
    variance = (x - x.mean(dims, keepdim=True)).square().mean(dims, keepdim=True)
    return variance * variance.clamp(min=_TINY).rsqrt()


class Residual(nn.Module):
    """A 3x3 convolution whose input is added to its output, (n, channels, h, w) to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = convolution(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        change: Tensor = self.change(x)
        return x + change


def convolution(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | None = None,
    groups: int = 1,
) -> nn.Sequential:
    """Return a convolution with batch normalisation and ReLU, same-padded unless said otherwise."""
    high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    return nn.Sequential(
        nn.Conv2d(
            inputs,
            outputs,
            (high, wide),
            stride,
            (high // 2, wide // 2) if padding is None else padding,
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def save_network(network: nn.Module, path: Path, about: dict[str, object]) -> None:
    """Write weights as float16 safetensors with ``about`` (JSON values) as metadata."""
    tensors = {
        name: value.half() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {_METADATA_KEY: json.dumps({"format": FORMAT, **about}, sort_keys=True)}
    with replacing(path) as partial:
        safetensors.torch.save_file(
            {name: value.contiguous().cpu() for name, value in tensors.items()}, partial, metadata
        )


def read_about(path: Path) -> dict[str, object]:
    """Return what a model file says about itself: format, classes, corpora and so on.

    Raises ModelFileError if it is missing, damaged or of another format.
    """
    if path.is_dir():
        raise ModelFileError(f"{path}: a folder, not a model of this project")
    try:
        with naming(path), safetensors.safe_open(path, "pt") as file:
            about: dict[str, object] = json.loads((file.metadata() or {})[_METADATA_KEY])
    except FileNotFoundError:
        raise ModelFileError(
            f"{path}: no such model. Make it with: dvc repro train, or fetch it with: dvc pull"
        ) from None
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise ModelFileError(f"{path}: not a model of this project ({error})") from None
    if about.get("format") != FORMAT:
        raise ModelFileError(f"{path}: its format is {about.get('format')}, not {FORMAT}")
    return about


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the classes of a model file, in the order of its logits: its words, then "other".

    Raises ModelFileError as ``read_about`` does, or if the file does not say.
    """
    return _classes(path, read_about(path))


def _classes(path: Path, about: dict[str, object]) -> tuple[str, ...]:
    classes = about.get("classes")
    if not isinstance(classes, list) or len(classes) < 2 or classes[-1] != OTHER:
        raise ModelFileError(f"{path}: does not say which words it recognises ({classes!r})")
    return tuple(map(str, classes))


def load_network(path: Path) -> SpectrogramNet:
    """Load a trained network, in evaluation mode, float32.

    Raises ModelFileError if the file is missing, damaged or holds another network.
    """
    network = SpectrogramNet(len(_classes(path, read_about(path))))
    try:
        tensors = safetensors.torch.load_file(path)
        expected = {name for name in network.state_dict() if not name.endswith("_tracked")}
        if set(tensors) != expected:
            raise RuntimeError("other layers than this network's")
        network.load_state_dict(tensors, strict=False)
    except (safetensors.SafetensorError, RuntimeError) as error:
        raise ModelFileError(
            f"{path}: does not fit this network ({error}). Make it anew with: dvc repro train"
        ) from None
    return network.eval()


@torch.inference_mode()
def logits(network: Classifier, images: Images) -> Tensor:
    """Return a network's logits for pictures, (n, 100, 100) -> (n, classes), in evaluation mode."""
    network.eval()
    device = network.temperature.device
    batches = (
        torch.from_numpy(images[start : start + _BATCH])
        for start in range(0, max(len(images), 1), _BATCH)
    )
    return torch.cat([network(batch.to(device, torch.float32)).cpu() for batch in batches])


def probabilities(network: Classifier, images: Images) -> NDArray[np.float32]:
    """Return calibrated probabilities of the classes, (n, 100, 100) -> (n, classes)."""
    scaled = logits(network, images) / network.temperature.cpu()
    result: NDArray[np.float32] = scaled.softmax(dim=1).numpy()
    return result
