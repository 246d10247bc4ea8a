"""Measure models on real recordings that they were not trained on; write metrics/real.json.

The pipeline's model, models/digits.onnx, and the released one hear FSDD, the Speech Commands subset
and AN4, those that have their words, out of CORPUS_MIRROR or the network: clean, in noise of four
colours at 10 and 0 dB, and through a telephone's band. What a model was trained on comes from
models/released/digits.json, or, for the pipeline's, from its metadata and data/split.csv; none of
it is used to test it.

  fsdd                  all 3,000 recordings, for a model that knows none of them
  fsdd_test             takes 0-4, FSDD's official test
  speech_commands       all of the subset, for a model that knows none of it
  speech_commands_test  the released model's held-out speakers
  an4                   all words, for a model that knows none of them
  an4_test              the released model's held-out speakers

  CORPUS_MIRROR=/media/usb make real
  make real ARGS=models/digits.onnx       one model alone
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script
from spoken_digits.export import released

EXPORTED = Path("models/digits.onnx")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "models",
        metavar="MODEL",
        nargs="*",
        type=Path,
        default=[EXPORTED, released.MODEL],
        help=f"default: {EXPORTED} {released.MODEL}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

import yaml

from spoken_digits.corpora import an4, fsdd, speech_commands
from spoken_digits.corpora.registry import can_give, collector
from spoken_digits.dataset.recordings import list_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.evaluation.digests import digest
from spoken_digits.evaluation.real_recordings import SNRS_DB, corpora_of, measure
from spoken_digits.evaluation.reported_metrics import rounded
from spoken_digits.export.inference import Model, load_model
from spoken_digits.files import replacing_folder, write_text
from spoken_digits.kept import cache_directory
from spoken_digits.params import Archive, load_params
from spoken_digits.recording import Recording
from spoken_digits.vocabulary import Vocabulary, digits

SPLIT, LOCK = Path("data/split.csv"), Path("dvc.lock")
METRICS = Path("metrics/real.json")
OFFICIAL_TAKES = range(5)
SUBSET = Archive(archive=released.SUBSET)

HeldOut = Mapping[str, frozenset[str]]
"""By corpus that a model was trained on: the recordings in it that it never saw."""


class Part(NamedTuple):
    """Recordings to test on; ``whole`` is all of a corpus."""

    name: str
    recordings: list[Recording]
    whole: bool


def main() -> None:
    models = [load(path) for path in _arguments().models]
    known = {model.path: held_out(model) for model in models}
    measured = {}
    for model in models:
        root = collect(vocabulary_of(model))
        parts = list(parts_of(root))
        results = dict(measure_all(model, known[model.path], root, parts))
        measured[model.path.as_posix()] = {
            "sha256": released.sha256(model.path.read_bytes()),
            "trained_on": corpora_of(model),
            "corpora": results,
        }
    write_text(METRICS, json.dumps(rounded(measured), indent=2) + "\n")
    print(table(measured))
    print(METRICS)


def load(path: Path) -> Model:
    if path == released.MODEL and not path.is_file():
        raise UserError(f"{path}: no such file. Make it with: make release; or name another model")
    return load_model(path)


def held_out(model: Model) -> dict[str, frozenset[str]]:
    """Return what a model never saw of each corpus that it was trained on.

    Empty where that is not known: the corpus is then not used at all.
    """
    if model.path == released.MODEL:
        tested = released.read_about()["held_out"]
    else:
        tested = {}
        if made_with(model.path, SPLIT):
            for recording in read_split(SPLIT).part("test"):
                tested.setdefault(recording.corpus, []).append(recording.name)
    return {corpus: frozenset(tested.get(corpus, ())) for corpus in corpora_of(model)}


def made_with(model: Path, split: Path) -> bool:
    """Tell whether dvc.lock says that this very split was used to make this very model."""
    try:
        export = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"]["export"]
        listed = {one["path"]: one["md5"] for one in export["deps"] + export["outs"]}
        return all(listed.get(path.as_posix()) == digest(path) for path in (model, split))
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return False


def vocabulary_of(model: Model) -> Vocabulary:
    """Return a model's words, with what is said for each: params.yaml's, or the digits."""
    for vocabulary in (load_params().words, digits()):
        if model.labels == vocabulary.labels:
            return vocabulary
    raise UserError(
        f"{model.path}: recognises {', '.join(model.labels)}, which is neither the vocabulary in "
        "params.yaml nor the digits, so what is said for each is not known"
    )


def collect(vocabulary: Vocabulary) -> Path:
    """Return where the corpora are unpacked, in the cache directory; fetch those that are not."""
    download = load_params().download
    corpora = {
        "fsdd": (download.fsdd, fsdd.SHA256),
        "speech_commands": (SUBSET, speech_commands.SHA256[SUBSET.archive]),
        "an4": (download.an4, digest(an4.PLACES)),
    }
    contents = " ".join(content for _, content in corpora.values())
    place = cache_directory() / "real" / released.sha256(f"{contents} {vocabulary}".encode())[:16]
    for name, (settings, _) in corpora.items():
        if (place / name).is_dir():
            continue
        if not any(can_give(name, word, vocabulary.language) for word in vocabulary.words):
            continue
        with replacing_folder(place / name) as partial:
            for bad in collector(name)(settings, vocabulary, partial):
                print(f"left out: {bad.corpus}: {bad.name}: {bad.reason}", file=sys.stderr)
    return place


def parts_of(root: Path) -> Iterator[Part]:
    """Yield the recordings to test on."""
    of: dict[str, list[Recording]] = defaultdict(list)
    for recording in list_recordings(root).recordings:
        of[recording.corpus].append(recording)
    for corpus, recordings in of.items():
        yield Part(corpus, recordings, whole=True)
        if corpus == "fsdd":
            official = [one for one in recordings if one.take in OFFICIAL_TAKES]
            yield Part("fsdd_test", official, whole=False)
    if released.MODEL.exists():
        for corpus, names in released.read_about()["held_out"].items():
            known = set(names)
            chosen = [one for one in of[corpus] if one.name in known]
            if corpus != "fsdd" and any(one.is_word for one in chosen):  # else of other words
                yield Part(f"{corpus}_test", chosen, whole=False)


def measure_all(
    model: Model, known: HeldOut, root: Path, parts: list[Part]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each part that a model may be tested on, and the results."""
    reject = load_params().live.reject
    for part in parts:
        trained_on = part.recordings[0].corpus in known
        if part.whole and trained_on:
            continue
        recordings = unseen(part.recordings, known)
        if not any(recording.is_word for recording in recordings):
            print(f"{model.path}: {part.name} left out: what it never heard is not known")
            continue
        yield (
            part.name,
            {"seen_and_left_out": len(part.recordings) - len(recordings)}
            | measure(model, root, recordings, reject),
        )


def unseen(recordings: list[Recording], known: HeldOut) -> list[Recording]:
    """Return the recordings that a model never saw."""
    return [one for one in recordings if one.corpus not in known or one.name in known[one.corpus]]


def table(measured: dict[str, Any]) -> str:
    """Return the accuracies in a table: clean, in noise, by telephone; and rejection."""
    columns = ["clean", *(f"{snr} dB" for snr in SNRS_DB), "telephone"]
    lines = []
    for path, about in measured.items():
        lines += [f"{path}, trained on {', '.join(about['trained_on'])}"]
        head = "".join(f"{column:>11}" for column in columns)
        lines += [f"  {'':20}{'n':>7}{head}   95% interval, clean    others accepted (n)"]
        for name, one in about["corpora"].items():
            shares = [
                one["accuracy"],
                *(one["degraded"][f"noise_{snr}"]["accuracy"] for snr in SNRS_DB),
            ]
            shares.append(one["degraded"]["telephone"]["accuracy"])
            rejection = one["rejection"]
            accepted = (
                f"{rejection['accepted_at_5']:.2%} ({rejection['n']})" if rejection["n"] else "-"
            )
            lines.append(
                f"  {name:20}{one['n']:7,}"
                + "".join(f"{share:11.2%}" for share in shares)
                + f"   {one['accuracy_low']:.2%} to {one['accuracy_high']:.2%}{accepted:>23}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    run_script(main)
