"""Several channels become one: their mean, or the strongest where the mean cancels the sound."""

import numpy as np
from numpy.typing import NDArray

CANCELLED = 0.25  # 6 dB
AS_STRONG = 0.99  # of equal channels the first, whatever the last bits of their powers are


class Mixer:
    """Adds up how strong a sound's channels and their mean are, and mixes by that.

    Channels of a cable that is wired the wrong way round, ``[x, -x]``, cancel each other. The mean
    is given up where it has less than a quarter of the power that it would have if the channels
    had nothing to do with each other.
    """

    def __init__(self, channels: int) -> None:
        self._n = 0
        self._sums = np.zeros(channels + 1)  # of the channels, and of their mean
        self._squares = np.zeros(channels + 1)

    def listen(self, block: NDArray[np.float64]) -> None:
        """Take the next samples, (n, channels)."""
        if block.shape[1] > 1:
            self._n += len(block)
            for index, channel in enumerate((*block.T, block.mean(axis=1))):
                self._sums[index] += channel.sum()
                self._squares[index] += channel @ channel

    def mix(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return samples, (n, channels), as one channel, (n,), by all that was listened to."""
        if block.shape[1] == 1:
            return block[:, 0]
        if self._n:
            means = self._sums / self._n
            powers = np.maximum(self._squares / self._n - means**2, 0)  # a constant is no sound
            unrelated = powers[:-1].sum() / block.shape[1] ** 2
            if powers[-1] < CANCELLED * unrelated:
                strong = powers[:-1] > AS_STRONG * powers[:-1].max()
                return block[:, int(strong.argmax())]
        mean: NDArray[np.float64] = block.mean(axis=1)
        return mean
