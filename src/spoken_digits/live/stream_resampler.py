"""Bring a stream of samples to 16 kHz as it comes, block by block. NumPy only."""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from spoken_digits.sizes import SAMPLE_RATE

TAPS_A_SIDE = 10  # zero crossings of the sinc on each side, and
KAISER_BETA = 5.0  # its window: as in spoken_digits.sound.resample


class Resampler:
    """A polyphase low-pass filter that remembers where it was."""

    def __init__(self, rate: int) -> None:
        self.up = SAMPLE_RATE // gcd(rate, SAMPLE_RATE)
        self.down = rate // gcd(rate, SAMPLE_RATE)
        widest = max(self.up, self.down)
        reach = -(-TAPS_A_SIDE * widest // self.up)  # input samples on each side of an output
        offset = np.arange(-reach, reach + 1)  # (taps,)
        phase = np.arange(self.up)[:, None] / self.up  # (up, 1), where between two input samples
        distance = (offset - phase) * self.up / widest  # (up, taps), in zero crossings
        inside = np.clip(1 - (distance / TAPS_A_SIDE) ** 2, 0, None)
        window = np.i0(KAISER_BETA * np.sqrt(inside)) * (inside > 0)
        taps = np.sinc(distance) * window
        self._filters = taps / taps.sum(axis=1, keepdims=True)  # a constant stays one
        self._pending = np.zeros(reach)  # starts with silence, so that output 0 sits at input 0
        self._position = 0  # of the next output, on the upsampled grid from the pending's start

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take (n,) samples at the source's rate; return those at 16 kHz that are now certain.

        They lag behind by the filter's reach, about half a millisecond.
        """
        if self.up == self.down:
            return samples.astype(np.float32)
        self._pending = np.concatenate([self._pending, samples])
        taps = self._filters.shape[1]
        ready = len(self._pending) - taps + 1  # input positions whose whole surrounding is there
        count = max(0, -(-(ready * self.up - self._position) // self.down))
        position = self._position + np.arange(count) * self.down
        start, phase = np.divmod(position, self.up)
        windows = self._pending[start[:, None] + np.arange(taps)]  # (count, taps)
        output = np.einsum("ij,ij->i", windows, self._filters[phase])
        self._position += count * self.down
        used = min(self._position // self.up, len(self._pending))
        self._pending = self._pending[used:]
        self._position -= used * self.up
        resampled: NDArray[np.float32] = output.astype(np.float32)
        return resampled
