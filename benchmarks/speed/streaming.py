"""Images a second in training: from memory, and from disk with memory for a quarter of them.

    PYTHONPATH=src python benchmarks/speed/streaming.py

Random pictures are generated, and not kept. The two ways take turns; each trains the same epochs in
a process of its own, and both must give the same weights. Files are warm: the system has them in
its own cache as far as that goes.
"""

import argparse
import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from spoken_digits.arithmetic import pin_arithmetic
from spoken_digits.params import load_params

TIMES = 4  # the corpus over the memory
SPEAKERS = 40


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=40_000, help="of the corpus (default: 40000)")
    parser.add_argument("--epochs", type=int, default=2, help="of 6,400 images (default: 2)")
    parser.add_argument("--rounds", type=int, default=5, help="of each way (default: 5)")
    parser.add_argument("--one", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.root is not None:
        print(json.dumps(_train(arguments.root, arguments.images, arguments.epochs, arguments.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), arguments.images)
        little = arguments.images * 10_000 / TIMES / 10**6  # MB
        ratios = []
        for _ in range(arguments.rounds):
            memory, disk = (
                _in_process(Path(folder), arguments.images, arguments.epochs, megabytes)
                for megabytes in (arguments.images / 10, little)
            )
            assert memory["weights"] == disk["weights"]
            ratios.append(disk["rate"] / memory["rate"])
            print(
                f"from memory {memory['rate']:.0f} images/s, {memory['peak']} MB at most; "
                f"from disk {disk['rate']:.0f} images/s, {disk['peak']} MB; {ratios[-1]:.3f}"
            )
    print(f"{statistics.median(ratios):.3f} of the speed, the median of {len(ratios)} rounds")


def make(root: Path, count: int) -> None:
    """Write shards of ``count`` random pictures."""
    import numpy as np

    from spoken_digits.picture.convert import png
    from spoken_digits.shards import write_shard

    chance = np.random.default_rng(0)
    for speaker in range(SPEAKERS):
        recordings = list(_recordings(count))[speaker::SPEAKERS]
        pictures = chance.integers(0, 256, (len(recordings), 100, 100), np.uint8)
        members = [(one.png, png(it)) for one, it in zip(recordings, pictures, strict=True)]
        write_shard(root / f"audiomnist/{speaker:02}.zip", members)


def _recordings(count: int):  # type: ignore[no-untyped-def]
    from spoken_digits.recording import Recording

    return [
        Recording("audiomnist", str(number // SPEAKERS % 10), f"{number % SPEAKERS:02}", number)
        for number in range(count)
    ]


def _in_process(root: Path, images: int, epochs: int, megabytes: float) -> dict[str, float]:
    command = [sys.executable, __file__, "--root", str(root), "--one", str(megabytes)]
    command += ["--images", str(images), "--epochs", str(epochs)]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(shown)
    return found


def _train(root: Path, count: int, epochs: int, megabytes: float) -> dict[str, object]:
    settings = load_params().train.model_copy(update={"epochs": epochs, "memory": megabytes})
    pin_arithmetic(settings.threads)
    import numpy as np

    from spoken_digits.dataset.images import find_images
    from spoken_digits.training.loop import fit
    from spoken_digits.training.memory import memory_budget

    recordings = _recordings(count)
    images = find_images(root, recordings)
    fits = count * 10_000 <= memory_budget(megabytes)
    classes = np.array([int(one.label) for one in recordings])
    validation = images[: SPEAKERS * 10], classes[: SPEAKERS * 10]
    with tempfile.TemporaryDirectory() as state:
        data = images[:] if fits else images
        begin = time.perf_counter()
        network = fit(
            (data, classes),
            validation,
            np.zeros(count, np.int64),
            11,
            settings,
            Path(state) / "run.pt",
            lambda _: None,
        )
        seconds = time.perf_counter() - begin
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.numpy().tobytes())
    return {
        "rate": epochs * settings.epoch_size / seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000,
        "weights": digest.hexdigest(),
    }


if __name__ == "__main__":
    main()
