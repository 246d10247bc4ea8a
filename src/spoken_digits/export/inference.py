"""The exported model: one second of waveform in, probabilities out, through onnxruntime.

Needs neither torch nor SciPy, so that the live program starts within a second.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.recording import FORMAT
from spoken_digits.sizes import SAMPLE_RATE, SECOND
from spoken_digits.vocabulary import OTHER, noun

_BATCH = 64  # seconds a run: more is no faster and takes more memory
_SILENT = 4  # onnxruntime's fatal: what is wrong is said in our own words

onnxruntime.set_default_logger_severity(_SILENT)


class ModelError(UserError):
    """A model file that is missing, damaged, or not this program's."""

    exit_code = 3


@dataclass(frozen=True)
class Model:
    """A loaded model and where it comes from."""

    path: Path
    session: onnxruntime.InferenceSession
    labels: tuple[str, ...]
    """Of the words that it recognises, in the order of its probabilities."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What its probabilities are of: the labels, then all other sound."""
        return (*self.labels, OTHER)

    @property
    def noun(self) -> str:
        """What one of its words is called, "digit" or "word"."""
        return noun(self.labels)

    def probabilities(self, waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the calibrated probability of each of ``classes``, (n, 16000) -> (n, classes).

        A waveform is one second at 16 kHz, -1..1.
        """
        batches = [
            self.session.run(["probabilities"], {"waveform": waveforms[start : start + _BATCH]})[0]
            for start in range(0, len(waveforms), _BATCH)
        ]
        return np.concatenate([np.empty((0, len(self.classes)), np.float32), *batches])

    @property
    def training(self) -> str:
        """Say in a line what it was trained on, and its accuracy on the test subset of that."""
        metadata = self.session.get_modelmeta().custom_metadata_map
        try:
            corpora = " + ".join(json.loads(metadata["corpora"]))
            test = json.loads(metadata["accuracy"])
            share = f"{test['accuracy']:.2%} of {test['n']:,} test {self.noun}s right"
        except (KeyError, ValueError, TypeError):  # the export stage writes both
            return "which does not say what it was trained on"
        return f"trained on {corpora}, {share}"

    @property
    def description(self) -> str:
        """Say in a line which file it is, and what it was trained on."""
        return f"{self.path}, {self.training}"


def load_model(path: Path, threads: int = 1) -> Model:
    """Load a model that the export stage wrote, and hear it say something about silence.

    Raises ModelError if it is missing, cannot be read, or was made by another version.
    """
    session = open_session(path, threads)
    labels = checked_labels(path, session.get_modelmeta().custom_metadata_map)
    silence = np.zeros((1, SECOND), np.float32)
    try:
        (probabilities,) = session.run(["probabilities"], {"waveform": silence})
    except Exception as error:
        raise ModelError(
            f"{path}: not a model of spoken words ({str(error).splitlines()[0]})"
        ) from None
    if probabilities.shape != (1, len(labels) + 1):
        raise ModelError(
            f"{path}: gives {probabilities.shape[-1]} probabilities, not {len(labels) + 1}"
        )
    if not np.isfinite(probabilities).all():
        raise ModelError(
            f"{path}: gives probabilities that are no numbers: its weights are damaged. Fetch it "
            "again with: dvc pull, or make it with: dvc repro"
        )
    return Model(path, session, labels)


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open an ONNX model. Raises ModelError if it is missing or cannot be read."""
    if not path.is_file():
        raise ModelError(
            f"{path}: no such file. Make it with: dvc repro, or fetch it with: dvc pull"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _SILENT
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions have no common base below this
        reason = str(error).rpartition(" : ")[2].strip().rstrip(".") or type(error).__name__
        raise ModelError(
            f"{path}: not an ONNX model that can be read ({reason}). Fetch it again with: "
            "dvc pull, or make it with: dvc repro"
        ) from None
    return session


def checked_labels(path: Path, metadata: dict[str, str]) -> tuple[str, ...]:
    """Return the labels of a model's words. Raises ModelError if it is of another version."""
    found = metadata.get("format")
    if found is None:
        raise ModelError(f"{path}: an ONNX model, but not one of this project (it has no format)")
    if found != FORMAT:
        raise ModelError(
            f"{path}: a model of another version ({found!r}; this program reads {FORMAT!r}). "
            "Make it anew with: dvc repro"
        )
    said = {}
    for key in ("labels", "sample_rate"):
        try:
            said[key] = json.loads(metadata[key])
        except (KeyError, ValueError):
            raise ModelError(f"{path}: its metadata lacks a readable {key!r}") from None
    if said["sample_rate"] != SAMPLE_RATE:
        raise ModelError(
            f"{path}: sample_rate is {said['sample_rate']}, not {SAMPLE_RATE}: a model of "
            "something else"
        )
    classes = said["labels"]
    if not isinstance(classes, list) or len(classes) < 2 or classes[-1] != OTHER:
        raise ModelError(
            f"{path}: labels is {classes}, not words and then {OTHER!r}: a model of something else"
        )
    return tuple(map(str, classes[:-1]))
