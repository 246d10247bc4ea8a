"""The floor: read the recordings, transform as many frames, write as many PNGs, and nothing else.

Plain calls of zipfile, scipy.fft and Pillow, a shard a task, one thread a process. With --reuse the
transforms go by numpy.fft into one array, over and over: a plain call's new array each time costs
more in page faults than the transforms themselves.
"""

import numpy as np
import over_shards
import scipy.fft
from numpy.typing import NDArray

FRAMES, WINDOW, N_FFT, SIZE = 100, 400, 512, 100


def floor(reuse: bool) -> over_shards.TakePicture:
    frames = np.random.default_rng(0).standard_normal((FRAMES, WINDOW))
    padded = np.pad(frames, ((0, 0), (0, N_FFT - WINDOW)))
    spectrum = np.empty((FRAMES, N_FFT // 2 + 1), np.complex128)
    picture = np.zeros((SIZE, SIZE), np.uint8)

    def take(_: bytes) -> NDArray[np.uint8]:
        if reuse:
            np.fft.rfft(padded, out=spectrum)
        else:
            scipy.fft.rfft(frames, N_FFT)
        return picture

    return take


if __name__ == "__main__":
    over_shards.run(__doc__, "--reuse", "transform into one array", floor)
