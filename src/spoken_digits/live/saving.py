"""What was heard, kept as recordings that a user can correct and train on."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoken_digits.files import replacing
from spoken_digits.live.listener import Word
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE

SPEAKER = "live"
"""Who said it, in the names of the files: rename them if several people do."""


def save_word(folder: Path, word: Word) -> Path:
    """Write a word as ``<label>_live_<take>.wav``, or ``other-unknown_live_<take>.wav``.

    Takes are counted on from those that are there.
    """
    path = next_name(folder, word.verdict.label or "other-unknown", SPEAKER)
    write_wav(path, word.sound)
    return path


def write_wav(path: Path, sound: NDArray[np.float32]) -> None:
    """Write a 16 kHz waveform, (n,) in -1..1, as PCM 16-bit, whole or not at all."""
    from spoken_digits.sound.decode import wav_bytes  # only who saves waits for soundfile

    samples = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    with replacing(path) as partial:
        partial.write_bytes(wav_bytes(samples, SAMPLE_RATE))


def next_name(folder: Path, label: str, speaker: str) -> Path:
    """Return the path of this label's and speaker's first take that is not in the folder yet."""
    take = 0
    while (path := folder / Recording("folder", label, speaker, take).name).exists():
        take += 1
    return path
