"""The Python interface: load a model once, then ask it about any number of recordings.

::

    import spoken_digits

    model = spoken_digits.load()
    result = model.predict("seven.wav")
    result.label, result.confidence, result.probabilities["7"]

It runs on onnxruntime and needs neither torch nor SciPy.
"""

import warnings
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits import installed
from spoken_digits.errors import UserError
from spoken_digits.export.inference import Model, ModelError, load_model
from spoken_digits.live.decision import Verdict, recognise_word
from spoken_digits.live.messages import say
from spoken_digits.live.sound_files import LONGEST_FILE_S, read_word
from spoken_digits.params import load_params
from spoken_digits.sound.decode import HIGHEST_RATE, LOWEST_RATE, RecordingError, mix, waveform
from spoken_digits.sound.resample import ResampleError, resample

__all__ = ["ModelError", "Recogniser", "RecordingError", "Result", "UserError", "load"]


@dataclass(frozen=True)
class Result:
    """What a recording of one word was taken for. It prints as ``7  98%``, for example."""

    label: str | None
    """The word, a digit "0" to "9" of the released model; None if it is none of the model's."""
    confidence: float
    """The largest probability of a word, 0-1, claimed or not."""
    probabilities: dict[str, float]
    """The probability, 0-1, of each word and of "other"."""
    reason: str
    """Why ``label`` is None; empty otherwise."""
    _text: str = field(repr=False)

    def __str__(self) -> str:
        return self._text


class Recogniser:
    """A model, and how probable a word must be to be claimed."""

    def __init__(self, model: Model, reject: float) -> None:
        self._model = model
        self._reject = reject

    def predict(
        self,
        sound: str | PathLike[str] | NDArray[np.floating[Any]] | NDArray[np.int16],
        sample_rate: int | None = None,
    ) -> Result:
        """Say which word a recording of one is.

        ``sound`` is a file (WAV, FLAC, OGG, MP3 and others), or a waveform, (n,) or (n, channels),
        float in -1..1 or int16, with its ``sample_rate`` in Hz. It lasts 10 s at the most; silence
        around the word does no harm. Raises RecordingError if it cannot be read or holds no sound,
        and TypeError if a waveform has no sample rate, or a file has one. Warns of a file whose
        header is wrong and which is heard all the same.
        """
        if not isinstance(sound, str | PathLike):
            if sample_rate is None:
                raise TypeError("predict: a waveform needs its sample_rate, in Hz")
            word = _at_16_khz(np.asarray(sound), sample_rate)
        elif sample_rate is not None:
            raise TypeError("predict: sample_rate is for a waveform; a file has its own")
        else:
            word = read_word(Path(sound), warnings.warn)
        return _result(self._model, recognise_word(self._model, word, self._reject))

    def __repr__(self) -> str:
        return f"<spoken_digits.Recogniser: {self._model.description}>"


def load(path: str | PathLike[str] | None = None) -> Recogniser:
    """Load the released model, or the model that ``path`` names (models/digits.onnx, for example).

    A word is claimed if it is at least as probable as live.reject says, in the params.yaml that
    the code came with. Raises ModelError if the file is missing or no such model.
    """
    model = load_model(installed.MODEL if path is None else Path(path))
    return Recogniser(model, load_params(installed.PARAMS).live.reject)


def _result(model: Model, verdict: Verdict) -> Result:
    probabilities = dict(zip(model.classes, map(float, verdict.probabilities), strict=True))
    text = say(verdict, model.noun)
    return Result(verdict.label, verdict.confidence, probabilities, verdict.reason, text)


def _at_16_khz(
    sound: NDArray[np.floating[Any]] | NDArray[np.int16], rate: int
) -> NDArray[np.float32]:
    """Check a waveform, (n,) or (n, channels), and bring it to 16 kHz: mono, (m,), -1..1."""
    if sound.ndim not in (1, 2) or sound.size == 0:
        raise RecordingError(
            f"a waveform of shape {sound.shape}; expected (samples,) or (samples, channels)"
        )
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise RecordingError(
            f"a sample rate of {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz can be right"
        )
    if len(sound) > LONGEST_FILE_S * rate:
        raise RecordingError(
            f"a waveform of {len(sound) / rate:.1f} s, so not one word "
            f"(at most {LONGEST_FILE_S:.0f} s)"
        )
    if sound.dtype != np.int16 and not np.issubdtype(sound.dtype, np.floating):
        raise RecordingError(f"a waveform of {sound.dtype}; expected float in -1..1 or int16")
    if not np.isfinite(sound).all():
        raise RecordingError("a waveform with samples that are not finite numbers")
    try:
        if sound.dtype == np.int16 and sound.ndim == 1:
            return waveform(sound.astype(np.int16), rate).astype(np.float32)
        scale = 32768 if sound.dtype == np.int16 else 1
        mono = mix(sound.reshape(len(sound), -1).astype(np.float64)) / scale
        return resample(mono, rate).astype(np.float32)
    except ResampleError as error:
        raise RecordingError(f"a waveform: {error}") from None
