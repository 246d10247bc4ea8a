"""How well an exported model hears recordings, clean, in noise and through a telephone."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.errors import UserError
from spoken_digits.evaluation import degrade, metrics
from spoken_digits.evaluation.predictions import Prediction, most_probable
from spoken_digits.evaluation.reported_metrics import summarise
from spoken_digits.evaluation.robustness import drawn_evenly
from spoken_digits.export.inference import Model
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE, SECOND
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.sound.one_second import one_second

COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0, "blue": -1.0}
"""Noises by how their power falls with frequency: f to the power of minus this."""
SNRS_DB = (10, 0)
DEGRADED = 300
"""Recordings, at most, that are heard in noise: all of FSDD's official test."""
SEED = 0

_BLOCK = 64  # recordings in memory at once


def corpora_of(model: Model) -> list[str]:
    """Return the corpora that a model's metadata says it was trained on.

    Raises UserError if it says nothing of them.
    """
    try:
        return list(json.loads(model.session.get_modelmeta().custom_metadata_map["corpora"]))
    except (KeyError, ValueError, TypeError):
        raise UserError(
            f"{model.path}: does not say what it was trained on, so what it never heard is not "
            "known. Make it anew: dvc repro export"
        ) from None


def hear(
    model: Model, root: Path, recordings: Sequence[Recording]
) -> tuple[list[Prediction], NDArray[np.float32]]:
    """Return what a model hears in recordings, and its (n, classes) probabilities, in their order.

    Raises ShardError if a recording is in no shard under ``root``.
    """
    contents = read_recordings(root, recordings)
    likely = np.empty((len(recordings), len(model.labels) + 1), np.float32)
    with tqdm(desc=str(model.path), total=len(recordings), unit="clip", disable=None) as bar:
        for start in range(0, len(recordings), _BLOCK):
            block = [_second(content) for content in contents[start : start + _BLOCK]]
            likely[start : start + _BLOCK] = model.probabilities(np.stack(block).astype(np.float32))
            bar.update(len(block))
    return most_probable(recordings, likely, model.labels, map(crc32, contents)), likely


def measure(
    model: Model, root: Path, recordings: Sequence[Recording], reject: float
) -> dict[str, Any]:
    """Return the metrics of a model on recordings, and ``degraded``'s.

    ``recordings`` hold the model's words, and others if rejection is to be measured; ``reject`` is
    live.reject.
    """
    summary = summarise(*hear(model, root, recordings), model.labels, reject)
    summary["rejection"][f"{model.noun}s"] = summary["n"]
    words = [recording for recording in recordings if recording.is_word]
    sample = drawn_evenly(words, DEGRADED, SEED, lambda one: (one.corpus, one.label))
    return summary | {"degraded": degraded(model, root, sample)}


def degraded(model: Model, root: Path, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Return accuracy, its 95% interval and n for words under each condition.

    ``noise_<dB>`` is over all colours: n counts every recording once a colour, so its interval is
    narrower than the recordings alone allow, and none is given.
    """
    correct: dict[str, int] = defaultdict(int)
    contents = read_recordings(root, recordings)
    for recording, content in zip(
        tqdm(recordings, desc="in noise", unit="clip", disable=None), contents, strict=True
    ):
        rng = np.random.default_rng([SEED, crc32(str(recording).encode())])
        heard = dict(_conditions(_second(content), rng))
        likely = model.probabilities(np.stack(list(heard.values())).astype(np.float32))
        words = likely[:, : len(model.labels)].argmax(axis=1)
        for condition, word in zip(heard, words, strict=True):
            correct[condition] += int(model.labels[word] == recording.label)
    asked = len(recordings)
    table: dict[str, Any] = {
        condition: {"accuracy": count / asked, **_interval(count, asked), "n": asked}
        for condition, count in correct.items()
    }
    for snr in SNRS_DB:
        count = sum(correct[f"{colour}_{snr}"] for colour in COLOURS)
        n = asked * len(COLOURS)
        table[f"noise_{snr}"] = {"accuracy": count / n, "n": n}
    return table


def coloured_noise(rng: np.random.Generator, slope: float) -> degrade.Waveform:
    """Return a second of noise whose power goes with frequency to the power of -slope, from 20 Hz.

    (16000,), of any loudness.
    """
    spectrum = scipy.fft.rfft(rng.standard_normal(SECOND))
    hz = scipy.fft.rfftfreq(SECOND, 1 / SAMPLE_RATE)
    gain = np.where(hz >= 20, np.maximum(hz, 20) ** (-slope / 2), 0)
    noise: degrade.Waveform = scipy.fft.irfft(spectrum * gain, SECOND)
    return noise


def _conditions(
    second: degrade.Waveform, rng: np.random.Generator
) -> Iterator[tuple[str, degrade.Waveform]]:
    for colour, slope in COLOURS.items():
        noise = coloured_noise(rng, slope)
        for snr in SNRS_DB:
            yield f"{colour}_{snr}", degrade.add_noise(second, noise, snr)
    yield "telephone", degrade.telephone(second)


def _interval(correct: int, n: int) -> dict[str, float]:
    low, high = metrics.wilson(correct, n)
    return {"accuracy_low": low, "accuracy_high": high}


def _second(content: bytes) -> degrade.Waveform:
    return one_second(waveform(*read_wav(content)))
