"""Stage train_sequence: fit the network that reads numbers.

Begins with the weights of the network of single words, models/digits.safetensors. Joins the single
words of data/raw and the utterances of data/numbers to stretches of speech, anew in each epoch, and
judges by the utterances of validation speakers. Writes models/numbers.safetensors and dvclive's
metrics and curves in metrics/train_sequence/. A killed run goes on from its last epoch. Part of the
pipeline of numbers/dvc.yaml.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

_, params = start(__doc__, trains=True)

import hashlib
import json
from collections.abc import Sequence

from dvclive.live import Live

from spoken_digits.arithmetic import processor
from spoken_digits.dataset.split import assign
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import UserError
from spoken_digits.files import replacing_folder
from spoken_digits.model.network import load_network, save_network
from spoken_digits.picture.mel import described
from spoken_digits.training.calibration import round_to_half
from spoken_digits.training.clips import Clip, read_clips
from spoken_digits.training.sequence_loop import calibrate_blank, fit_sequences
from spoken_digits.training.start_from import StartError, check_start
from spoken_digits.training.stretches import bank
from spoken_digits.transcripts import Utterance, read_transcripts

WORDS = Path("models/digits.safetensors")
RAW, SPLIT, NUMBERS = Path("data/raw"), Path("data/split.csv"), Path("data/numbers")
MODEL, TRAINING = Path("models/numbers.safetensors"), Path("metrics/train_sequence")
CHECKPOINTS = Path(".checkpoints")


def main() -> None:
    try:
        check_start(WORDS, params.words, params.spectrogram)
    except StartError as error:
        raise UserError(f"{error}. Make it again with: dvc repro train") from None
    beginning = load_network(WORDS)
    words = single_words()
    said = utterances("train", "validation")
    phrases = {subset: clips_of(of_subset) for subset, of_subset in said.items()}
    numbers = [
        clip
        for one, clip in zip(said["validation"], phrases["validation"], strict=True)
        if one.is_number
    ]
    for place, subset, clips in (
        (SPLIT, "train", words),
        (NUMBERS, "train", phrases["train"]),
        (NUMBERS, "validation", numbers),
    ):
        if not any(clip.labels for clip in clips):
            raise UserError(
                f"{place}: no {params.words.noun} is said in the {subset} subset; see split and "
                "sequence in params.yaml"
            )
    checkpoint = _checkpoint(words, *phrases.values())
    with (
        replacing_folder(TRAINING) as partial,
        Live(str(partial), dvcyaml=False, save_dvc_exp=False, report=None) as live,
    ):

        def report(metrics: dict[str, float]) -> None:
            for name, value in metrics.items():
                live.log_metric(name, value)
            live.next_step()

        network = fit_sequences(
            bank(words, phrases["train"]),
            phrases["validation"],
            len(params.words.labels),
            params.sequence,
            params.train,
            checkpoint,
            report,
            beginning,
        )
        live.make_summary()
    penalty = calibrate_blank(network, numbers)
    round_to_half(network)
    about = {
        "classes": list(params.words.classes),
        "corpora": list(params.corpora),
        "phrases": list(params.sequence.corpora),
        "spectrogram": described(params.spectrogram),
    }
    save_network(network, MODEL, about)
    checkpoint.unlink(missing_ok=True)
    print(
        f"trained on {len(words)} words and {len(phrases['train'])} utterances; the blank's score "
        f"is {penalty:g} lower; {MODEL}"
    )


def single_words() -> list[Clip]:
    """Return the recordings of the training subset, each with its label or none."""
    number = {label: index for index, label in enumerate(params.words.labels)}
    wanted = {
        recording: (number[recording.label],) if recording.is_word else ()
        for recording in read_split(SPLIT).part("train")
    }
    return read_clips(RAW, wanted, params.spectrogram, trim=True)


def utterances(*subsets: str) -> dict[str, list[Utterance]]:
    """Return what is said in each subset: a speaker is in the one that the split gives to words."""
    said = read_transcripts(NUMBERS / "transcripts.csv", params.words.labels)
    everybody = [*read_split(SPLIT).recordings, *(one.recording for one in said)]
    split = assign(everybody, (), params.split)
    chosen = {subset: set(split.part(subset)) for subset in subsets}
    return {subset: [one for one in said if one.recording in chosen[subset]] for subset in subsets}


def clips_of(said: Sequence[Utterance]) -> list[Clip]:
    """Return utterances as clips, in their order."""
    number = {label: index for index, label in enumerate(params.words.labels)}
    wanted = {one.recording: tuple(number[label] for label in one.labels) for one in said}
    return read_clips(NUMBERS, wanted, params.spectrogram, trim=False)


def _checkpoint(*subsets: Sequence[Clip]) -> Path:
    """Return where this very run, and no other, keeps its state."""
    digest = hashlib.sha256()
    for clips in subsets:
        for clip in clips:
            digest.update(clip.levels.tobytes() + repr(clip[1:]).encode())
    digest.update(WORDS.read_bytes())
    settings = [params.train.model_dump(), params.sequence.model_dump(), processor()]
    digest.update(json.dumps(settings, sort_keys=True).encode())
    package = Path(__file__).parent / "spoken_digits"
    rooms = [*package.glob("model/*.py"), *package.glob("training/*.py")]
    for module in [Path(__file__), package / "arithmetic.py", *sorted(rooms)]:
        digest.update(module.read_bytes())
    return CHECKPOINTS / f"train_sequence-{digest.hexdigest()[:16]}.pt"


if __name__ == "__main__":
    run(main)
