"""Say in one sentence why Git does not hold this project, if it does not; then exit with 1.

  python tools/under_git.py               for targets that need Git
  python tools/under_git.py --tell-dvc    have DVC do without Git exactly where Git is not

Exits with 0 if it does, or once DVC is told.
"""

import argparse
import configparser
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import report_errors, run_script


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tell-dvc", action="store_true", help="set core.no_scm in .dvc")
    return parser.parse_args()


if __name__ == "__main__":
    with report_errors():  # --help does not wait for what is imported below
        _arguments()

from spoken_digits.evaluation import experiments

LOCAL = Path(".dvc/config.local")


def main() -> None:
    if not _arguments().tell_dvc:
        experiments.check_git()
        return
    without = not may_be_in_git()
    if without != does_without():
        change = ["core.no_scm", "true"] if without else ["--unset", "core.no_scm"]
        dvc = [sys.executable, "-m", "dvc", "config", "--quiet", "--local"]
        subprocess.run([*dvc, *change], check=True)


def may_be_in_git() -> bool:
    """Tell whether this folder is in a repository whose .gitignore does not leave it out.

    It need not be the top of one. A repository of which Git does not like something, such as its
    owner, is one.
    """
    english = os.environ | {"LC_ALL": "C"}
    command = ["git", "check-ignore", "--quiet", "dvc.yaml"]
    try:
        ignored = subprocess.run(command, capture_output=True, env=english)
    except FileNotFoundError:  # no git: DVC has its own
        return any((parent / ".git").exists() for parent in (Path.cwd(), *Path.cwd().parents))
    if ignored.returncode in (0, 1):
        return ignored.returncode == 1
    return b"not a git repository" not in ignored.stderr


def does_without() -> bool:
    """Tell whether DVC was told here to do without Git."""
    config = configparser.ConfigParser()
    config.read(LOCAL, encoding="utf-8")
    return config.getboolean("core", "no_scm", fallback=False)


if __name__ == "__main__":
    run_script(main)
