"""What a few recordings of a person bring: each speaker of FSDD before and after.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/accuracy/personal.py

A model is trained as a release is (40 epochs), with FSDD left out of everything, as a DVC
experiment of its own; --base names one that is there, of make folds ARGS=--leave-corpus-out. For
each speaker it is then trained further as make personal does, on ten and on three takes a digit,
and recognises the speaker's takes 15-49, and everybody else: the other five, and every other
recording of the validation subset; the rest chooses the epoch. The working tree is left alone.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.corpora.fsdd import SPEAKERS
from spoken_digits.dataset.images import class_indices, load_images
from spoken_digits.dataset.split_file import read_split
from spoken_digits.dataset.table import SUBSETS
from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.export import released
from spoken_digits.params import Train, load_params
from spoken_digits.recording import Recording

pin_arithmetic(load_params().train.threads)  # before torch is imported

from spoken_digits.model.network import (  # noqa: E402
    SpectrogramNet,
    load_network,
    logits,
    read_classes,
)
from spoken_digits.model.vocal_tracts import TwoTracts  # noqa: E402
from spoken_digits.training.calibration import round_to_half  # noqa: E402
from spoken_digits.training.loop import fit  # noqa: E402
from spoken_digits.training.start_from import SETTINGS  # noqa: E402

WEIGHTS, SPLIT, PICTURES = "models/digits.safetensors", "data/split.csv", "data/spectrograms"
FIRST_TAKE = 5  # takes 0-4 are FSDD's official test
TESTED_TAKES = range(15, 50)
TAKES = (10, 3)

Data = tuple[NDArray[np.uint8], NDArray[np.int64]]  # pictures (n, 100, 100), classes (n,)


class Base(NamedTuple):
    """A model that was trained without FSDD, and what it was trained with."""

    weights: Path
    split: Path
    pictures: Path


class Score(NamedTuple):
    """How many of n words are recognised at the likeliest word."""

    right: int
    n: int

    def __str__(self) -> str:
        low, high = wilson(self.right, self.n)
        return f"{self.right / self.n:.2%} ({low:.2%}-{high:.2%}, n = {self.n:,})"


def main() -> None:
    options = arguments()
    settings = load_params().train.model_copy(update=SETTINGS)
    print(
        "| speaker | takes a digit | the speaker, before | after | everybody else, before | after |"
    )
    print("|---|---|---|---|---|---|", flush=True)
    errors: dict[int, list[tuple[float, float]]] = {takes: [] for takes in TAKES}
    with tempfile.TemporaryDirectory(prefix="personal-") as temporary:
        base = without_fsdd(options.base, Path(temporary))
        for speaker in options.speakers:
            for takes in TAKES:
                before, after, others_before, others_after = measure(base, speaker, takes, settings)
                errors[takes].append((1 - before.right / before.n, 1 - after.right / after.n))
                row = (speaker, takes, before, after, others_before, others_after)
                print(f"| {' | '.join(map(str, row))} |", flush=True)
    for takes, pairs in errors.items():
        first, last = np.mean(pairs, axis=0)
        print(f"mean error with {takes} takes a digit: {first:.2%} before, {last:.2%} after")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--speakers", nargs="+", choices=SPEAKERS, default=SPEAKERS, help="default: all six"
    )
    parser.add_argument(
        "--base", metavar="REV", help="an experiment or a commit whose split.leave_out is [fsdd]"
    )
    return parser.parse_args()


def without_fsdd(revision: str | None, place: Path) -> Base:
    """Copy a model and its data to ``place``; train it if no experiment or commit is named."""
    changes = {"split.leave_out": ["fsdd"], "train.epochs": 40}
    name = revision or experiments.run_next("without-fsdd", released.overrides(changes))
    experiments.fetch(experiments.resolve(name), place, (WEIGHTS, SPLIT, PICTURES))
    return Base(place / WEIGHTS, place / SPLIT, place / PICTURES)


def measure(
    base: Base, speaker: str, takes: int, settings: Train
) -> tuple[Score, Score, Score, Score]:
    """Return the scores of the speaker before and after, and of everybody else before and after."""
    classes = read_classes(base.weights)
    split = read_split(base.split)
    known, validation, fsdd = (list(split.part(subset)) for subset in SUBSETS)
    own = [one for one in fsdd if one.who == f"fsdd/{speaker}"]
    strangers = [one for one in fsdd if one.who != f"fsdd/{speaker}"]
    given = [one for one in own if FIRST_TAKE <= one.take < FIRST_TAKE + takes]
    tested = load(base, [one for one in own if one.take in TESTED_TAKES], classes)
    rest = [one for one in validation[1::2] if one.is_word] + strangers
    corpora = np.unique(
        [*(one.corpus for one in known), *("folder" for _ in given)], return_inverse=True
    )[1]
    start, others = load_network(base.weights), load(base, rest, classes)
    with tempfile.TemporaryDirectory(prefix="personal-") as temporary:
        network = fit(
            load(base, known + given, classes),
            load(base, validation[::2], classes),
            corpora,
            len(classes),
            settings,
            Path(temporary) / "checkpoint.pt",
            lambda _: None,
            lambda _: load_network(base.weights),
        )
    round_to_half(network)
    before, others_before = score(start, tested), score(start, others)
    return before, score(network, tested), others_before, score(network, others)


def load(base: Base, recordings: Sequence[Recording], classes: Sequence[str]) -> Data:
    """Return pictures and classes of recordings."""
    return load_images(base.pictures, recordings), class_indices(recordings, classes)


def score(network: SpectrogramNet, words: Data) -> Score:
    """Let a network recognise words, with two vocal tracts as the exported model does."""
    pictures, classes = words
    likeliest = logits(TwoTracts(network), pictures)[:, :-1].argmax(dim=1).numpy()
    return Score(int((likeliest == classes).sum()), len(classes))


if __name__ == "__main__":
    main()
