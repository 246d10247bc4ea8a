"""Say in a second, without data or cache, which stage dvc.lock is out of date for.

For CI and for a pre-commit hook. Exits 0 if dvc.lock matches code, params and commands, 1 if not.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Stages = dict[str, dict[str, Any]]


def main() -> int:
    if len(sys.argv) > 1:
        print(f"{__doc__}\nusage: python tools/check_lock.py")
        return 0 if sys.argv[1] in ("-h", "--help") else 2
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
    sys.exit(main())
