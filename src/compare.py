"""Compare two experiments on the same test recordings, from DVC's cache, without retraining.

  make compare BASE=main              the workspace against a branch, tag or commit
  python src/compare.py agile-mice    the workspace against an experiment (dvc exp show names them)
  python src/compare.py main agile-mice --json

Says how the accuracy differs with a 95% interval (paired bootstrap), whether chance explains it
(McNemar's exact test), and which recordings were won and lost. Exits with 0 whatever the answer
is, with 1 if the two cannot be compared.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.errors import explain_uncaught, report_errors, run_script

PREDICTIONS = "metrics/predictions.csv"
WORKSPACE = "workspace"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", metavar="BASE", help="a Git revision or an experiment")
    parser.add_argument(
        "other",
        metavar="OTHER",
        nargs="?",
        default=WORKSPACE,
        help="another (default: %(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object, every recording named"
    )
    return parser.parse_args()


if __name__ == "__main__":
    explain_uncaught()
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        _arguments()

import dvc.api
from dvc.exceptions import DvcException, PathMissingError
from dvc.scm import RevError, SCMError

from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.comparison import ComparisonError, as_json, as_text, compare
from spoken_digits.evaluation.predictions import Prediction, parse_predictions


def main() -> None:
    arguments = _arguments()
    base, other = arguments.base, arguments.other
    if {base, other} != {WORKSPACE}:
        experiments.check_git()
    result = compare(predictions_of(base), predictions_of(other))
    if arguments.json:
        print(json.dumps(as_json(result, base, other), indent=2))
    else:
        print(as_text(result, base, other))


def predictions_of(revision: str) -> list[Prediction]:
    """Read a revision's predictions out of Git and DVC's cache, or out of the working tree."""
    try:
        if revision == WORKSPACE:
            text = dvc.api.read(PREDICTIONS, encoding="utf-8")
        else:
            text = dvc.api.read(experiments.prefix() + PREDICTIONS, rev=revision, encoding="utf-8")
    except (RevError, SCMError) as error:
        raise ComparisonError(
            f"{revision}: no such revision or experiment ({error}). See: git branch --all; "
            "dvc exp list"
        ) from None
    except (FileNotFoundError, PathMissingError):
        raise ComparisonError(
            f"{revision}: its {PREDICTIONS} is not in DVC's cache, or was never made. Fetch it "
            f"with: dvc fetch --all-commits {PREDICTIONS}; or make it there: dvc repro evaluate"
        ) from None
    except DvcException as error:
        raise ComparisonError(f"{revision}: {PREDICTIONS} cannot be read: {error}") from None
    return parse_predictions(text, f"{PREDICTIONS} of {revision}")


if __name__ == "__main__":
    run_script(main)
