"""Say in seconds, without data or cache, which stage dvc.lock is out of date for.

  python tools/check_lock.py             the working tree
  python tools/check_lock.py --staged    what git commit would record, for a pre-commit hook

Exits 0 if dvc.lock matches code, params and commands, 1 if not.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import run_script

Stages = dict[str, dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--staged", action="store_true", help="judge Git's index")
    if not parser.parse_args().staged:
        return check()
    with (
        tempfile.TemporaryDirectory(prefix="check-lock-") as temporary,
        contextlib.chdir(export_index(Path(temporary))),
    ):
        return check()


def check() -> int:
    """Judge the project in the working directory: print what is stale, return the exit status."""
    if not Path("dvc.yaml").exists():
        sys.exit("error: no dvc.yaml in this folder. Run it in the project's top folder")
    status = dvc_status()  # first: it says what is wrong with a file that is no YAML
    stages, locked = read_stages("dvc.yaml"), read_stages("dvc.lock")
    wrong = 0
    for name in [*stages, *(name for name in locked if name not in stages)]:
        reasons = list(why_stale(name, stages, locked, status.get(name, [])))
        wrong += bool(reasons)
        for reason in reasons:
            print(f"{name}: {reason}")
    if wrong:
        print(f"dvc.lock is out of date for {wrong} of {len(stages)} stages. Mend it: dvc repro")
        return 1
    print(f"dvc.lock matches code and params: {len(stages)} stages")
    return 0


def export_index(target: Path) -> Path:
    """Write the files of Git's index below ``target``; return the project's folder there.

    The folder is a DVC project without Git, whose caches lie in ``target`` too: neither the
    working tree nor anything in the user's home is written.
    """
    within = git("rev-parse", "--show-prefix").rstrip("\n")  # empty: the project is the repository
    git("checkout-index", "--all", f"--prefix={target / 'index'}{os.sep}")
    os.environ["DVC_SITE_CACHE_DIR"] = str(target / "dvc")
    project = target / "index" / within
    (project / ".dvc").mkdir(parents=True, exist_ok=True)
    (project / ".dvc" / "config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    return project


def git(*arguments: str) -> str:
    """Return what a git command prints. Ends the program with Git's own words if it fails.

    Of what Git sets for a hook, the index counts: git commit --all has one of its own. GIT_DIR,
    which it sets in a worktree, would make any folder the top of the working tree.
    """
    env = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
    try:
        finished = subprocess.run(["git", *arguments], env=env, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("error: --staged judges Git's index, and git is not installed")
    if finished.returncode != 0:
        sys.exit(f"error: git {arguments[0]} failed: {finished.stderr.strip()}")
    return finished.stdout


def read_stages(path: str) -> Stages:
    if not Path(path).exists():
        return {}
    content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    return dict(content.get("stages") or {})


def dvc_status() -> dict[str, list[Any]]:
    """Return what DVC says of each stage that is not up to date."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    finished = subprocess.run(command, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"error: dvc status failed:\n{finished.stderr.strip()}")
    return dict(json.loads(finished.stdout))


def why_stale(name: str, stages: Stages, locked: Stages, status: list[Any]) -> Iterator[str]:
    """Yield the reasons why a stage's entry does not match, but for data that is just not here."""
    if name not in stages:
        yield "in dvc.lock, but no longer in dvc.yaml"
        return
    if name not in locked:
        yield "not in dvc.lock: it has never run to its end"
        return
    made = {out["path"]: (maker, out) for maker, s in locked.items() for out in s.get("outs", [])}
    in_git = set(uncached_outs(stages[name]))
    for change in status:
        if change == "changed command":
            yield f"the command was {locked[name]['cmd']}"
            continue
        for path, how in change.get("changed deps", {}).items():
            if isinstance(how, dict):
                yield from (f"{path}: {key} is {kind}" for key, kind in how.items())
            elif how != "deleted" or path not in made:
                yield f"{path} is {how}"
        for path, how in change.get("changed outs", {}).items():
            if how == "modified" or path in in_git:
                yield f"{path}, which it writes, is {how}"
    for dep in locked[name].get("deps", []):
        maker, out = made.get(dep["path"], (name, dep))
        if dep.get("md5") != out.get("md5"):
            yield f"it ran with another {dep['path']} than {maker} writes now"


def uncached_outs(stage: dict[str, Any]) -> Iterator[str]:
    """Yield the outputs that Git holds, not DVC's cache."""
    for kind in ("outs", "metrics", "plots"):
        for out in stage.get(kind, []):
            if isinstance(out, dict):
                yield from (path for path, options in out.items() if not options.get("cache", True))


if __name__ == "__main__":
    run_script(main)
