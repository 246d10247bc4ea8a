"""librosa: the same shards to mel spectrograms and PNGs with librosa and Pillow.

A shard a task, one thread a process, librosa.feature.melspectrogram: what its manual leads to. It
makes the mel filters anew for every clip; with --filters-once they are made once a shard.
"""

import argparse
import io
import zipfile
from pathlib import Path

import joblib
import librosa
import numpy as np
import soundfile
from PIL import Image

RATE, SIZE, HOP, WINDOW, N_FFT = 16_000, 100, 160, 400, 512


def convert(shard: Path, target: Path, filters_once: bool) -> int:
    filters = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=SIZE, fmin=20)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(shard) as recordings, zipfile.ZipFile(target, "w") as pictures:
        names = recordings.namelist()
        for name in names:
            samples, rate = soundfile.read(io.BytesIO(recordings.read(name)), dtype="float32")
            waveform = librosa.resample(samples, orig_sr=rate, target_sr=RATE)
            second = librosa.util.fix_length(waveform, size=SIZE * HOP)
            if filters_once:
                spectrum = librosa.stft(second, n_fft=N_FFT, hop_length=HOP, win_length=WINDOW)
                mel = filters @ (np.abs(spectrum[:, :SIZE]) ** 2)
            else:
                mel = librosa.feature.melspectrogram(
                    y=second, sr=RATE, n_fft=N_FFT, hop_length=HOP, win_length=WINDOW,
                    n_mels=SIZE, fmin=20,
                )[:, :SIZE]  # fmt: skip
            decibels = librosa.power_to_db(mel, ref=np.max)  # -80..0
            picture = np.rint((decibels / 80 + 1) * 255).astype(np.uint8)[::-1]
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "PNG", compress_level=0)
            pictures.writestr(name.replace(".wav", ".png"), buffer.getvalue())
    return len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path, help="directory of <corpus>/<shard>.zip")
    parser.add_argument("target", type=Path, help="directory to write to")
    parser.add_argument("--workers", type=int, default=joblib.cpu_count())
    parser.add_argument("--filters-once", action="store_true", help="make mel filters once a shard")
    arguments = parser.parse_args()
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        counts = joblib.Parallel(n_jobs=arguments.workers)(
            joblib.delayed(convert)(
                shard, arguments.target / shard.relative_to(arguments.raw), arguments.filters_once
            )
            for shard in sorted(arguments.raw.glob("*/*.zip"))
        )
    print(f"{sum(counts)} clips")


if __name__ == "__main__":
    main()
