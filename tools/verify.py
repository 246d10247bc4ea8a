"""Prove that HEAD rebuilds to what is committed: the same bytes, or metrics within tolerance.

Clones HEAD into a temporary directory, builds a fresh virtual environment there from the pinned
requirements, runs every stage with empty caches, and compares each output's hash with dvc.lock
and each metric with the committed one. Exits 0 if all is the same or every metric is within its
tolerance (other bytes are reported as what they are), and 1 if a metric is outside its tolerance,
an output is missing, or a stage fails.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from compare_files import first_difference

# How far a metric may be from the committed one where the bytes are not the same, the first
# pattern that fits. Counts and names are exact.
TOLERANCES = {
    "*.n": 0.0,
    "n": 0.0,
    "cost.*": 0.0,
    "accuracy": 0.015,
    "macro_f1": 0.015,
    "speaker.mean": 0.015,
    "robustness.mean": 0.03,
    "rejection.auroc": 0.015,
}
"""Three standard deviations of the difference between two seeds, rounded up: benchmarks/README.md
(benchmarks/accuracy/seeds.py). Other arithmetic gives another model, as another seed does. A metric
that is not named cannot fail."""

TRAINED_ON = "metrics/trained_on.json"  # which machine the committed dvc.lock is of
SAME, WITHIN, OTHER = "same bytes", "metrics within tolerance", "DIFFERENT"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--venv", type=Path, help="use this environment instead of a fresh one")
    parser.add_argument("--into", type=Path, help="work here instead of in a temporary directory")
    parser.add_argument("--keep", action="store_true", help="do not remove the rebuilt project")
    options = parser.parse_args()
    top = Path(git("rev-parse", "--show-toplevel", cwd=Path.cwd()).strip())
    within = git("rev-parse", "--show-prefix", cwd=Path.cwd()).strip()  # of a larger repository
    root = top / within
    if git("status", "--porcelain", "--", ".", cwd=root):
        print("note: HEAD is verified; what is not committed is left out", file=sys.stderr)
    if options.into:
        options.into.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="verify-", dir=options.into)).absolute()
    try:
        print(f"rebuilding in {work}", file=sys.stderr)
        git("clone", "--quiet", "--no-checkout", str(top), "clone", cwd=work)
        head = git("rev-parse", "HEAD", cwd=root).strip()
        git("checkout", "--quiet", "--detach", head, cwd=work / "clone")
        clone = work / "clone" / within
        if not rebuild(clone, work, options.venv):
            print("FAILED: a stage did not run to its end")
            return 1
        return report(root, clone)
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


def git(*arguments: str, cwd: Path) -> str:
    finished = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"error: git {' '.join(arguments)}: {finished.stderr.strip()}")
    return finished.stdout


def rebuild(clone: Path, work: Path, venv: Path | None) -> bool:
    """Make the environment and run every stage anew, with no cache but the clone's own."""
    environment = dict(os.environ)
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
        environment[name] = str(work / "dvc" / name.lower())
    environment["SPOKEN_DIGITS_KEPT"] = "none"
    mirror = environment.get("CORPUS_MIRROR", "")
    if mirror and Path(mirror).is_dir():
        environment["CORPUS_MIRROR"] = str(Path(mirror).absolute())
    if venv is None:
        make = subprocess.run(["make", "install", "VENV=.venv"], cwd=clone, env=environment)
        if make.returncode != 0:
            return False
    binaries = venv.absolute() / "bin" if venv else clone / ".venv" / "bin"
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    start = time.monotonic()
    # Forced: what Git holds of a stage's outputs must be made anew too.
    dvc = [str(binaries / "python"), "-m", "dvc", "repro", "--force"]
    finished = subprocess.run(dvc, cwd=clone, env=environment, stdout=sys.stderr)
    print(f"dvc repro took {time.monotonic() - start:.0f} s", file=sys.stderr)
    return finished.returncode == 0


def report(root: Path, clone: Path) -> int:
    """Print the table, stage by stage, and the first difference; return the exit code."""
    print(f"trained on   {processor(git('show', f'HEAD:./{TRAINED_ON}', cwd=root))}")
    print(f"rebuilt on   {processor((clone / TRAINED_ON).read_text(encoding='utf-8'))}\n")
    stages = yaml.safe_load((clone / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    committed = outputs(git("show", "HEAD:./dvc.lock", cwd=root))
    rebuilt = outputs((clone / "dvc.lock").read_text(encoding="utf-8"))
    failed, first = False, ""
    print(f"{'stage':14}{'output':34}result")
    for stage in stages:
        for path in committed.get(stage, {}) | rebuilt.get(stage, {}):
            old, new = committed.get(stage, {}).get(path), rebuilt.get(stage, {}).get(path)
            verdict, bad = judge(root, clone, path, old, new)
            failed |= bad
            print(f"{stage:14}{path:34}{verdict}")
            if verdict != SAME and not first:
                first = f"{stage}: {first_difference(root, clone, path, old, new)}"
    if first:
        print(f"\nfirst difference: {first}")
    print("\nFAILED" if failed else "\nOK" if first else "\nOK: every output is the same bytes")
    return int(failed)


def processor(trained_on: str) -> str:
    """Say on one line what metrics/trained_on.json says of a machine."""
    about = json.loads(trained_on)
    instructions = "AVX-512" if about["avx512"] else "AVX2" if about["avx2"] else "no AVX2"
    return f"{about['processor']} ({about['architecture']}, {instructions}), {about['system']}"


def outputs(lock: str) -> dict[str, dict[str, str]]:
    """Return each stage's outputs and their hashes."""
    stages = yaml.safe_load(lock)["stages"]
    return {
        name: {out["path"]: out["md5"] for out in stage.get("outs", [])}
        for name, stage in stages.items()
    }


def judge(root: Path, clone: Path, path: str, old: str | None, new: str | None) -> tuple[str, bool]:
    """Return the verdict on one output, and whether it fails the whole."""
    if old is None:
        return "not in the committed dvc.lock", False
    if new is None or not (clone / path).exists():
        return "MISSING", True
    if old == new:
        return SAME, False
    if path.endswith(".json") and git("ls-files", path, cwd=root):
        rebuilt = (clone / path).read_text(encoding="utf-8")
        far = list(outside(git("show", f"HEAD:./{path}", cwd=root), rebuilt))
        return (f"{OTHER}: {'; '.join(far)}", True) if far else (WITHIN, False)
    return "other bytes", False


def outside(committed: str, rebuilt: str) -> Iterator[str]:
    """Yield the metrics that are further from the committed ones than they may be."""
    old, new = dict(leaves(json.loads(committed))), dict(leaves(json.loads(rebuilt)))
    for key, value in old.items():
        tolerance = next((t for name, t in TOLERANCES.items() if fnmatchcase(key, name)), None)
        if tolerance is None or not isinstance(value, int | float):
            continue
        now = new.get(key)
        if not isinstance(now, int | float) or abs(now - value) > tolerance:
            yield f"{key} {value} became {now} (allowed: {tolerance:g} apart)"


def leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, f"{prefix}{key}.")
    else:
        yield prefix.removesuffix("."), content


if __name__ == "__main__":
    sys.exit(main())
