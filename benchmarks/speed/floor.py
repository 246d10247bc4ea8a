"""The floor: read the recordings, transform as many frames, write as many PNGs, and nothing else.

Plain calls of zipfile, scipy.fft and Pillow, a shard a task, one thread a process. With --reuse the
transforms go by numpy.fft into one array, over and over: a plain call's new array each time costs
more in page faults than the transforms themselves.
"""

import argparse
import io
import zipfile
from pathlib import Path

import joblib
import numpy as np
import scipy.fft
from PIL import Image

FRAMES, WINDOW, N_FFT, SIZE = 100, 400, 512, 100


def floor(shard: Path, target: Path, reuse: bool) -> int:
    frames = np.random.default_rng(0).standard_normal((FRAMES, WINDOW))
    padded = np.pad(frames, ((0, 0), (0, N_FFT - WINDOW)))
    spectrum = np.empty((FRAMES, N_FFT // 2 + 1), np.complex128)
    picture = np.zeros((SIZE, SIZE), np.uint8)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(shard) as recordings, zipfile.ZipFile(target, "w") as pictures:
        names = recordings.namelist()
        for name in names:
            recordings.read(name)
            if reuse:
                np.fft.rfft(padded, out=spectrum)
            else:
                scipy.fft.rfft(frames, N_FFT)
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "PNG", compress_level=0)
            pictures.writestr(name.replace(".wav", ".png"), buffer.getvalue())
    return len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path, help="directory of <corpus>/<shard>.zip")
    parser.add_argument("target", type=Path, help="directory to write to")
    parser.add_argument("--workers", type=int, default=joblib.cpu_count())
    parser.add_argument("--reuse", action="store_true", help="transform into one array")
    arguments = parser.parse_args()
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        counts = joblib.Parallel(n_jobs=arguments.workers)(
            joblib.delayed(floor)(
                shard, arguments.target / shard.relative_to(arguments.raw), arguments.reuse
            )
            for shard in sorted(arguments.raw.glob("*/*.zip"))
        )
    print(f"{sum(counts)} clips")


if __name__ == "__main__":
    main()
