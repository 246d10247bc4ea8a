"""Stage train: fit the network to the training subset, judged by the validation subset.

Writes models/digits.safetensors, dvclive's metrics and curves in metrics/train/, and
metrics/trained_on.json: the processor and the versions that trained. The test subset is not read.
A killed run goes on from its last epoch when it is started again with the same data and
parameters. torchrun --nproc-per-node N src/train.py trains in N processes that share each batch.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, trains=True)

import hashlib
import json
from collections.abc import Callable
from functools import partial

import numpy as np
from dvclive.live import Live
from numpy.typing import NDArray

from spoken_digits.arithmetic import processor
from spoken_digits.dataset.images import Images, StoredImages, class_indices, find_images
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.files import replacing_folder, write_text
from spoken_digits.model.network import SpectrogramNet, save_network
from spoken_digits.picture.mel import described
from spoken_digits.sizes import SIZE
from spoken_digits.training.calibration import COLDEST, calibrate, round_to_half
from spoken_digits.training.loop import device_of, fit
from spoken_digits.training.memory import memory_budget
from spoken_digits.training.processes import processes
from spoken_digits.training.start_from import load_start

SPECTROGRAMS, SPLIT = Path("data/spectrograms"), Path("data/split.csv")
MODEL, TRAINING = Path("models/digits.safetensors"), Path("metrics/train")
TRAINED_ON = Path("metrics/trained_on.json")  # another on every machine: no output of the stage
CHECKPOINTS = Path(".checkpoints")  # not an output: DVC removes outputs before a stage runs

Subset = tuple[Images, NDArray[np.int64]]  # images (n, 100, 100), classes (n,)


def main() -> None:
    split = read_split(SPLIT)
    classes = params.words.classes
    start: SpectrogramNet | None = None
    about: dict[str, object] = {}
    if params.train.start_from is not None:
        start, about = load_start(params.train.start_from, params.words, params.spectrogram)
    chosen = {subset: split.part(subset) for subset in ("train", "validation")}
    stored: dict[str, StoredImages] = {}
    numbers: dict[str, NDArray[np.int64]] = {}
    for subset, recordings in chosen.items():
        if not recordings.is_word.any():
            raise UserError(
                f"{SPLIT}: no {params.words.noun} in the {subset} subset; see split in params.yaml"
            )
        stored[subset] = find_images(SPECTROGRAMS, recordings)
        numbers[subset] = class_indices(recordings, classes)
    size = sum(map(len, stored.values())) * SIZE**2  # bytes of all images
    fit_in = size <= memory_budget(params.train.memory)
    subsets: dict[str, Subset] = {
        subset: (images[:] if fit_in else images, numbers[subset])
        for subset, images in stored.items()
    }
    corpora = chosen["train"].by_corpus()[1]
    with processes(device_of(params.train.portable)) as together:
        checkpoint = _checkpoint(stored, numbers, corpora, together.size)
        train = partial(
            fit,
            subsets["train"],
            subsets["validation"],
            corpora,
            len(classes),
            params.train,
            checkpoint,
            network_of=lambda count: start or SpectrogramNet(count),
            processes=together,
        )
        if not together.is_first:
            train(report=lambda _: None)
            return
        if not fit_in:
            print(
                f"{size // 10**6:,} MB of pictures are read from disk batch by batch (train.memory)"
            )
        network, temperature = _train_and_report(train, subsets["validation"])
    round_to_half(network)
    about |= {
        "classes": list(classes),
        "corpora": list(params.corpora),
        "omitted": list(params.train.omit),
        "spectrogram": described(params.spectrogram),
    }
    save_network(network, MODEL, about)
    write_text(TRAINED_ON, json.dumps(processor(), indent=2) + "\n")
    checkpoint.unlink(missing_ok=True)
    if temperature == COLDEST:
        print(
            f"temperature {temperature:.2f}, the lowest allowed: validation has too few mistakes "
            "to calibrate by"
        )
    print(f"trained on {len(subsets['train'][1])} recordings; {MODEL}")


def _train_and_report(
    train: Callable[..., SpectrogramNet], validation: Subset
) -> tuple[SpectrogramNet, float]:
    """Return the trained and calibrated network and its temperature; write metrics/train."""
    with (
        replacing_folder(TRAINING) as building,
        Live(str(building), dvcyaml=False, save_dvc_exp=False, report=None) as live,
    ):

        def report(metrics: dict[str, float]) -> None:
            for name, value in metrics.items():
                live.log_metric(name, value)
            live.next_step()

        network = train(report=report)
        temperature = calibrate(network, *validation)
        live.summary["temperature"] = temperature
        live.make_summary()
    return network, temperature


def _checkpoint(
    stored: dict[str, StoredImages],
    numbers: dict[str, NDArray[np.int64]],
    corpora: NDArray[np.int64],
    count: int,
) -> Path:
    """Return where this very run, in ``count`` processes, and no other, keeps its state.

    Whether images are in memory or on disk does not matter to it.
    """
    digest = hashlib.sha256(corpora.tobytes())
    for subset, images in stored.items():
        digest.update(images.crc32.tobytes() + numbers[subset].tobytes())
    asked = params.train.model_dump(exclude={"memory"})
    settings = [asked, params.words.classes, processor(), count]
    digest.update(json.dumps(settings, sort_keys=True).encode())
    digest.update(Path(__file__).read_bytes())
    package = Path(__file__).parent / "spoken_digits"
    rooms = [*package.glob("model/*.py"), *package.glob("training/*.py")]
    for module in [package / "arithmetic.py", *sorted(rooms)]:
        digest.update(module.read_bytes())
    return CHECKPOINTS / f"train-{digest.hexdigest()[:16]}.pt"


if __name__ == "__main__":
    run(main)
