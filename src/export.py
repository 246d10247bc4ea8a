"""Stage export: front-end and network as one ONNX graph, checked against the PyTorch model.

Writes models/digits.onnx, all that the live program needs, models/listening.json, with which the
page in web/ listens as that program does, and metrics/export.json: the graph's size and how far it
is from the PyTorch model on real test recordings. A graph that hears another word than the PyTorch
model on any of them is not written.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, predicts=True)

import json

import numpy as np

from spoken_digits.dataset.images import load_images
from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.export import graph
from spoken_digits.export.inference import load_model
from spoken_digits.export.latency import measure_latency
from spoken_digits.files import replacing, write_text
from spoken_digits.live.browser import listening
from spoken_digits.model.network import probabilities, read_about
from spoken_digits.model.vocal_tracts import load_for_listening
from spoken_digits.picture.mel import described
from spoken_digits.recording import FORMAT
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.sound.one_second import one_second

RAW, SPECTROGRAMS, SPLIT = Path("data/raw"), Path("data/spectrograms"), Path("data/split.csv")
MODEL, EXPORTED = Path("models/digits.safetensors"), Path("models/digits.onnx")
LISTENING = Path("models/listening.json")
EVALUATION, METRICS = Path("metrics/evaluate.json"), Path("metrics/export.json")
LATENCY = Path("metrics/latency.json")  # another number every time: no output of the stage
ACCURACY = ("accuracy", "accuracy_low", "accuracy_high", "n")
LARGEST = 500_000  # bytes
CHECKED = 2_000  # test recordings, at most


def main() -> None:
    test = read_split(SPLIT).part("test")
    if not test:
        raise UserError(f"{SPLIT}: no recording in the test subset; see split in params.yaml")
    recordings = test[:: -(-len(test) // CHECKED)]
    sounds = [read_wav(content) for content in read_recordings(RAW, recordings)]
    seconds = np.stack([one_second(waveform(*sound)) for sound in sounds]).astype(np.float32)
    network = load_for_listening(MODEL)
    try:
        evaluation = json.loads(EVALUATION.read_text(encoding="utf-8"))
        accuracy = {key: evaluation[key] for key in ACCURACY}
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise UserError(f"{EVALUATION}: {error}. Make it with: dvc repro evaluate") from None
    trained = read_about(MODEL)
    about = {
        "format": FORMAT,
        "labels": trained["classes"],
        "sample_rate": SAMPLE_RATE,
        "spectrogram": described(params.spectrogram),
        "corpora": trained["corpora"],
        "accuracy": accuracy,
    }
    joined = graph.build(network, params.spectrogram, about)
    with replacing(EXPORTED) as candidate:
        graph.save(joined, candidate)
        exported = load_model(candidate).probabilities(seconds)  # (n, classes)
        ours = probabilities(network, load_images(SPECTROGRAMS, recordings))
        heard = exported[:, :-1].argmax(axis=1)
        differing = np.flatnonzero(heard != ours[:, :-1].argmax(axis=1))
        if len(differing):
            names = ", ".join(str(recordings[i]) for i in differing[:10])
            raise UserError(
                f"the exported graph hears another word than the PyTorch model in "
                f"{len(differing)} of {len(recordings)} test recordings: {names}"
            )
        size = graph.checked_size(candidate, LARGEST)
    metrics = {
        "bytes": size,
        "checked_recordings": len(recordings),
        # A power of ten: the digits beyond it are another processor's.
        "largest_probability_difference": _power_of_ten_above(float(abs(exported - ours).max())),
    }
    write_text(LISTENING, json.dumps(listening(params.live), indent=1) + "\n")
    write_text(METRICS, json.dumps(metrics, indent=2) + "\n")
    write_text(LATENCY, json.dumps(measure_latency(EXPORTED, seconds), indent=2) + "\n")
    print(f"{EXPORTED}: {size} bytes; the same words as PyTorch on {len(recordings)} recordings")


def _power_of_ten_above(value: float) -> float:
    return float(f"1e{int(np.ceil(np.log10(max(value, 1e-9))))}")


if __name__ == "__main__":
    run(main)
