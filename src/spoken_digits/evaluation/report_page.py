"""metrics/report.html: what was trained on what, how good it is, and where it fails.

One file: pictures and sounds are inside it, and it needs neither network nor script. It holds
nothing but what its inputs hold - no date, no machine - so the same inputs give the same bytes.
"""

import base64
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import numpy as np
from PIL import Image

from spoken_digits.dataset.images import load_images
from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.dataset.table import SUBSETS, SplitTable
from spoken_digits.errors import UserError
from spoken_digits.evaluation import metrics
from spoken_digits.evaluation.digests import digest
from spoken_digits.evaluation.predictions import Prediction, read_predictions
from spoken_digits.evaluation.reported_metrics import (
    LOST_PERCENT,
    MEANING,
    by_group,
    judged_speakers,
    most_confident_mistakes,
)
from spoken_digits.evaluation.robustness import NOISES, SNRS_DB
from spoken_digits.params import SOURCES, SYNTHETIC, load_params, parse_yaml
from spoken_digits.picture.convert import png
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, wav_bytes, waveform
from spoken_digits.sound.one_second import one_second

SPLIT = Path("data/split.csv")
RAW, SPECTROGRAMS = Path("data/raw"), Path("data/spectrograms")
PREDICTIONS, PLOTS = Path("metrics/predictions.csv"), Path("metrics/plots")
EVALUATION, VALIDATION = Path("metrics/evaluate.json"), Path("metrics/validate.json")
EXPORT = Path("metrics/export.json")
MODEL, WEIGHTS = Path("models/digits.onnx"), Path("models/digits.safetensors")
REQUIREMENTS, PARAMS = Path("requirements.txt"), Path("params.yaml")
FINGERPRINTED = (RAW, SPECTROGRAMS, SPLIT, WEIGHTS, MODEL, EVALUATION, PREDICTIONS)

SHOWN_PARAMS = (
    "vocabulary",
    "voices",
    "corpora",
    "download",
    "spectrogram",
    "split",
    "validate",
    "train",
    "evaluate",
)

MISTAKES = 12  # with a player each: 43 kB of base64 for a second of sound
FAILING = 5  # of each kind of failure that the model card names

CONDITIONS = {
    "telephone": "telephone band, 300-3400 Hz",
    "gain_minus_20": "20 dB softer",
    "gain_plus_20": "20 dB louder, clipping",
    "shift_minus_150": "150 ms earlier",
    "shift_plus_150": "150 ms later",
    "reverberation": "a small room's echo, 0.3 s",
}


class Clip(NamedTuple):
    """A recording to look at and to listen to; picture and sound as data: URLs."""

    prediction: Prediction
    picture: str
    sound: str


def build_report(root: Path) -> str:
    """Return the report on the project in ``root`` as HTML.

    Raises UserError naming what is missing.
    """
    summary = _json(root / EVALUATION)
    predictions = read_predictions(root / PREDICTIONS)
    split = read_split(root / SPLIT)
    params = parse_yaml((root / PARAMS).read_text(encoding="utf-8"))
    vocabulary = load_params(root / PARAMS).words
    shown, are_mistakes = _worst(predictions)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["percent"] = lambda share, places=1: f"{100 * share:.{places}f}%"
    template = (
        resources.files("spoken_digits.evaluation").joinpath("report.html.j2").read_text("utf-8")
    )
    return environment.from_string(template).render(
        metrics=summary,
        word=vocabulary.noun,
        vocabulary=vocabulary,
        validation=_json(root / VALIDATION),
        export=_json(root / EXPORT),
        params=params,
        corpora=_corpora(split),
        synthetic=all(corpus in SYNTHETIC for corpus in split.recordings.by_corpus()[0]),
        subsets=SUBSETS,
        licences=SOURCES,
        noises=NOISES,
        snrs=SNRS_DB,
        conditions=CONDITIONS,
        lost_percent=LOST_PERCENT,
        plot=lambda name: _data_url("image/png", _read(root / PLOTS / name)),
        contact_sheet=_data_url(
            "image/png", _compressed(_read(root / SPECTROGRAMS / "contact-sheet.png"))
        ),
        clips=_clips(root, shown),
        are_mistakes=are_mistakes,
        wrong=sum(one.recording.is_word and not one.correct for one in predictions),
        failing=_failing(predictions, summary),
        flat_metrics=_flat(summary),
        flat_params=_flat({section: params[section] for section in SHOWN_PARAMS}),
        meaning=MEANING,
        versions=_versions(_read(root / REQUIREMENTS).decode()),
        fingerprints={path.as_posix(): digest(root / path) for path in FINGERPRINTED},
    )


def _corpora(split: SplitTable) -> dict[str, dict[str, dict[str, int]]]:
    """Count speakers, words of the vocabulary and others by corpus and subset."""
    corpora, corpus = split.recordings.by_corpus()
    return {
        name: {
            subset: {
                "speakers": len(part.those_who_speak()),
                "words": int(part.is_word.sum()),
                "others": int((~part.is_word).sum()),
            }
            for code, subset in enumerate(SUBSETS)
            for part in [split.recordings[(corpus == number) & (split.subset == code)]]
        }
        for number, name in enumerate(corpora)
    }


def _worst(predictions: Sequence[Prediction]) -> tuple[list[Prediction], bool]:
    """Return the most confident mistakes and True; or the least certain words and False."""
    mistakes = most_confident_mistakes(predictions, MISTAKES)
    if mistakes:
        return mistakes, True
    known = [one for one in predictions if one.recording.is_word]
    return sorted(known, key=lambda one: (one.confidence, str(one.recording)))[:MISTAKES], False


def _clips(root: Path, shown: Sequence[Prediction]) -> list[Clip]:
    """Show each as the network saw and heard it: its picture, and its one second at 16 kHz."""
    recordings = [one.recording for one in shown]
    pictures = load_images(root / SPECTROGRAMS, recordings)  # (n, 100, 100)
    contents = read_recordings(root / RAW, recordings)
    clips = []
    for one, picture, content in zip(shown, pictures, contents, strict=True):
        second = one_second(waveform(*read_wav(content)))
        samples = np.clip(np.rint(second * 32768), -32768, 32767).astype(np.int16)
        sound = wav_bytes(samples, SAMPLE_RATE)
        clips.append(Clip(one, _data_url("image/png", png(picture)), _data_url("audio/wav", sound)))
    return clips


def _failing(predictions: Sequence[Prediction], summary: dict[str, Any]) -> dict[str, list[str]]:
    """Name who and what the model fails for, worst first, ``FAILING`` of each at most.

    A speaker is named if the 95% interval of their accuracy lies below the accuracy of all.
    """
    known = [one for one in predictions if one.recording.is_word]
    speakers = judged_speakers(by_group(known, lambda recording: recording.who))
    below = {
        name: (share, n)
        for name, (share, n) in speakers.items()
        if metrics.wilson(round(share * n), n).high < summary["accuracy"]
    }
    confused = Counter((one.recording.label, one.predicted) for one in known if not one.correct)
    said = Counter(one.recording.label for one in known)
    words: dict[str, list[float]] = {}
    for one in predictions:
        if not one.recording.is_word:
            word = one.recording.label.removeprefix("other-")
            words.setdefault(word, []).append(one.confidence)
    trusted = {word: float(np.mean(of)) for word, of in words.items()}
    return {
        "speakers": [
            f"{name}: {share:.1%} of {n}"
            for name, (share, n) in sorted(below.items(), key=lambda item: (item[1], item[0]))
        ][:FAILING],
        "confusions": [
            f"{label} heard as {heard}: {count} of {said[label]}"
            for (label, heard), count in sorted(
                confused.items(), key=lambda item: (-item[1], item[0])
            )
        ][:FAILING],
        "words": [
            f"{word}: {share:.0%}"
            for word, share in sorted(trusted.items(), key=lambda item: (-item[1], item[0]))
        ][:FAILING],
    }


def _flat(summary: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in summary.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _versions(requirements: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.\[\]-]+)==([^\s;#]+)", requirements, re.MULTILINE))


def _compressed(png: bytes) -> bytes:
    """Pack a PNG tighter: the pipeline's own are uncompressed."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


def _data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not valid JSON ({error}). Make it again: dvc repro") from None
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}). Make it: dvc repro") from None
