"""A person's own recordings: prompted, checked, played back, and kept under their names."""

import random
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoken_digits.live.decision import LONGEST_WORD_S, loudest_dbfs
from spoken_digits.live.detector import chosen_detector
from spoken_digits.live.endpointer import Endpointer, Utterance
from spoken_digits.live.microphone import Block, DeviceError
from spoken_digits.params import DetectorName
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE

QUIET_DBFS = -40.0
"""A word whose loudest 50 ms is below this is too close to a microphone's noise, dB."""
_CLIPPED = 0.99  # of full scale
_CLIPPED_SAMPLES = 3  # a single one does no harm
_ROOM = SAMPLE_RATE // 10  # kept before and after a word


def wanted(folder: Path, speaker: str, takes: int, labels: Iterable[str]) -> list[Recording]:
    """Return the recordings of ``labels`` that ``speaker`` still lacks, in random order."""
    lacking = [
        recording
        for label in labels
        for take in range(takes)
        if not (folder / (recording := Recording("folder", label, speaker, take)).name).exists()
    ]
    random.shuffle(lacking)
    return lacking


def hear_word(
    blocks: Iterable[Block | DeviceError],
    hangover_ms: int,
    patience_s: float,
    detector: DetectorName = "speech",
) -> Utterance | None:
    """Listen until something is said and ended; None if nothing is for ``patience_s``.

    Raises DeviceError if the microphone goes away.
    """
    endpointer = Endpointer(chosen_detector(detector), hangover_ms)
    began = time.monotonic()
    for block in blocks:
        if isinstance(block, DeviceError):
            raise block
        for utterance in endpointer.feed(block.samples):
            return utterance
        if time.monotonic() - began > patience_s and not endpointer.hearing:
            return None
    return None


def word_of(utterance: Utterance) -> NDArray[np.float32]:
    """Return the utterance's sound, (n,), with 0.1 s of room on both sides."""
    first = max(utterance.start - _ROOM, utterance.offset) - utterance.offset
    return utterance.sound[first : utterance.end + _ROOM - utterance.offset]


def problem(sound: NDArray[np.float32], longest_s: float = LONGEST_WORD_S) -> str:
    """Say what is wrong with a recording of one word, (n,) at 16 kHz; "" if nothing is.

    What sounds for more than ``longest_s`` seconds is too long.
    """
    level = loudest_dbfs(sound)
    seconds = len(sound) / SAMPLE_RATE
    if np.count_nonzero(np.abs(sound) >= _CLIPPED) >= _CLIPPED_SAMPLES:
        return "too loud: it is clipped. Move away or turn the microphone down"
    if level < QUIET_DBFS:
        return f"too quiet: {level:.0f} dBFS. Come nearer or turn the microphone up"
    if seconds - 2 * _ROOM / SAMPLE_RATE > longest_s:
        return f"too long: {seconds:.1f} s. One word at a time, and quiet round it"
    return ""
