"""Reading numbers: from a stream as one speaks, and from files of any length."""

import time
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from spoken_digits.live.microphone import Block, DeviceError
from spoken_digits.live.number_output import NumberLines
from spoken_digits.live.number_reader import Number, NumberReader
from spoken_digits.sizes import SAMPLE_RATE


def listen_for_numbers(
    source: Iterable[Block | DeviceError],
    reader: NumberReader,
    lines: NumberLines,
    seconds: float | None = None,
    once: bool = False,
) -> None:
    """Show the numbers in a stream while they are said.

    Stops after ``seconds`` of sound, after the first number if ``once``, or when the stream ends.
    """
    heard = 0
    for block in source:
        if isinstance(block, DeviceError):
            lines.notice(str(block))
            continue
        heard += len(block.samples)
        ended = reader.feed(block.samples)
        for number in ended[:1] if once else ended:
            latency = None
            if block.arrived is not None:
                waited = heard / SAMPLE_RATE - number.end
                latency = (time.monotonic() - block.arrived + waited) * 1000
            lines.number(number, latency)
        if once and ended:
            return
        if lines.grows:
            lines.so_far(reader.so_far())
        if seconds is not None and heard >= seconds * SAMPLE_RATE:
            break
    last = reader.finish()
    for number in last[:1] if once else last:
        lines.number(number, None)


def numbers_in(reader: NumberReader, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Number]:
    """Yield the numbers that are said in blocks of sound at 16 kHz, to their end."""
    for samples in blocks:
        yield from reader.feed(samples)
    yield from reader.finish()
