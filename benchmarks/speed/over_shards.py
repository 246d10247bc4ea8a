"""What the comparisons share: plain zipfile, Pillow and joblib from shards to shards of PNGs."""

import argparse
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

TakePicture = Callable[[bytes], NDArray[np.uint8]]


def run(
    description: str | None, option: str, meaning: str, start: Callable[[bool], TakePicture]
) -> None:
    """Run a comparison as a script: a shard a task, one thread a process.

    ``option`` is a switch of its own; ``start`` takes it and returns, once a shard, what makes a
    picture of a recording.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("raw", type=Path, help="directory of <corpus>/<shard>.zip")
    parser.add_argument("target", type=Path, help="directory to write to")
    parser.add_argument("--workers", type=int, default=joblib.cpu_count())
    parser.add_argument(option, dest="option", action="store_true", help=meaning)
    arguments = parser.parse_args()
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        counts = joblib.Parallel(n_jobs=arguments.workers)(
            joblib.delayed(_convert)(
                shard,
                arguments.target / shard.relative_to(arguments.raw),
                start,
                arguments.option,
            )
            for shard in sorted(arguments.raw.glob("*/*.zip"))
        )
    print(f"{sum(counts)} clips")


def _convert(shard: Path, target: Path, start: Callable[[bool], TakePicture], option: bool) -> int:
    take = start(option)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(shard) as recordings, zipfile.ZipFile(target, "w") as pictures:
        names = recordings.namelist()
        for name in names:
            picture = take(recordings.read(name))
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "PNG", compress_level=0)
            pictures.writestr(name.replace(".wav", ".png"), buffer.getvalue())
    return len(names)
