"""The ancestor's recipe on a few clips: hop length 1, 512 mel bands, a matplotlib figure each.

Written anew from its description; one process, as it was. Prints the seconds of each clip, the
first, which also loads and compiles, left out.
"""

import argparse
import io
import time
import zipfile
from pathlib import Path

import librosa
import librosa.display
import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt


def convert(content: bytes, target: Path) -> None:
    samples, rate = librosa.load(io.BytesIO(content), sr=None)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=rate, n_mels=512, n_fft=2048, win_length=1024, hop_length=1
    )
    figure = plt.figure(figsize=(1, 1), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    librosa.display.specshow(librosa.power_to_db(mel, ref=np.max), sr=rate, hop_length=1, ax=axes)
    figure.savefig(target)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shard", type=Path, help="a shard of recordings")
    parser.add_argument("target", type=Path, help="directory to write to")
    parser.add_argument("--clips", type=int, default=5)
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(arguments.shard) as recordings:
        names = recordings.namelist()
        step = max(1, len(names) // arguments.clips)
        for number, name in enumerate(names[:1] + names[::step][: arguments.clips]):
            start = time.perf_counter()
            convert(recordings.read(name), arguments.target / name.replace(".wav", ".png"))
            if number:
                print(f"{time.perf_counter() - start:.3f}", flush=True)


if __name__ == "__main__":
    main()
