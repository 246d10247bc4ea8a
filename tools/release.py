"""Train the model that new users get, and promote it if it is no worse than the present one.

Trains it in an experiment of its own, away from the working tree, with the corpora and params of
spoken_digits/export/released.py, or takes one that is trained already. Then the new and the present
model hear the new one's test recordings. A model with a lower accuracy there is refused. Otherwise
models/released is replaced: digits.onnx, the weights digits.safetensors, and digits.json. Commit
them.

  CORPUS_MIRROR=/media/usb make release
  make release ARGS='--from release-1'    an experiment or a commit, without training

Exits with 0 if the model was promoted, and 1, the present model untouched, if not.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--from", dest="revision", metavar="REV", help="promote this experiment or commit"
    )
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

import yaml

from spoken_digits.dataset.split_file import read_split
from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.comparison import Comparison, as_text, compare
from spoken_digits.evaluation.real_recordings import hear
from spoken_digits.evaluation.reported_metrics import rounded
from spoken_digits.export import released
from spoken_digits.export.inference import ModelError, load_model
from spoken_digits.export.released import ABOUT, MODEL, WEIGHTS, ReleaseError, sha256
from spoken_digits.files import replacing
from spoken_digits.params import SYNTHETIC, parse_yaml
from spoken_digits.recording import Recording
from spoken_digits.shards import list_shards

EXPORTED, TRAINED = "models/digits.onnx", "models/digits.safetensors"
RAW, SPLIT = "data/raw", "data/split.csv"
DESCRIBED = ("dvc.lock", "dvc.yaml", "params.yaml", "requirements.txt", "constraints.txt")
METRICS = ("metrics/evaluate.json", "metrics/export.json")
LARGEST = 500_000  # bytes


def main() -> None:
    asked = _arguments().revision
    experiments.check_git()
    revision = asked or experiments.run_next("release", released.overrides())
    commit = experiments.resolve(revision)
    params = parse_yaml(experiments.read(commit, "params.yaml").decode())
    if wrong := released.differing(params):
        raise ReleaseError(f"{revision} is not trained as a release is: {'; '.join(wrong)}")
    model = experiments.read(commit, EXPORTED)
    if len(model) > LARGEST:
        raise ReleaseError(f"{revision}: {EXPORTED} has {len(model):,} bytes, {LARGEST:,} at most")
    with tempfile.TemporaryDirectory(prefix="release-") as temporary:
        place = Path(temporary)
        experiments.fetch(commit, place, (SPLIT, RAW, TRAINED))
        (place / "digits.onnx").write_bytes(model)
        test = read_split(place / SPLIT).part("test")
        comparison = contest(place, test, revision)
        about = describe(commit, place, params, test, comparison)
        weights = (place / TRAINED).read_bytes()
    promote(model, weights, json.dumps(about, indent=1) + "\n")
    print(f"{MODEL} is now {revision}'s ({len(model):,} bytes). Commit it: git add {MODEL.parent}")


def contest(place: Path, test: Sequence[Recording], revision: str) -> Comparison | None:
    """Compare the new and the present model on test recordings; None if there is no present one.

    Raises ReleaseError with the numbers if the new one is worse.
    """
    words = [recording for recording in test if recording.is_word]
    ours, _ = hear(load_model(place / "digits.onnx"), place / RAW, words)
    right = sum(one.correct for one in ours)
    print(f"{revision}: {right} of {len(words)} test words, {right / len(words):.2%}")
    if not MODEL.exists():
        return None
    try:
        present = load_model(MODEL)
    except ModelError as error:
        raise ReleaseError(
            f"the present model cannot be compared with: {error}. To start anew: git rm -r "
            f"{MODEL.parent}"
        ) from None
    theirs, _ = hear(present, place / RAW, words)
    comparison = compare(theirs, ours)
    print(as_text(comparison, "present", revision))
    if comparison.after < comparison.before:
        raise ReleaseError(
            f"refused: {revision} has {comparison.after:.2%} on its {comparison.n} test words, "
            f"the present {MODEL} {comparison.before:.2%}. It stays as it is"
        )
    return comparison


def describe(
    commit: str,
    place: Path,
    params: dict[str, Any],
    test: Sequence[Recording],
    comparison: Comparison | None,
) -> dict[str, Any]:
    """Return the content of digits.json."""
    lock = yaml.safe_load(experiments.read(commit, "dvc.lock"))["stages"]
    tracked = set(experiments.git("ls-tree", "-r", "--name-only", commit).decode().splitlines())
    sources = {dep["path"] for stage in lock.values() for dep in stage.get("deps", [])}
    in_git = sorted(path for path in tracked if within(path, {*DESCRIBED} | sources))
    held_out: dict[str, list[str]] = {}
    for recording in test:
        if recording.corpus not in SYNTHETIC:  # of those, anyone can make more
            held_out.setdefault(recording.corpus, []).append(recording.name)
    return {
        "commit": commit,
        "baseline": experiments.git("rev-parse", f"{commit}^").decode().strip(),
        "corpora": params["corpora"],
        "params": params,
        "metrics": {
            Path(path).stem: json.loads(experiments.read(commit, path)) for path in METRICS
        },
        "replaced": None
        if comparison is None
        else rounded(
            {
                "sha256": sha256(MODEL.read_bytes()),
                "n": comparison.n,
                "its_accuracy": comparison.before,
                "accuracy": comparison.after,
                "mcnemar_p": comparison.p,
            }
        ),
        "versions": versions(experiments.read(commit, "requirements.txt").decode()),
        "sha256": {path: sha256(experiments.read(commit, path)) for path in in_git}
        | {
            path.relative_to(place).as_posix(): sha256(path.read_bytes())
            for path in (*list_shards(place / RAW), place / SPLIT, place / TRAINED)
        },
        "dvc.lock": {
            name: {
                kind: {one["path"]: one["md5"] for one in stage.get(kind, [])}
                for kind in ("deps", "outs")
            }
            for name, stage in lock.items()
        },
        "held_out": held_out,
    }


def within(path: str, places: Iterable[str]) -> bool:
    """Tell whether a path is one of some files and folders, or in one of these."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


def versions(requirements: str) -> dict[str, str]:
    """Return {package: version} of the pins in a requirements file."""
    return dict(re.findall(r"^([\w.-]+)==([^\s#;]+)", requirements, flags=re.MULTILINE))


def promote(model: bytes, weights: bytes, about: str) -> None:
    """Replace the released model, its weights and its description, all or none."""
    with (
        replacing(MODEL) as new_model,
        replacing(WEIGHTS) as new_weights,
        replacing(ABOUT) as new_about,
    ):
        new_model.write_bytes(model)
        new_weights.write_bytes(weights)
        new_about.write_text(about, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    run_script(main)
