"""Files of any length as a stream of sound."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.files import shown
from spoken_digits.live.stream_resampler import Resampler
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import Reader, open_sound

_BLOCK_S = 0.1


def read_blocks(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a sound file's samples at 16 kHz, mono, a tenth of a second at a time.

    Raises RecordingError as Reader does, here or while the samples come.
    """
    with open_sound(path) as file:
        reader = Reader(file, shown(path))
        bar_format = "{desc}: {n:.0f} s {rate_fmt}"
        with tqdm(desc=reader.name, unit=" s", bar_format=bar_format, delay=2, disable=None) as bar:
            for block in blocks_of(reader):
                yield block
                bar.update(_BLOCK_S)


def blocks_of(reader: Reader) -> Iterator[NDArray[np.float32]]:
    """Yield what a reader decodes, at 16 kHz, a tenth of a second at a time."""
    resampler = Resampler(reader.rate)
    for block in reader.mono(max(1, round(reader.rate * _BLOCK_S))):
        yield resampler.feed(block.astype(np.float32))


def quiet() -> Iterator[NDArray[np.float32]]:
    """Yield a second of quiet, so that the end of a file is no end of a word."""
    yield from itertools.repeat(np.zeros(SAMPLE_RATE // 10, np.float32), 10)
