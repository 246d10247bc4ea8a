"""Bring an experiment here, unless that would discard work: dvc exp apply overwrites edits.

  make apply EXP=agile-mice

Refuses if files differ from the last commit and no experiment holds them as they are now.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", metavar="EXP", help="its name (dvc exp show)")
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help does not wait for what is imported below
        _arguments()

from spoken_digits.evaluation import experiments

LISTED = 5


def main() -> None:
    name = _arguments().experiment
    experiments.check_git()
    commit = experiments.resolve(name)
    if lost := [*edited(), *overwritten(commit), *data_edited()]:
        more = f" and {len(lost) - LISTED} more" if len(lost) > LISTED else ""
        raise UserError(
            f"{', '.join(lost[:LISTED])}{more}: in no commit and no experiment as it is now, and "
            "dvc exp apply would discard it. Keep it first, with git commit or git stash "
            f"--include-untracked (data: dvc commit); then: make apply EXP={name}"
        )
    print(experiments.dvc("exp", "apply", name), end="")
    print(f"{name} ({commit[:7]}) is here")


def edited() -> list[str]:
    """Return the files of Git that are in no commit and in no experiment as they are now."""
    files = lines(experiments.git("diff", "--name-only", "--relative", "-z", "HEAD"))
    for one in experiments.commits():
        if files and not experiments.git("diff", "--name-only", one, "--", *files):
            return []
    return files


def overwritten(commit: str) -> list[str]:
    """Return the files that Git does not know and that a commit has too."""
    unknown = lines(experiments.git("ls-files", "--others", "--exclude-standard", "-z"))
    known = set(lines(experiments.git("ls-tree", "-r", "--name-only", "-z", commit)))
    return [file for file in unknown if file in known]


def data_edited() -> list[str]:
    """Return the outputs of the pipeline that are not as DVC's cache has them."""
    status = json.loads(experiments.dvc("data", "status", "--json"))
    return list(status.get("uncommitted", {}).get("modified", []))


def lines(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


if __name__ == "__main__":
    run_script(main)
