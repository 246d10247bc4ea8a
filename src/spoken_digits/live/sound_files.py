"""Recordings in files, one word each: which word each one is."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.evaluation.metrics import wilson
from spoken_digits.export.inference import Model
from spoken_digits.live.decision import Verdict, recognise_word
from spoken_digits.recording import Recording, RecordingNameError, parse_name
from spoken_digits.sound.decode import SUFFIXES, RecordingError, decode, waveform
from spoken_digits.sound.resample import ResampleError

LONGEST_FILE_S = 10.0
"""A longer file is not one word with some silence, s."""


class Heard(NamedTuple):
    """A file and what was heard in it, or why nothing could be."""

    path: Path
    verdict: Verdict | None
    error: str = ""


def find_files(paths: list[Path]) -> list[Path]:
    """Return the files named, and all sound files below the directories named, in order.

    A file that is not there is returned too: reading it says so, and the others are still done.
    Raises RecordingError for a directory without a sound file.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not inside:
            raise RecordingError(f"{path}: no sound file in it ({', '.join(SUFFIXES)})")
        found += inside
    return found


def recognise_files(model: Model, files: list[Path], reject: float) -> Iterator[Heard]:
    """Say of each file which word is spoken in it. A bad file does not stop the others."""
    for path in tqdm(files, unit="file", disable=len(files) < 2 or not sys.stderr.isatty()):
        try:
            yield Heard(path, recognise_word(model, read_word(path), reject))
        except RecordingError as error:
            yield Heard(path, None, str(error))


def summary(results: list[Heard], model: Model) -> list[str]:
    """Count what was right, in lines of text, where the files' names say what is spoken.

    Empty if no name does.
    """
    named = [(_recording(heard.path), heard.verdict) for heard in results]
    known = [(one.label, verdict) for one, verdict in named if one and verdict]
    words = [(label, verdict) for label, verdict in known if label in model.labels]
    others = [verdict for label, verdict in known if label not in model.labels]
    lines = []
    if words:
        right = sum(label == verdict.label for label, verdict in words)
        refused = sum(verdict.label is None for _, verdict in words)
        low, high = wilson(right, len(words))
        lines.append(
            f"{model.noun}s: {right} of {len(words)} right, {right / len(words):.2%} "
            f"(95% interval {low:.2%} to {high:.2%}); "
            f"{len(words) - right - refused} taken for another {model.noun}, {refused} for none"
        )
    if others:
        claimed = sum(verdict.label is not None for verdict in others)
        lines.append(f"other words: {claimed} of {len(others)} taken for a {model.noun}")
    return lines


def read_word(path: Path) -> NDArray[np.float32]:
    """Read a file of one word: its waveform (n,) at 16 kHz, mono, -1..1.

    Raises RecordingError if it cannot be read or decoded, or lasts longer than LONGEST_FILE_S.
    """
    try:
        if path.is_dir():
            raise RecordingError(f"{path}: a directory")
        _check_length(path)
        samples, rate = decode(path.read_bytes(), str(path))
        return waveform(samples, rate).astype(np.float32)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ResampleError as error:
        raise RecordingError(f"{path}: {error}") from None


def _check_length(path: Path) -> None:
    """Refuse a long file by its header, before hours of sound are read."""
    try:
        seconds = soundfile.info(path).duration
    except (soundfile.LibsndfileError, RuntimeError):
        return  # decoding says what is wrong with it
    if seconds > LONGEST_FILE_S:
        raise RecordingError(
            f"{path}: {_clock(seconds)} long, so not one word (at most {LONGEST_FILE_S:.0f} s). "
            "To hear all the words in it: --string"
        )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def _recording(path: Path) -> Recording | None:
    try:
        return parse_name("folder", f"{path.stem}.wav")
    except RecordingNameError:
        return None
