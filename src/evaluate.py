"""Stage evaluate: how good the network is on the test subset, and where it fails.

Writes metrics/evaluate.json (--keys says what is in it), the data of DVC's plots and the same as
PNG in metrics/plots/, and metrics/predictions.csv, from which `make compare` compares two
experiments. The metrics are in spoken_digits/evaluation/reported_metrics.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start


class PrintKeys(argparse.Action):
    """Prints what each metric means, and stops."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Do so, whatever params.yaml says."""
        from spoken_digits.evaluation.reported_metrics import MEANING

        width = max(map(len, MEANING))
        print("\n".join(f"{key:{width}}  {text}" for key, text in MEANING.items()))
        parser.exit()


KEYS = {"action": PrintKeys, "nargs": 0, "help": "say what each metric means, and stop"}
_, params = start(__doc__, options={"--keys": KEYS}, predicts=True)

import json

from spoken_digits.dataset.images import class_indices, load_images
from spoken_digits.dataset.recordings import find_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.evaluation import cost
from spoken_digits.evaluation.plots_folder import draw, read_curves
from spoken_digits.evaluation.predictions import most_probable, write_predictions
from spoken_digits.evaluation.reported_metrics import rounded, summarise
from spoken_digits.evaluation.robustness import robustness
from spoken_digits.files import replacing_folder, write_text
from spoken_digits.model.network import probabilities, read_classes
from spoken_digits.model.vocal_tracts import load_for_listening
from spoken_digits.vocabulary import noun

RAW, SPECTROGRAMS, SPLIT = Path("data/raw"), Path("data/spectrograms"), Path("data/split.csv")
MODEL, TRAINING = Path("models/digits.safetensors"), Path("metrics/train")
PLOTS, PREDICTIONS = Path("metrics/plots"), Path("metrics/predictions.csv")
METRICS = Path("metrics/evaluate.json")


def main() -> None:
    split = read_split(SPLIT)
    test = split.part("test")
    classes = read_classes(MODEL)
    labels = classes[:-1]
    if not test.is_word.any():
        raise UserError(f"{SPLIT}: no {noun(labels)} in the test subset; see split in params.yaml")
    class_indices(test, classes)  # a model of another vocabulary ends here
    network = load_for_listening(MODEL)
    images = load_images(SPECTROGRAMS, test)  # (n, 100, 100)
    likely = probabilities(network, images)  # (n, classes)
    crc32s = find_recordings(RAW, test).crc32.tolist()
    predictions = most_probable(test, likely, labels, crc32s)
    summary = summarise(predictions, likely, labels, params.live.reject)
    summary["robustness"] = robustness(
        RAW,
        split,
        params.spectrogram,
        lambda pictures: probabilities(network, pictures),
        labels,
        params.evaluate.robustness_recordings,
        params.evaluate.seed,
    )
    summary["cost"] = {
        "parameters": cost.parameters(network),
        "multiply_adds": cost.multiply_adds(network, lambda: probabilities(network, images[:1])),
        "bytes": MODEL.stat().st_size,
    }
    summary = rounded(summary)
    with replacing_folder(PLOTS) as partial:
        draw(partial, predictions, likely, images, summary, read_curves(TRAINING), labels)
    write_predictions(PREDICTIONS, predictions)
    write_text(METRICS, json.dumps(summary, indent=2) + "\n")
    low, high = summary["accuracy_low"], summary["accuracy_high"]
    print(
        f"accuracy {summary['accuracy']:.2%} ({low:.2%} to {high:.2%}) of {summary['n']} "
        f"{noun(labels)}s"
    )
    decided = summary["decided"]
    print(
        f"{decided['accuracy']:.2%} ({decided['low']:.2%} to {decided['high']:.2%}) as the live "
        f"program decides, with live.reject {decided['reject']:g}"
    )
    if decided["others"]:
        print(f"{decided['claimed']:.2%} of {decided['others']} other words claimed with it")


if __name__ == "__main__":
    run(main)
