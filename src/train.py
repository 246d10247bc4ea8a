"""Stage train: fit the network to the training subset, judged by the validation subset.

Writes models/digits.safetensors, and dvclive's metrics and curves in metrics/train/. The test
subset is not read. A killed run goes on from its last epoch when it is started again with the
same data and parameters.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.images import class_indices, load_images
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError, run_script
from spoken_digits.model.arithmetic import pin_arithmetic
from spoken_digits.params import Params, load_params
from spoken_digits.recording import CLASSES

SPECTROGRAMS, SPLIT = Path("data/spectrograms"), Path("data/split.csv")
MODEL, TRAINING = Path("models/digits.safetensors"), Path("metrics/train")
CHECKPOINTS = Path(".checkpoints")  # not an output: DVC removes outputs before a stage runs

Subset = tuple[NDArray[np.uint8], NDArray[np.int64]]  # images (n, 100, 100), classes (n,)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    params = load_params()
    split = read_split(SPLIT)
    subsets: dict[str, Subset] = {}
    for subset in ("train", "validation"):
        chosen = [recording for recording, of in split.items() if of == subset]
        if not any(recording.is_digit for recording in chosen):
            raise UserError(f"{SPLIT}: no digit in the {subset} subset; see split in params.yaml")
        subsets[subset] = (load_images(SPECTROGRAMS, chosen), class_indices(chosen))
    names = [recording.corpus for recording, of in split.items() if of == "train"]
    corpora = np.unique(names, return_inverse=True)[1]
    if params.train.portable:
        pin_arithmetic(params.train.threads)
    from dvclive.live import Live

    from spoken_digits.model.network import save_network
    from spoken_digits.training.loop import calibrate, fit, round_to_half

    checkpoint = _checkpoint(params, subsets, corpora)
    with Live(str(TRAINING), dvcyaml=False, save_dvc_exp=False, report=None) as live:

        def report(metrics: dict[str, float]) -> None:
            for name, value in metrics.items():
                live.log_metric(name, value)
            live.next_step()

        network = fit(
            subsets["train"], subsets["validation"], corpora, params.train, checkpoint, report
        )
        temperature = calibrate(network, *subsets["validation"])
        live.summary["temperature"] = temperature
        live.make_summary()
    round_to_half(network)
    about: dict[str, object] = {
        "classes": list(CLASSES),
        "corpora": list(params.corpora),
        "spectrogram": params.spectrogram.model_dump(),
    }
    save_network(network, MODEL, about)
    checkpoint.unlink(missing_ok=True)
    print(f"trained on {len(subsets['train'][1])} recordings; {MODEL}")


def _checkpoint(params: Params, subsets: dict[str, Subset], corpora: NDArray[np.int64]) -> Path:
    """Return where this very run, and no other, keeps its state."""
    digest = hashlib.sha256(corpora.tobytes())
    for images, classes in subsets.values():
        digest.update(images.tobytes() + classes.tobytes())
    digest.update(json.dumps(params.train.model_dump(), sort_keys=True).encode())
    digest.update(Path(__file__).read_bytes())
    for module in ("model/network", "training/loop", "training/augment"):
        digest.update((Path(__file__).parent / "spoken_digits" / f"{module}.py").read_bytes())
    return CHECKPOINTS / f"train-{digest.hexdigest()[:16]}.pt"


if __name__ == "__main__":
    run_script(main)
