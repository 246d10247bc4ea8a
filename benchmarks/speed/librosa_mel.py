"""librosa: the same shards to mel spectrograms and PNGs with librosa and Pillow.

A shard a task, one thread a process, librosa.feature.melspectrogram: what its manual leads to. It
makes the mel filters anew for every clip; with --filters-once they are made once a shard.
"""

import io

import librosa
import numpy as np
import over_shards
import soundfile
from numpy.typing import NDArray

RATE, SIZE, HOP, WINDOW, N_FFT = 16_000, 100, 160, 400, 512


def convert(filters_once: bool) -> over_shards.TakePicture:
    filters = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=SIZE, fmin=20)

    def take(wav: bytes) -> NDArray[np.uint8]:
        samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
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
        picture: NDArray[np.uint8] = np.rint((decibels / 80 + 1) * 255).astype(np.uint8)
        return picture[::-1]

    return take


if __name__ == "__main__":
    over_shards.run(__doc__, "--filters-once", "make mel filters once a shard", convert)
