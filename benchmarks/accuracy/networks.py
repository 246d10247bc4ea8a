"""Networks compared: the same data, schedule and augmentation; what each costs and how it hears.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/accuracy/networks.py

Trains every network on the pipeline's training subset (dvc repro first), prints a row each, and
leaves the working tree alone. Judged by the validation subset, and by FSDD's takes 10-49, which
none of them hears in training: synthetic voices are too easy to tell networks apart.
"""

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from common.streams import ROOT, corpus_mirror, fsdd
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.dataset.images import class_indices, load_images
from spoken_digits.dataset.split_file import read_split
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.params import load_params
from spoken_digits.picture import mel

pin_arithmetic(load_params(ROOT / "params.yaml").train.threads)  # before torch is imported

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from spoken_digits.model.network import Residual, SpectrogramNet, convolution, logits  # noqa: E402
from spoken_digits.training.loop import fit  # noqa: E402

REAL_TAKES = range(10, 50)


class AsAWhole(SpectrogramNet):
    """Every picture normalised as a whole alone, not band by band too."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits."""
        x = pictures[:, None] / 255
        x = (x - x.mean((1, 2, 3), keepdim=True)) / (x.std((1, 2, 3), keepdim=True) + 0.05)
        x = self.pattern(x.contiguous(memory_format=torch.channels_last))
        x = x + self.sequence(x)
        scores: Tensor = self.classify(self.dropout(x.mean(dim=(2, 3))))
        return scores


class StemOfStrideTwo(SpectrogramNet):
    """The stem at half the picture's resolution, then the larger of two bands."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.pattern[0] = nn.Sequential(convolution(1, 16, 7, stride=2), nn.MaxPool2d((2, 1)))


class StemOfStrideFour(SpectrogramNet):
    """The stem at a quarter of the picture's resolution in time too."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.pattern[0] = convolution(1, 16, 7, stride=4)
        self.pattern[4] = convolution(32, 64, 3, stride=(2, 1))


class TimeHalvedAgain(SpectrogramNet):
    """The third convolution halves time too: 80 ms a column, where it is 40."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.pattern[4] = convolution(32, 64, 3, stride=2)
        self.sequence = convolution(128, 128, (1, 3), groups=128)


class AveragedAtOnce(SpectrogramNet):
    """Bands averaged with time, as most image networks do, not resolved first."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.pattern[7] = convolution(64, 128, 3)


class _SqueezeExcite(nn.Module):
    """Hu et al., Squeeze-and-Excitation Networks, 2018."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // 4, 1),
            nn.ReLU(),
            nn.Conv2d(channels // 4, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = x * self.gate(x)
        return gated


class SqueezeExcitation(SpectrogramNet):
    """A gate a channel in each residual block."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        for block, channels in ((2, 32), (3, 32), (5, 64), (6, 64)):
            change = self.pattern[block].change
            assert isinstance(change, nn.Sequential)
            change.append(_SqueezeExcite(channels))


class Plain(SpectrogramNet):
    """Four convolutions, each followed by the largest of 2x2: the first thing one tries."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        channels = (1, 32, 64, 96, 128)
        layers = [
            nn.Sequential(convolution(before, after, 3), nn.MaxPool2d(2))
            for before, after in pairwise(channels)
        ]
        self.pattern = nn.Sequential(*layers)
        self.sequence = nn.Sequential()  # nothing


class _Broadcast(nn.Module):
    """A block of BC-ResNet: bands by a 2-d convolution, time by a 1-d one that all bands share."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.same = inputs == outputs and stride == 1
        self.widen = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1)
        self.bands = nn.Sequential(
            nn.Conv2d(outputs, outputs, (3, 1), (stride, 1), (1, 0), groups=outputs, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.time = nn.Sequential(
            nn.Conv2d(
                outputs,
                outputs,
                (1, 3),
                padding=(0, dilation),
                dilation=(1, dilation),
                groups=outputs,
                bias=False,
            ),
            nn.BatchNorm2d(outputs),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 1, bias=False),
            nn.Dropout2d(0.1),
        )

    def forward(self, x: Tensor) -> Tensor:
        by_band = self.bands(self.widen(x))
        y = by_band + self.time(by_band.mean(dim=2, keepdim=True))
        return torch.relu(y + x if self.same else y)


class BroadcastedResidual(SpectrogramNet):
    """BC-ResNet-3 (Kim et al., Broadcasted Residual Learning for Efficient Keyword Spotting, 2021).

    With batch instead of sub-band normalisation in its blocks, and a stem that halves time too:
    our pictures have 100 bands and 100 frames, its have 40.
    """

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        blocks: list[nn.Module] = [convolution(1, 48, 5, stride=(4, 2))]  # (n, 48, 25, 50)
        channels = 48
        for outputs, count, stride, dilation in (
            (24, 2, 1, 1),
            (36, 2, 2, 2),
            (48, 4, 2, 4),
            (60, 4, 1, 8),
        ):
            for block in range(count):
                blocks.append(_Broadcast(channels, outputs, 1 if block else stride, dilation))
                channels = outputs
        blocks += [convolution(60, 128, (7, 1), padding=0)]
        self.pattern = nn.Sequential(*blocks)
        self.sequence = nn.Sequential()  # nothing


class Wider(SpectrogramNet):
    """Ours with a fifth more channels: near the 250 thousand parameters that we allow."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.pattern = nn.Sequential(
            convolution(1, 20, 7, stride=(4, 2)),
            convolution(20, 38, 3, stride=2),
            Residual(38),
            Residual(38),
            convolution(38, 76, 3, stride=(2, 1)),
            Residual(76),
            Residual(76),
            convolution(76, 148, (7, 1), padding=0),
        )
        self.sequence = convolution(148, 148, (1, 5), groups=148)
        self.classify = nn.Linear(148, classes)


NETWORKS: dict[str, type[SpectrogramNet]] = {
    "ours": SpectrogramNet,
    "ours, wider": Wider,
    "with squeeze-excitation": SqueezeExcitation,
    "normalised as a whole alone": AsAWhole,
    "bands averaged with time": AveragedAtOnce,
    "stem of stride 2 and max pooling": StemOfStrideTwo,
    "stem of stride 4 in time too": StemOfStrideFour,
    "time halved again": TimeHalvedAgain,
    "BC-ResNet-3": BroadcastedResidual,
    "plain: 4 x convolution and max pooling": Plain,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    epochs = parser.parse_args().epochs
    if epochs < 1:
        parser.error(f"--epochs {epochs}: 1 or more")
    params = load_params(ROOT / "params.yaml")
    recordings = list(fsdd(corpus_mirror("FSDD"), REAL_TAKES))
    real = np.stack([mel.image(sound, params.spectrogram) for *_, sound in recordings])
    words = params.words
    spoken = np.array([words.labels.index(label) for label, *_ in recordings])
    split = read_split(ROOT / "data/split.csv")
    train, validation = (
        (load_images(ROOT / "data/spectrograms", chosen), class_indices(chosen, words.classes))
        for chosen in (split.part("train"), split.part("validation"))
    )
    corpora = split.part("train").by_corpus()[1]
    settings = params.train.model_copy(update={"epochs": epochs})
    judged = validation[1] < len(words.labels)
    images = epochs * settings.epoch_size
    print(f"{images:,} pictures each; n = {judged.sum():,} and {len(spoken):,}\n")
    print("| network | parameters | pictures/s | s | other voices | FSDD | 95% interval |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for name, kind in tqdm(NETWORKS.items(), unit="network", disable=None):
        with tempfile.TemporaryDirectory() as directory:
            start = time.perf_counter()
            checkpoint = Path(directory) / "checkpoint.pt"
            network = fit(
                train,
                validation,
                corpora,
                len(words.classes),
                settings,
                checkpoint,
                lambda _: None,
                kind,
            )
            seconds = time.perf_counter() - start
        parameters = sum(weights.numel() for weights in network.parameters())
        voices = heard_right(network, validation[0][judged], validation[1][judged])
        people = heard_right(network, real, spoken)
        low, high = wilson(int(people.sum()), len(people))
        print(
            f"| {name} | {parameters:,} | {images / seconds:,.0f} | {seconds:.0f} | "
            f"{voices.mean():.2%} | {people.mean():.2%} | {low:.2%}-{high:.2%} |",
            flush=True,
        )


def heard_right(
    network: SpectrogramNet, images: NDArray[np.uint8], classes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which pictures, (n, 100, 100), are taken for their digit, (n,)."""
    heard = logits(network, images)[:, :-1].argmax(dim=1).numpy()
    right: NDArray[np.bool_] = heard == classes
    return right


if __name__ == "__main__":
    main()
