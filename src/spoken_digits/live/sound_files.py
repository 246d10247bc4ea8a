"""Recordings in files, one word each: which word each one is."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.evaluation.metrics import wilson
from spoken_digits.export.inference import Model
from spoken_digits.files import shown
from spoken_digits.live.decision import Verdict, recognise_word
from spoken_digits.recording import Recording, RecordingNameError, parse_stem
from spoken_digits.sound.containers import Notice
from spoken_digits.sound.decode import (
    Reader,
    RecordingError,
    TooLongError,
    open_sound,
    print_notice,
    waveform,
)
from spoken_digits.sound.file_names import SUFFIXES, search
from spoken_digits.sound.resample import ResampleError

LONGEST_FILE_S = 10.0
"""A longer file is not one word with some silence, s."""
_NAMED = 5  # files that are passed over


class Heard(NamedTuple):
    """A file and what was heard in it, or why nothing could be."""

    path: Path
    verdict: Verdict | None
    error: str = ""
    several: str = ""
    """The words in it, if it seems to hold several."""


def find_files(paths: list[Path], notice: Notice) -> list[Path]:
    """Return the files named, and all recordings below the directories named, in order.

    A file that is not there is returned too: reading it says so, and the others are still done.
    What looks like sound in a directory and is not taken is counted and named to ``notice``. Raises
    RecordingError for a directory without a recording.
    """
    paths_found = []
    for path in paths:
        if not path.is_dir():
            paths_found.append(path)
            continue
        found = search(path)
        if found.passed_over:
            notice(_passed_over(path, found.passed_over))
        if not found.recordings:
            raise RecordingError(f"{shown(path)}: no sound file in it ({', '.join(SUFFIXES)})")
        paths_found += [path / name for name in found.recordings]
    return paths_found


def recognise_files(
    model: Model,
    files: list[Path],
    reject: float,
    several: Callable[[NDArray[np.float32]], str] | None = None,
) -> Iterator[Heard]:
    """Say of each file which word is spoken in it. A bad file does not stop the others.

    ``several`` says which words a waveform holds if it seems to hold several, and otherwise "".
    """
    for path in tqdm(files, unit="file", disable=len(files) < 2 or not sys.stderr.isatty()):
        try:
            word = read_word(path)
        except RecordingError as error:
            yield Heard(path, None, str(error))
            continue
        words = several(word) if several else ""
        yield Heard(path, recognise_word(model, word, reject), several=words)


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


def read_word(path: Path, notice: Notice = print_notice) -> NDArray[np.float32]:
    """Read a file of one word: its waveform (n,) at 16 kHz, mono, -1..1.

    Calls ``notice`` as decode does. Raises RecordingError if it cannot be read or decoded, or lasts
    longer than LONGEST_FILE_S.
    """
    try:
        with open_sound(path) as file:
            reader = Reader(file, shown(path), notice, LONGEST_FILE_S)
            return waveform(reader.samples(), reader.rate).astype(np.float32)
    except TooLongError as error:
        raise RecordingError(f"{error}. To hear all the words in it: --string") from None
    except ResampleError as error:
        raise RecordingError(f"{shown(path)}: {error}") from None


def _passed_over(directory: Path, names: Mapping[str, str]) -> str:
    lines = [f"{shown(directory)}: {len(names)} that may be sound are not heard:"]
    lines += [f"  {shown(name)}: {reason}" for name, reason in sorted(names.items())[:_NAMED]]
    if len(names) > _NAMED:
        lines.append(f"  ... and {len(names) - _NAMED} more")
    return "\n".join(lines)


def _recording(path: Path) -> Recording | None:
    try:
        return parse_stem("folder", path.stem, path.name)
    except RecordingNameError:
        return None
