"""DVC's experiments: run them, find them by name, read what Git holds of them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from spoken_digits.corpora.fetch import is_url
from spoken_digits.errors import UserError
from spoken_digits.files import check_not_shallow


class ExperimentError(UserError):
    """An experiment that cannot be run, found or read."""


def environment() -> dict[str, str]:
    """Return the environment for experiments that run elsewhere than in the project's folder.

    This Python's programs come first on the PATH, and a CORPUS_MIRROR that is a relative path
    becomes absolute.
    """
    found = dict(os.environ)
    programs = str(Path(sys.executable).parent)
    found["PATH"] = f"{programs}{os.pathsep}{found.get('PATH', '')}"
    mirror = found.get("CORPUS_MIRROR")
    if mirror and not is_url(mirror):
        found["CORPUS_MIRROR"] = str(Path(mirror).expanduser().absolute())
    return found


def dvc(*arguments: str) -> str:
    """Run a dvc command; return what it prints. Raises ExperimentError with DVC's own words."""
    finished = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if finished.returncode != 0:
        said = reason(finished.stderr) or finished.stderr.strip()
        raise ExperimentError(f"dvc {' '.join(arguments[:2])}: {said}")
    return finished.stdout


def check_git() -> None:
    """Raise ExperimentError, with what to do, if Git does not hold the project in this folder."""
    try:
        git("ls-files", "--error-unmatch", "dvc.yaml")
    except FileNotFoundError:
        raise ExperimentError("git is not installed. On Debian: apt-get install git") from None
    except ExperimentError as error:
        text = str(error)
        if "not a git repository" not in text and "did not match any file" not in text:
            raise
        raise ExperimentError(
            "this folder is not under Git, and experiments and comparisons are made of commits. "
            "Use a clone instead of a downloaded archive; or make it a repository: "
            "git init && git add . && git commit -m start"
        ) from None


def check_can_run() -> None:
    """Raise ExperimentError if DVC could not keep an experiment that runs elsewhere."""
    check_git()
    try:
        git("var", "GIT_COMMITTER_IDENT")
    except ExperimentError:
        raise ExperimentError(
            "an experiment is a commit, and Git does not know whose. Tell it: "
            "git config --global user.name NAME && git config --global user.email NAME@example.org"
        ) from None
    check_not_shallow(Path.cwd())


def prefix() -> str:
    """Return the project's folder within its repository, "" if it is the top, else with a /."""
    return git("rev-parse", "--show-prefix").decode().strip()


def run_next(kind: str, overrides: Iterable[str]) -> str:
    """Run an experiment away from the working tree; return its name, <kind>-<next number>.

    ``overrides`` are what dvc exp run's -S takes. What it prints goes to standard error. Raises
    ExperimentError if it does not run to its end.
    """
    check_can_run()
    taken = [re.fullmatch(rf"{kind}-(\d+)", name) for name in names()]
    name = f"{kind}-{max((int(match[1]) for match in taken if match), default=0) + 1}"
    command = [sys.executable, "-m", "dvc", "exp", "run", "--temp", "--name", name]
    for override in overrides:
        command += ["-S", override]
    print(" ".join(["dvc", *command[3:]]), file=sys.stderr)
    finished = subprocess.run(command, env=environment(), stdout=sys.stderr)
    if finished.returncode != 0 or name not in names():
        raise ExperimentError(
            f"{name} did not run to its end, for the reason above. Stages that are done are not "
            "done again: mend it and run this again"
        )
    return name


def fetch(commit: str, place: Path, paths: Iterable[str]) -> None:
    """Copy what DVC's cache, or its remote, holds of a commit's outputs to a directory.

    Raises ExperimentError if neither has them.
    """
    from dvc.api import DVCFileSystem  # takes a second: only who needs it waits for it
    from dvc.exceptions import DvcException

    files = DVCFileSystem(rev=commit, subrepos=True)
    within = prefix()
    for path in paths:
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            files.get(within + path, str(target), recursive=files.isdir(within + path))
        except (DvcException, FileNotFoundError) as error:
            raise ExperimentError(
                f"{path} of {commit[:10]} is in neither DVC's cache nor its remote ({error}). "
                "Fetch it: dvc fetch --all-commits; or run the experiment again"
            ) from None


def reason(log: str) -> str:
    """Return the lines of a log in which a stage and DVC say what went wrong."""
    lines = [line.strip() for line in log.splitlines()]
    return "; ".join(
        dict.fromkeys(line for line in lines if line.lower().startswith(("error:", "fatal:")))
    )


def git(*arguments: str) -> bytes:
    """Run a git command; return what it prints. Raises ExperimentError if it fails."""
    english = os.environ | {"LC_ALL": "C"}
    finished = subprocess.run(["git", *arguments], capture_output=True, env=english)
    if finished.returncode != 0:
        said = " ".join(finished.stderr.decode(errors="replace").split())
        raise ExperimentError(f"git {' '.join(arguments)}: {said}")
    return finished.stdout


def find(name: str) -> str | None:
    """Return the commit of the experiment of that name on HEAD, None if there is none."""
    head = git("rev-parse", "HEAD").decode().strip()
    return _commits(f"refs/exps/{head[:2]}/{head[2:]}/{name}").get(name)


def names() -> set[str]:
    """Return the names of all experiments, on any commit."""
    return set(_commits("refs/exps/*/*/*"))


def commits() -> list[str]:
    """Return the commits of all experiments."""
    return list(_commits("refs/exps/*/*/*").values())


def resolve(revision: str) -> str:
    """Return the commit of a Git revision or of an experiment.

    Raises ExperimentError if there is none.
    """
    try:
        found = git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        return found.decode().strip()
    except ExperimentError:
        commit = _commits(f"refs/exps/*/*/{revision}").get(revision)
    if commit is None:
        raise ExperimentError(
            f"{revision}: no such revision or experiment. See: git branch --all; dvc exp list -A"
        )
    return commit


def read(commit: str, path: str) -> bytes:
    """Return a file that Git holds at a commit. Raises ExperimentError if it holds none."""
    try:
        return git("show", f"{commit}:./{path}")
    except ExperimentError:
        raise ExperimentError(
            f"{path} is not in {commit[:10]}: the pipeline did not run to its end there"
        ) from None


def _commits(pattern: str) -> dict[str, str]:
    """Return {name: commit} of the references that fit a pattern."""
    listed = git("for-each-ref", "--format=%(objectname) %(refname)", pattern).decode()
    pairs = [line.split(" ", 1) for line in listed.splitlines()]
    return {reference.rpartition("/")[2]: commit for commit, reference in pairs}
