"""The exported network that reads numbers, through onnxruntime."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from spoken_digits.export.inference import ModelError, checked_labels, open_session
from spoken_digits.sizes import HOP
from spoken_digits.vocabulary import noun

STEP = 4 * HOP
"""Samples of an output frame: 40 ms."""


@dataclass(frozen=True)
class NumberModel:
    """A loaded network that reads numbers."""

    path: Path
    session: onnxruntime.InferenceSession
    labels: tuple[str, ...]
    """In the order of its outputs, before the blank."""
    ahead: int
    """Samples from an output frame's beginning on, on which it may depend."""

    @property
    def noun(self) -> str:
        """What one of its words is called, "digit" or "word"."""
        return noun(self.labels)

    def log_probabilities(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n / STEP, labels + 1), the blank last, of n samples at 16 kHz.

        n is a multiple of STEP, two at least.
        """
        (found,) = self.session.run(["log_probabilities"], {"waveform": waveform[None]})
        only: NDArray[np.float32] = found[0]
        return only

    def read(self, sound: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return log-probabilities, (t, labels + 1), of a sound of any length at 16 kHz.

        It is read with as much silence after it as the network looks ahead.
        """
        frames = -(-len(sound) // STEP) + -(-self.ahead // STEP)
        return self.log_probabilities(
            np.pad(sound, (0, frames * STEP - len(sound))).astype(np.float32)
        )


def load_number_model(path: Path, threads: int = 1) -> NumberModel:
    """Load a model that the stage export_sequence wrote.

    Raises ModelError if it is missing, cannot be read, or is another model.
    """
    session = open_session(path, threads)
    metadata = session.get_modelmeta().custom_metadata_map
    labels = checked_labels(path, metadata)
    try:
        model = NumberModel(path, session, labels, int(metadata["ahead"]))
        silence = model.log_probabilities(np.zeros(8 * STEP, np.float32))
    except Exception as error:
        raise ModelError(
            f"{path}: not a model that reads numbers ({str(error).splitlines()[0]})"
        ) from None
    if silence.shape != (8, len(labels) + 1):
        raise ModelError(f"{path}: gives {silence.shape}, not {(8, len(labels) + 1)}")
    return model
