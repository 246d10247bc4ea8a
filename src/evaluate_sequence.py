"""Stage evaluate_sequence: how well numbers of test speakers are read.

Reads the test subset of data/numbers with models/numbers.onnx and writes metrics/numbers.json:
words wrong by kind and whole numbers right, by corpus, clean, in noise and by telephone, said fast
and slowly, and the words that are claimed in other speech. Part of the pipeline of
numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, predicts=True)

import json
from typing import Any

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split import assign
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.evaluation.numbers import (
    Reading,
    as_table,
    by_corpus,
    conditions,
    measure,
    read,
)
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.files import write_text
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.transcripts import read_transcripts

SPLIT, NUMBERS = Path("data/split.csv"), Path("data/numbers")
MODEL, METRICS = Path("models/numbers.onnx"), Path("metrics/numbers.json")


def main() -> None:
    if not MODEL.exists():
        raise UserError(f"{MODEL}: no such model. Make it with: make numbers")
    model = load_number_model(MODEL)
    said = read_transcripts(NUMBERS / "transcripts.csv", model.labels)
    everybody = [*read_split(SPLIT).recordings, *(one.recording for one in said)]
    chosen = set(assign(everybody, (), params.split).part("test"))
    tested = [one for one in said if one.recording in chosen]
    if not tested:
        raise UserError(f"{NUMBERS}: no utterance in the test subset; see split in params.yaml")
    contents = read_recordings(NUMBERS, [one.recording for one in tested])
    sounds = [waveform(*read_wav(content)) for content in contents]

    metrics: dict[str, dict[str, Any]] = {}
    for name, change in conditions(params.evaluate.seed).items():
        readings = [
            Reading(one, read(model, change(sound)), len(sound) / SAMPLE_RATE)
            for one, sound in zip(tested, sounds, strict=True)
        ]
        numbers = [one for one in readings if one.utterance.is_number]
        metrics[name] = measure(readings) if name == "clean" else by_corpus(numbers)
    write_text(METRICS, json.dumps(metrics, indent=2) + "\n")
    print(as_table(metrics))


if __name__ == "__main__":
    run(main)
