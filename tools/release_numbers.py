"""Train the network that reads numbers for new users: on all corpora, from the released model.

Runs the stages of numbers/dvc.yaml in a folder of its own, numbers.partial, with params.yaml as it
is here but for NUMBERS_PARAMS of spoken_digits/export/released.py; over an hour. What is there
already is not made again, so a killed run goes on. Then models/released gets numbers.onnx, the
weights numbers.safetensors, and numbers.json: params, metrics, hashes. Commit them.

  CORPUS_MIRROR=/media/usb make release-numbers
  python tools/release_numbers.py --table         the metrics, as docs/numbers.md has them
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the metrics, train nothing")
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

import yaml

from spoken_digits.evaluation.numbers import as_table
from spoken_digits.export import released
from spoken_digits.export.released import (
    NUMBERS,
    NUMBERS_ABOUT,
    NUMBERS_WEIGHTS,
    ReleaseError,
    sha256,
)
from spoken_digits.files import replacing
from spoken_digits.params import PARAMS_FILE, load_params, parse_yaml

ROOT = Path(__file__).parents[1]
FOLDER = Path("numbers.partial")
START, TRAINED = "models/digits.safetensors", "models/numbers.safetensors"
EXPORTED, METRICS = "models/numbers.onnx", "metrics/numbers.json"
STAGES = {
    "download": "data/raw",
    "split": "data/split.csv",
    "utterances": "data/numbers",
    "train_sequence": TRAINED,
    "export_sequence": EXPORTED,
    "evaluate_sequence": METRICS,
}
"""Stages in their order, and what each writes."""


def main() -> None:
    if _arguments().table:
        print(as_table(released_metrics()))
        return
    params = prepare(FOLDER)
    for stage, output in STAGES.items():
        if not (FOLDER / output).exists():
            print(f"stage {stage}", flush=True)
            done = subprocess.run([sys.executable, ROOT / "src" / f"{stage}.py"], cwd=FOLDER)
            if done.returncode:
                raise UserError(f"{stage} failed, in {FOLDER}. Run this again when it is mended")
    promote(FOLDER, describe(FOLDER, params))
    print(f"{NUMBERS} is new. Commit it: git add {NUMBERS.parent}; then: rm -r {FOLDER}")


def released_metrics() -> dict[str, Any]:
    """Return the metrics in numbers.json. Raises ReleaseError if they are not there."""
    try:
        about = json.loads(NUMBERS_ABOUT.read_text(encoding="utf-8"))
        return dict(about["metrics"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise ReleaseError(
            f"{NUMBERS_ABOUT}: not there, or damaged. Take it from Git: git checkout "
            f"{NUMBERS_ABOUT}"
        ) from None


def prepare(folder: Path) -> dict[str, Any]:
    """Make the project in which it is trained, and return its params.

    Raises UserError if one of other params or weights is there already, ParamsError if params.yaml
    is wrong, ReleaseError if there are no released weights.
    """
    load_params()  # checks it
    released.read_about()  # and this the weights
    params: dict[str, Any] = parse_yaml(PARAMS_FILE.read_text(encoding="utf-8"))
    for key, value in released.NUMBERS_PARAMS.items():
        *sections, name = key.split(".")
        section: dict[str, Any] = params
        for one in sections:
            section = section[one]
        section[name] = value
    text = yaml.safe_dump(params, sort_keys=False)
    there = folder / "params.yaml"
    if there.exists() and there.read_text(encoding="utf-8") != text:
        raise UserError(
            f"{there}: {folder} is trained with other params than there would be now. Put "
            f"params.yaml back as it was, or begin anew: rm -r {folder}"
        )
    start = folder / START
    if start.exists() and start.read_bytes() != released.WEIGHTS.read_bytes():
        raise UserError(
            f"{start}: {folder} is trained from other weights than {released.WEIGHTS} has now. "
            f"Begin anew: rm -r {folder}"
        )
    (folder / "models").mkdir(parents=True, exist_ok=True)
    there.write_text(text, encoding="utf-8")
    with replacing(start) as partial:
        shutil.copyfile(released.WEIGHTS, partial)
    if not (folder / "src").exists():
        (folder / "src").symlink_to(ROOT / "src")
    return params


def describe(folder: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Return the content of numbers.json."""
    hashed = (START, TRAINED, EXPORTED)
    return {
        "params": params,
        "metrics": json.loads((folder / METRICS).read_text(encoding="utf-8")),
        "sha256": {path: sha256((folder / path).read_bytes()) for path in hashed},
    }


def promote(folder: Path, about: dict[str, Any]) -> None:
    """Replace the released network that reads numbers, its weights and its description."""
    with (
        replacing(NUMBERS) as model,
        replacing(NUMBERS_WEIGHTS) as weights,
        replacing(NUMBERS_ABOUT) as description,
    ):
        shutil.copyfile(folder / EXPORTED, model)
        shutil.copyfile(folder / TRAINED, weights)
        description.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    run_script(main)
