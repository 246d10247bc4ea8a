"""Words beside what is no speech: clicks, bursts, offsets and hum, each in the same 140 recordings.

Usage:  PYTHONPATH=src python benchmarks/accuracy/disturbances.py models/digits.onnx

The words are of FSDD's official test (takes 0-4), which the released model was not trained on. Each
is in 3 s of a room's faint noise, from 1.2 s on, its peak at 0.05 of full scale. A word that is
recognised alone, and not any more when it is disturbed, is lost. It counts as the program decides:
a rejection is a loss too.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.corpora import fsdd
from spoken_digits.dataset.recordings import list_recordings, read_recordings
from spoken_digits.errors import run_script
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.evaluation.robustness import drawn_evenly
from spoken_digits.export.inference import Model, load_model
from spoken_digits.live.decision import recognise_word
from spoken_digits.params import load_params
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.vocabulary import digits

Sound = NDArray[np.float64]

WORDS = 140
UNDISTURBED = "nothing"
_SECONDS, _WORD_FROM_S, _EARLY_S = 3.0, 1.2, 0.3
_PEAK, _ROOM = 0.05, 0.0003  # of full scale


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", metavar="MODEL", nargs="+", type=Path)
    models = [load_model(path) for path in parser.parse_args().models]
    reject = load_params().live.reject
    words = collected()
    width = max(map(len, DISTURBANCES))
    print(f"{'':{width}}  " + "  ".join(str(model.path) for model in models))
    found = {
        name: [recognised(model, words, disturb, reject) for model in models]
        for name, disturb in tqdm(DISTURBANCES.items(), leave=False, disable=None)
    }
    for name in DISTURBANCES:
        cells = []
        for before, after in zip(found[UNDISTURBED], found[name], strict=True):
            lost, n = int((before & ~after).sum()), int(before.sum())
            low, high = wilson(lost, n)
            cells.append(
                f"{after.sum():3} right; lost {lost:3} of {n}, {lost / n:6.2%} "
                f"({low:.2%} to {high:.2%})"
            )
        print(f"{name:{width}}  " + "  ".join(cells))


def collected() -> list[tuple[str, Sound]]:
    """Return words as (label, 3 s at 16 kHz)."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder)
        fsdd.collect(load_params().download.fsdd, digits(), raw / "fsdd")
        tested = [one for one in list_recordings(raw).recordings if one.take < 5]
        chosen = drawn_evenly(tested, WORDS, 0, lambda one: (one.label,))
        contents = read_recordings(raw, chosen)
        sounds = [waveform(*read_wav(content)) for content in contents]
    rng = np.random.default_rng(0)
    placed = []
    for recording, sound in zip(chosen, sounds, strict=True):
        whole = rng.normal(0, _ROOM, round(_SECONDS * SAMPLE_RATE))
        start = round(_WORD_FROM_S * SAMPLE_RATE)
        part = sound[: len(whole) - start]
        whole[start : start + len(part)] += part * (_PEAK / np.abs(sound).max())
        placed.append((recording.label, whole))
    return placed


def recognised(
    model: Model,
    words: list[tuple[str, Sound]],
    disturb: Callable[[Sound, np.random.Generator], Sound],
    reject: float,
) -> NDArray[np.bool_]:
    """Return which words a model claims rightly, (n,), when they are disturbed."""
    rng = np.random.default_rng(1)
    return np.array([
        recognise_word(model, disturb(sound.copy(), rng).astype(np.float32), reject).label == label
        for label, sound in words
    ])  # fmt: skip


def click(sound: Sound, _: np.random.Generator) -> Sound:
    """Five samples of full scale before the word."""
    return _clicked(sound, _EARLY_S)


def click_in_word(sound: Sound, rng: np.random.Generator) -> Sound:
    """Five samples of full scale while the word is said."""
    return _clicked(sound, _WORD_FROM_S + rng.uniform(0, 0.3))


def burst(sound: Sound, rng: np.random.Generator) -> Sound:
    """30 ms of white noise at full scale before the word."""
    return _with_burst(sound, _EARLY_S, rng)


def burst_close(sound: Sound, rng: np.random.Generator) -> Sound:
    """The same, 250 ms before the word: both are in its second."""
    return _with_burst(sound, _WORD_FROM_S - 0.25, rng)


def _clicked(sound: Sound, at_s: float) -> Sound:
    start = round(at_s * SAMPLE_RATE)
    sound[start : start + 5] = 1
    return sound


def _with_burst(sound: Sound, at_s: float, rng: np.random.Generator) -> Sound:
    start, length = round(at_s * SAMPLE_RATE), round(0.03 * SAMPLE_RATE)
    sound[start : start + length] += rng.uniform(-1, 1, length)
    return sound


def offset(sound: Sound, _: np.random.Generator) -> Sound:
    """A constant 0.2."""
    return sound + 0.2


def offset_step(sound: Sound, _: np.random.Generator) -> Sound:
    """0.3 for the first 300 ms."""
    sound[: round(0.3 * SAMPLE_RATE)] += 0.3
    return sound


def offset_step_in_word(sound: Sound, _: np.random.Generator) -> Sound:
    """0.3 from 100 ms into the word on."""
    sound[round((_WORD_FROM_S + 0.1) * SAMPLE_RATE) :] += 0.3
    return sound


def hum(hertz: float) -> Callable[[Sound, np.random.Generator], Sound]:
    """Mains hum as loud as the word's peak, with a tenth of it an octave above."""

    def disturb(sound: Sound, rng: np.random.Generator) -> Sound:
        time = np.arange(len(sound)) / SAMPLE_RATE
        phase = rng.uniform(0, 2 * np.pi)
        wave = np.sin(2 * np.pi * hertz * time + phase)
        return sound + _PEAK * (wave + 0.1 * np.sin(4 * np.pi * hertz * time + phase))

    return disturb


DISTURBANCES: dict[str, Callable[[Sound, np.random.Generator], Sound]] = {
    UNDISTURBED: lambda sound, _: sound,
    "click": click,
    "click in the word": click_in_word,
    "burst": burst,
    "burst in the second": burst_close,
    "offset": offset,
    "offset step": offset_step,
    "offset step in the word": offset_step_in_word,
    "hum 50 Hz": hum(50),
    "hum 60 Hz": hum(60),
}


if __name__ == "__main__":
    run_script(main)
