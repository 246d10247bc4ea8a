"""The price of train.portable: images a second in training, with pinned arithmetic and without.

Each round trains a fresh process on random pictures, once pinned and once not, in turn; the ratio
is the median of the rounds' ratios. A machine that does nothing else.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.params import Train, load_params

IMAGES = 3_200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--once", choices=("pinned", "free"), help="one run, in this process")
    arguments = parser.parse_args()
    if arguments.once:
        print(train(arguments.once == "pinned"))
        return
    rates: dict[str, list[float]] = {"pinned": [], "free": []}
    for _ in range(arguments.rounds):
        for kind, found in rates.items():
            command = [sys.executable, __file__, "--once", kind]
            found.append(float(subprocess.check_output(command, text=True)))
    for kind, found in rates.items():
        print(f"{kind}: {statistics.median(found):,.0f} images/s")
    ratios = [one / other for one, other in zip(rates["pinned"], rates["free"], strict=True)]
    print(f"pinned / free: {statistics.median(ratios):.2f} (median of {arguments.rounds} rounds)")


def train(pinned: bool) -> float:
    """Train on ``IMAGES`` random pictures after a short warm-up; return images a second."""
    settings = load_params().train
    if pinned:
        pin_arithmetic(settings.threads)
    import torch

    from spoken_digits.training.loop import fit

    torch.set_num_threads(settings.threads)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, 100, 100), np.uint8)
    classes = random.integers(0, 11, IMAGES)
    validation, corpora = (images[:64], classes[:64]), np.zeros(IMAGES, np.int64)

    def seconds(count: int) -> float:
        shrunk: Train = settings.model_copy(
            update={"epochs": 1, "epoch_size": count, "portable": True}  # on the CPU both times
        )
        with tempfile.TemporaryDirectory() as directory:
            start = time.perf_counter()
            checkpoint = Path(directory) / "checkpoint.pt"
            fit((images, classes), validation, corpora, 11, shrunk, checkpoint, lambda _: None)
            return time.perf_counter() - start

    seconds(IMAGES // 10)
    return IMAGES / seconds(IMAGES)


if __name__ == "__main__":
    main()
