"""Stage evaluate_sequence: how well numbers of test speakers are read.

Reads the test subset of data/numbers with models/numbers.onnx and writes metrics/numbers.json:
words wrong by kind, whole numbers right, by corpus, in noise and by telephone, said fast and
slowly, and the words that are claimed in other speech. Part of the pipeline of numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, predicts=True)

import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split import assign
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.evaluation.numbers import Reading, conditions, read, scores
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.files import write_text
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.transcripts import Utterance, read_transcripts

SPLIT, NUMBERS = Path("data/split.csv"), Path("data/numbers")
MODEL, METRICS = Path("models/numbers.onnx"), Path("metrics/numbers.json")


def main() -> None:
    model = load_number_model(MODEL)
    said = read_transcripts(NUMBERS / "transcripts.csv")
    subsets = assign([*read_split(SPLIT), *(one.recording for one in said)], (), params.split)
    tested = [one for one in said if subsets[one.recording] == "test"]
    if not tested:
        raise UserError(f"{NUMBERS}: no utterance in the test subset; see split in params.yaml")
    contents = read_recordings(NUMBERS, [one.recording for one in tested])
    sounds = [waveform(*read_wav(content)) for content in contents]

    def readings(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> list[Reading]:
        return [
            Reading(one, read(model, change(sound)), len(sound) / SAMPLE_RATE)
            for one, sound in zip(tested, sounds, strict=True)
        ]

    metrics: dict[str, object] = {}
    for name, change in conditions(params.evaluate.seed).items():
        found = readings(change)
        numbers = [one for one in found if one.is_number]
        metrics[name] = {
            corpus: scores([one for one in numbers if one.utterance.corpus == corpus])
            for corpus in params.sequence.corpora
        }
        if name == "clean":
            metrics["fast"] = _of([one for one in numbers if one.is_fast])
            metrics["slow"] = _of([one for one in numbers if not one.is_fast])
            mixed = [one for one in found if one.utterance.labels and not one.is_number]
            metrics["with_other_words"] = _of(mixed)
            metrics["other_speech"] = _claimed([one for one in found if not one.utterance.labels])
    write_text(METRICS, json.dumps(metrics, indent=2) + "\n")
    print(f"{METRICS}: {len(tested)} utterances")


def _of(readings: list[Reading]) -> dict[str, float | int]:
    return scores(readings) if readings else {}


def _claimed(readings: list[Reading]) -> dict[str, float | int]:
    said: list[Utterance] = [one.utterance for one in readings]
    return {
        "utterances": len(said),
        "other_words": sum(len(one.said) for one in said),
        "claimed": sum(len(one.read) for one in readings),
    }


if __name__ == "__main__":
    run(main)
