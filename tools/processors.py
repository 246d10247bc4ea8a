"""Prove that results do not depend on who made the processor, on processors that QEMU emulates.

Three comparisons with this machine's own processor, byte by byte:

  operations  every PyTorch operation that train and evaluate do, one by one, from the same numbers
  stages      what download, spectrogram, split and validate write; with --all evaluate, export and
              report too, from the same model
  training    the weights after --steps of training on real pictures

It takes 5 minutes on two cores, --all 10 more, and a step of training half a minute.

Emulated are an AMD EPYC and an Intel Haswell. QEMU computes rsqrtps, the estimate of a reciprocal
square root, in its own way, as AMD and Intel each do: whatever depends on it differs here too.
Needs qemu-user (apt-get install qemu-user), 8 or newer: the gathers of 7.2 are wrong, so
grid_sampler_2d is left out there. Exits 0 if all is the same, 1 if something differs, 3 without
QEMU.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PROCESSORS = ("EPYC", "Haswell")
QEMU = "qemu-x86_64"
BROKEN_IN_OLD_QEMU = "aten::grid_sampler_2d"
PARAMS: dict[str, Any] = {
    "corpora": ["espeak", "pico"],
    "download.espeak.speakers": 4,
    "download.espeak.takes": 1,
    "download.espeak.other_takes": 1,
    "download.pico.speakers": 2,
    "download.pico.takes": 1,
    "download.pico.other_takes": 1,
    "split.scheme": "random",
    "validate.min_per_digit": 1,
    "train.epochs": 1,
    "train.batch_size": 8,
    "train.epoch_size": 64,
    "evaluate.robustness_recordings": 10,
}
"""A pipeline that an emulator can run. The network and its pictures are the real ones."""
BEFORE_TRAINING = ("download", "spectrogram", "split", "validate")
AFTER_TRAINING = ("evaluate", "export", "report")
HAS_WORKERS = ("spectrogram", "validate")
NOT_COMPARED = ("metrics/latency.json", "metrics/trained_on.json")

# Processes that a stage starts must be emulated too: they are started by sys.executable.
EMULATED = """
import runpy, sys
sys.executable, sys.argv = sys.argv[1], sys.argv[2:]
sys.path.insert(0, "src")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class ProcessorsError(Exception):
    """Something without which nothing can be compared."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=0, help="steps of training to compare (0)")
    parser.add_argument("--all", action="store_true", help="compare the stages after training too")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step (8)")
    parser.add_argument("--json", action="store_true", help="print a JSON object instead of tables")
    options = parser.parse_args()
    try:
        found = compare(options.steps, options.batch, options.all)
    except ProcessorsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    print(json.dumps(found, indent=2) if options.json else as_text(found))
    return int(bool(differing(found)))


def compare(
    steps: int = 0, batch: int = 8, after_training: bool = False
) -> dict[str, dict[str, dict[str, str]]]:
    """Return {comparison: {what: {processor: "same", "DIFFERS" or why it was left out}}}."""
    version = qemu_version()
    stages = (*BEFORE_TRAINING, *(AFTER_TRAINING if after_training else ()))
    with tempfile.TemporaryDirectory(prefix="processors-") as directory:
        here = Path(directory) / "this"
        make_project(here, steps, batch)
        found: dict[str, dict[str, dict[str, str]]] = {
            "operations": defaultdict(dict),
            "stages": defaultdict(dict),
            "training": defaultdict(dict),
        }
        with ThreadPoolExecutor(len(PROCESSORS)) as pool:
            jobs = {
                processor: pool.submit(on_processor, here, processor, version, steps, stages)
                for processor in PROCESSORS
            }
            for processor, job in jobs.items():
                for comparison, verdicts in job.result().items():
                    for what, verdict in verdicts.items():
                        found[comparison][what][processor] = verdict
    return {comparison: dict(rows) for comparison, rows in found.items() if rows}


def qemu_version() -> tuple[int, ...]:
    """Return the emulator's version. Raises ProcessorsError if there is none."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise ProcessorsError("processors can be compared on Linux on x86-64 only")
    if not shutil.which(QEMU):
        raise ProcessorsError(f"no {QEMU} here. On Debian or Ubuntu: apt-get install qemu-user")
    said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))


def make_project(project: Path, steps: int, batch: int) -> None:
    """Copy the project, make its data and its model, and record its operations."""
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", project)
    # Noise at one level, where an emulator would take minutes for all four.
    robustness = project / "src" / "spoken_digits" / "evaluation" / "robustness.py"
    code, once = re.subn(r"(?m)^SNRS_DB = .*", "SNRS_DB = (10,)", robustness.read_text("utf-8"))
    assert once == 1
    robustness.write_text(code, encoding="utf-8")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    changes = {**PARAMS, "train.batch_size": batch}
    if steps:
        changes["train.epoch_size"] = max(steps * batch, 64)
    for key, value in changes.items():
        section = params
        *path, last = key.split(".")
        for name in path:
            section = section[name]
        section[last] = value
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    for stage in BEFORE_TRAINING:
        run([sys.executable, f"src/{stage}.py"], project)
    operations = [sys.executable, str(ROOT / "tools" / "operations.py"), "record"]
    run([*operations, "train.pt", "src/train.py"], project)
    run([*operations, "evaluate.pt", "src/evaluate.py"], project)
    for stage in AFTER_TRAINING[1:]:
        run([sys.executable, f"src/{stage}.py"], project)


def on_processor(
    here: Path, processor: str, version: tuple[int, ...], steps: int, stages: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Compare everything on one emulated processor."""
    emulate = [QEMU, "-cpu", processor, sys.executable]
    wrapper = here.parent / f"python-{processor}"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(emulate)} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    there = here.parent / processor
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("data", "*.pt", "metrics"))

    def stage(name: str) -> None:
        workers = ["--workers", "1"] if name in HAS_WORKERS else []
        run([*emulate, "-c", EMULATED, str(wrapper), f"src/{name}.py", *workers], there)

    verdicts: dict[str, dict[str, str]] = {"operations": {}, "stages": {}, "training": {}}
    for recorded in ("train.pt", "evaluate.pt"):
        replay = [str(ROOT / "tools" / "operations.py"), "replay", str(here / recorded)]
        lines = run([*emulate, *replay], here).splitlines()
        for name, verdict in by_operation(map(json.loads, lines)).items():
            if name == BROKEN_IN_OLD_QEMU and version < (8, 0):
                verdict = "left out: wrong in QEMU 7"
            if verdicts["operations"].get(name, "same") == "same":
                verdicts["operations"][name] = verdict
    shutil.copytree(here / "metrics" / "train", there / "metrics" / "train")
    for name in stages:
        stage(name)
    expected, got = contents(here), contents(there)
    for name in stages:
        bad = [file for file in outputs(here, name) if got.get(file) != expected[file]]
        verdicts["stages"][name] = f"DIFFERS: {bad[0]}" if bad else "same"
    if steps:
        weights = "models/digits.safetensors"
        stage("train")
        same = (there / weights).read_bytes() == (here / weights).read_bytes()
        verdicts["training"][f"weights after {steps} steps"] = "same" if same else "DIFFERS"
    return verdicts


def by_operation(calls: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Sum the shapes of each operation up: all the same, or which shapes differ."""
    bad: dict[str, list[str]] = {}
    for key, before, now in calls:
        name, _, shapes = key.partition(" ")
        found = bad.setdefault(name.rpartition(".")[0], [])
        if before != now:
            found.append(shapes)
    return {
        name: f"DIFFERS for {len(shapes)}: {shapes[0]}" if shapes else "same"
        for name, shapes in bad.items()
    }


def outputs(project: Path, stage: str) -> list[str]:
    """Return the files that a stage writes."""
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    listed = entry.get("outs", []) + entry.get("metrics", [])
    paths = [out if isinstance(out, str) else next(iter(out)) for out in listed]
    return [
        file
        for file in contents(project)
        if any(file == path or file.startswith(f"{path}/") for path in paths)
    ]


def contents(project: Path) -> dict[str, str]:
    """Return every file that the pipeline wrote, and its digest."""
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in ("data", "metrics", "models")
        for file in sorted((project / folder).rglob("*"))
        if file.is_file() and (name := file.relative_to(project).as_posix()) not in NOT_COMPARED
    }


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder; return what it prints. Raises ProcessorsError if it fails."""
    finished = subprocess.run(
        command,
        cwd=folder,
        # Emulated threads that spin while they wait take the time of those that work.
        env=os.environ | {"PYTHONPATH": "src", "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
    )
    if finished.returncode != 0:
        said = [line for line in finished.stderr.splitlines() if "TCG doesn't support" not in line]
        raise ProcessorsError(f"{' '.join(command[:6])}: {' '.join(said[-3:])}")
    return finished.stdout


def differing(found: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[str]:
    """Return what is not the same everywhere, in words."""
    return [
        f"{what} on {processor}: {verdict}"
        for rows in found.values()
        for what, verdicts in rows.items()
        for processor, verdict in verdicts.items()
        if verdict.startswith("DIFFERS")
    ]


def as_text(found: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    """Return the tables, a row an operation, a column a processor, in Markdown."""
    lines = []
    for comparison, rows in found.items():
        lines += [f"| {comparison} | {' | '.join(PROCESSORS)} |", "|---" * 3 + "|"]
        for what, verdicts in sorted(rows.items()) if comparison == "operations" else rows.items():
            lines.append(f"| {what} | {' | '.join(verdicts[name] for name in PROCESSORS)} |")
        lines.append("")
    bad = differing(found)
    lines.append("\n".join(bad) if bad else "everything is the same bytes")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
