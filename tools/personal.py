"""Adapt the released model to your voice, with a few recordings of yours.

Trains the released model further in an experiment of its own, away from the working tree, on your
recordings and on those that it was trained on. The last third of your takes of each word is held
out. On these, and on the test recordings of everybody else, the released and the new model are then
compared. A model that recognises you or the others worse is refused. Otherwise models/personal.onnx
is written.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script
from spoken_digits.export import released

HELP = """
  python src/record.py --speaker anna --takes 10        record yourself, into recordings/
  make personal ARGS='--recordings recordings'          then this: about five minutes on two cores
  python src/predict_live.py --model models/personal.onnx

DIR holds <label>_<speaker>_<take>.wav (or .flac, .ogg, .mp3), at any sample rate, two takes or
more of every word. The corpora's archives come from CORPUS_MIRROR, a folder or a base URL, or from
the network, but for the subset of Speech Commands, which is not there. FSDD's has 16 MB:

  make personal ARGS='--recordings recordings --corpora espeak,pico,fsdd'

Exits with 0 if the model was written, and 1, an earlier models/personal.onnx untouched, if not.
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        required=True,
        help="the folder of your recordings",
    )
    known = released.PARAMS["corpora"]
    parser.add_argument(
        "--corpora",
        metavar="A,B",
        type=lambda text: text.split(","),
        default=known,
        help=f"of those that the released model was trained on; default: {','.join(known)}",
    )
    options = parser.parse_args()
    if strange := sorted({*options.corpora} - {*known}):
        parser.error(
            f"--corpora: the released model was not trained on {', '.join(strange)}, but on "
            f"{', '.join(known)}"
        )
    return options


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

from spoken_digits.corpora import folder
from spoken_digits.dataset.recordings import list_recordings
from spoken_digits.dataset.split import OWN
from spoken_digits.dataset.split_file import read_split
from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.evaluation.real_recordings import hear
from spoken_digits.export.inference import Model, load_model
from spoken_digits.files import replacing
from spoken_digits.live.decision import decide
from spoken_digits.params import Folder, load_params
from spoken_digits.recording import Recording
from spoken_digits.training import start_from
from spoken_digits.vocabulary import Vocabulary

PERSONAL = Path("models/personal.onnx")
EXPORTED, RAW, SPLIT = Path("models/digits.onnx"), Path("data/raw"), Path("data/split.csv")
LISTED = 10


class PersonalError(UserError):
    """Recordings that no personal model can be made of, or a model that is not kept."""


class Score(NamedTuple):
    """How many of n words are recognised: as the likeliest word, and as the program decides."""

    n: int
    right: int
    claimed: int
    """Right, and likely enough to be claimed (live.reject)."""
    wrong: int
    """Claimed to be another word."""


def main() -> None:
    options = _arguments()
    directory = options.recordings
    params = load_params()
    released.read_about()
    start_from.check_start(released.WEIGHTS, params.words, params.spectrogram)
    recordings = read_own(directory, params.words)
    check(directory, recordings, params.words)
    try:
        name = experiments.run_next("personal", overrides(directory, options.corpora))
    except experiments.ExperimentError as error:
        raise PersonalError(
            f"{error}. If an archive cannot be had, leave its corpus out: "
            f"--corpora espeak,pico,fsdd. {kept()}"
        ) from None
    commit = experiments.resolve(name)
    with tempfile.TemporaryDirectory(prefix="personal-") as temporary:
        place = Path(temporary)
        experiments.fetch(commit, place, (str(SPLIT), str(RAW)))
        candidate = place / EXPORTED.name
        candidate.write_bytes(experiments.read(commit, EXPORTED.as_posix()))
        test = read_split(place / SPLIT).part("test")
        own = [one for one in test if one.corpus == OWN and one.is_word]
        others = [one for one in test if one.corpus != OWN and one.is_word]
        before, after = (
            [score(model, place / RAW, who, params.live.reject) for who in (own, others)]
            for model in (load_model(released.MODEL), load_model(candidate))
        )
        print(table(before, after, params.live.reject))
        print(f"everybody else: test recordings of {', '.join(sorted({o.corpus for o in others}))}")
        if why := refusal(before, after):
            raise PersonalError(f"refused: {why}. {kept()}")
        with replacing(PERSONAL) as partial:
            partial.write_bytes(candidate.read_bytes())
    print(
        f"{PERSONAL} is {name}'s. To use it: python src/predict_live.py --model {PERSONAL}, or set "
        f"live.model: {PERSONAL} in params.yaml"
    )


def read_own(directory: Path, words: Vocabulary) -> list[Recording]:
    """Return the recordings in a folder, read as the download stage reads them.

    Raises PersonalError if there are none, or if one is not named as it should be or not a sound.
    """
    if not directory.is_dir():
        raise PersonalError(f"{directory}: no such folder. {how_to_record(directory)}")
    with tempfile.TemporaryDirectory(prefix="personal-") as temporary:
        packed = Path(temporary) / OWN
        bad = folder.collect(Folder(path=str(directory)), words, packed)
        if bad:
            shown = "; ".join(f"{one.name}: {one.reason}" for one in bad[:LISTED])
            more = f"; and {len(bad) - LISTED} more" if len(bad) > LISTED else ""
            raise PersonalError(f"{directory}: bad recordings: {shown}{more}. Mend or remove them")
        return list(list_recordings(Path(temporary)).recordings)


def check(directory: Path, recordings: Sequence[Recording], words: Vocabulary) -> None:
    """Print what is trained on and what is held out.

    Raises PersonalError if a speaker lacks a word, or has one take of it only.
    """
    takes = Counter((one.speaker, one.label) for one in recordings if one.is_word)
    for speaker in sorted({one.speaker for one in recordings}):
        missing = [label for label in words.labels if not takes[speaker, label]]
        if missing:
            raise PersonalError(
                f"{directory}: {speaker} never says {', '.join(missing)}, and every {words.noun} "
                f"of the vocabulary is needed. {how_to_record(directory, speaker)}"
            )
        single = [label for label in words.labels if takes[speaker, label] == 1]
        if single:
            raise PersonalError(
                f"{directory}: {speaker} says {', '.join(single)} once only: nothing could be held "
                f"out to measure with. {how_to_record(directory, speaker)}"
            )
        count = sum(takes[speaker, label] for label in words.labels)
        held_out = sum(round(takes[speaker, label] / 3) for label in words.labels)
        print(
            f"{speaker}: {count} recordings, of which {held_out} are held out, the last third of "
            f"the takes of each {words.noun}",
            file=sys.stderr,
        )


def how_to_record(directory: Path, speaker: str = "NAME") -> str:
    """Return a sentence that says how to record more."""
    return f"Record more: python src/record.py --speaker {speaker} --takes 10 --output {directory}"


def overrides(directory: Path, corpora: Sequence[str]) -> list[str]:
    """Return the experiment's params, as dvc exp run's -S takes them."""
    return released.overrides(
        {
            "corpora": [*corpora, OWN],
            "download.folder.path": str(directory.absolute()),
            "train.start_from": start_from.pinned(released.WEIGHTS),
        }
        | {f"train.{key}": value for key, value in start_from.SETTINGS.items()}
    )


def score(model: Model, root: Path, recordings: Sequence[Recording], reject: float) -> Score:
    """Let a model recognise recordings of words."""
    heard, likely = hear(model, root, recordings)
    claims = [
        decide(model.labels, row, reject, level_dbfs=0.0, seconds=1.0).label for row in likely
    ]
    right = [claim == one.label for claim, one in zip(claims, recordings, strict=True)]
    return Score(
        n=len(recordings),
        right=sum(one.correct for one in heard),
        claimed=sum(right),
        wrong=sum(claim is not None for claim in claims) - sum(right),
    )


def refusal(before: Sequence[Score], after: Sequence[Score]) -> str:
    """Say why the new model is not kept, "" if it is; scores are of oneself and of the others."""
    (own_before, others_before), (own_after, others_after) = before, after
    least = wilson(others_before.right, others_before.n).low
    if others_after.right / others_after.n < least:
        return (
            f"it recognises {others_after.right / others_after.n:.2%} of the others' "
            f"{others_after.n} words, less than {least:.2%}, the lower end of the released model's "
            "95% interval"
        )
    if own_after.right < own_before.right:
        return (
            f"it recognises {own_after.right} of your {own_after.n} held-out words, the released "
            f"model {own_before.right}"
        )
    return ""


def kept() -> str:
    """Say what is left as it was."""
    return f"{PERSONAL} stays as it is" if PERSONAL.exists() else f"No {PERSONAL} is written"


def table(before: Sequence[Score], after: Sequence[Score], reject: float) -> str:
    """Return the scores of oneself and of the others, before and after, with 95% intervals."""
    lines = [
        f"{'words that were never trained on':32}{'n':>6}   {'likeliest word right':28}"
        f"{f'as the program decides ({reject})':32}wrong"
    ]
    for who, *scores in zip(("you", "everybody else"), before, after, strict=True):
        for model, one in zip(("released model", "personal model"), scores, strict=True):
            lines.append(
                f"{f'{who}, {model}':32}{one.n:6,}   {share(one.right, one.n):28}"
                f"{share(one.claimed, one.n):32}{one.wrong / one.n:.2%}"
            )
    return "\n".join(lines)


def share(count: int, n: int) -> str:
    """Return a share and its 95% interval (Wilson)."""
    low, high = wilson(count, n)
    return f"{count / n:.2%} ({low:.2%}-{high:.2%})"


if __name__ == "__main__":
    run_script(main)
