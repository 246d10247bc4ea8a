"""Stage export_sequence: the network that reads numbers as one ONNX file, checked against PyTorch.

Writes models/numbers.onnx. A file that reads other words than PyTorch in an utterance of the test
subset is not written. Part of the pipeline of numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, predicts=True)

import json

import numpy as np
import torch

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.errors import UserError
from spoken_digits.export import graph, sequence_graph
from spoken_digits.export.sequence_inference import STEP, load_number_model
from spoken_digits.files import replacing
from spoken_digits.model.ctc import best_path
from spoken_digits.model.network import read_about, read_classes
from spoken_digits.model.sequence_network import AHEAD, load_sequence_network
from spoken_digits.picture.mel import described
from spoken_digits.picture.stream import decibels
from spoken_digits.recording import FORMAT
from spoken_digits.sizes import HOP, SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.transcripts import read_transcripts

NUMBERS = Path("data/numbers")
MODEL, EXPORTED = Path("models/numbers.safetensors"), Path("models/numbers.onnx")
LARGEST = 290_000  # bytes: 700,000 with the model of single words
CHECKED = 50  # utterances
WINDOW = 2  # frames: what the analysis window sees beyond its own


def main() -> None:
    if not MODEL.exists():
        raise UserError(f"{MODEL}: no such model. Make it with: make numbers")
    network, trained = load_sequence_network(MODEL), read_about(MODEL)
    made = described(params.spectrogram)
    if trained["spectrogram"] != made:
        raise UserError(
            f"{MODEL}: trained on pictures with {json.dumps(trained['spectrogram'])}; spectrogram "
            f"in params.yaml asks for {json.dumps(made)}. Make it again with: make numbers"
        )
    about = {
        "format": FORMAT,
        "labels": trained["classes"],
        "sample_rate": SAMPLE_RATE,
        "spectrogram": made,
        "corpora": trained["corpora"],
        "phrases": trained["phrases"],
        "ahead": (AHEAD + WINDOW) * HOP,
    }
    stored = sequence_graph.with_weights_of_a_byte(network)
    said = read_transcripts(NUMBERS / "transcripts.csv", read_classes(MODEL)[:-1])
    chosen = [one.recording for one in said[:: -(-len(said) // CHECKED)]]
    with replacing(EXPORTED) as candidate:
        graph.save(sequence_graph.build(network, params.spectrogram, about), candidate)
        model = load_number_model(candidate)
        for recording, content in zip(chosen, read_recordings(NUMBERS, chosen), strict=True):
            sound = waveform(*read_wav(content))
            sound = np.pad(sound, (0, -len(sound) % STEP + STEP))
            theirs = best_path(model.log_probabilities(sound.astype(np.float32)))
            levels = torch.from_numpy(decibels(sound, params.spectrogram))
            with torch.inference_mode():
                ours = best_path(stored(levels[None])[0].numpy())
            if [one.label for one in theirs] != [one.label for one in ours]:
                raise UserError(f"the exported graph reads {recording} otherwise than PyTorch")
        size = graph.checked_size(candidate, LARGEST)
    print(f"{EXPORTED}: {size} bytes; reads {len(chosen)} utterances as PyTorch does")


if __name__ == "__main__":
    run(main)
