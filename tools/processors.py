"""Prove that results do not depend on who made the processor, on processors that QEMU emulates.

Three comparisons with this machine's own processor, byte by byte:

  operations  every PyTorch operation that train and evaluate do, one by one, from the same numbers
  stages      what download, spectrogram, split and validate write; with --all evaluate, export and
              report too, with the weights that were trained here
  training    the weights after --steps of training on real pictures

It takes 5 minutes on two cores, --all 10 more, and a step of training half a minute.

Emulated are an AMD EPYC and an Intel Haswell. QEMU computes rsqrtps, the estimate of a reciprocal
square root, in its own way, as AMD and Intel each do: whatever depends on it differs here too.
Needs qemu-user (apt-get install qemu-user), 8 or newer: the gathers of 7.2 are wrong, so
grid_sampler_2d is left out there. Exits 0 if all is the same, 1 if something differs, 3 if nothing
can be compared: no QEMU, or a stage that fails.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
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

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, run_script

ROOT = Path(__file__).parents[1]
PROCESSORS = ("EPYC", "Haswell")
QEMU = "qemu-x86_64"
BROKEN_IN_OLD_QEMU = "aten::grid_sampler_2d"
PARAMS: dict[str, Any] = {
    "corpora": ["espeak", "pico", "hibari"],
    "download.espeak.speakers": 4,
    "download.espeak.takes": 1,
    "download.espeak.other_takes": 1,
    "download.pico.speakers": 2,
    "download.pico.takes": 1,
    "download.pico.other_takes": 1,
    "download.hibari.speakers": 1,  # in this process, not in workers that are not emulated
    "download.hibari.takes": 1,
    "download.hibari.other_takes": 1,
    "split.scheme": "random",
    "validate.min_per_word": 1,
    "train.epochs": 1,
    "train.batch_size": 8,
    "train.epoch_size": 64,
    "evaluate.robustness_recordings": 10,
}
"""A pipeline that an emulator can run. The network and its pictures are the real ones."""
BEFORE_TRAINING = ("download", "spectrogram", "split", "validate")
AFTER_TRAINING = ("evaluate", "export", "report")
HAS_WORKERS = ("spectrogram", "validate")
WEIGHTS = "models/digits.safetensors"

# Processes that a stage starts must be emulated too: they are started by sys.executable.
EMULATED = """
import runpy, sys
sys.executable, sys.argv = sys.argv[1], sys.argv[2:]
sys.path.insert(0, "src")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class ProcessorsError(UserError):
    """Something without which nothing can be compared."""

    exit_code = 3


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=0, help="steps of training to compare (0)")
    parser.add_argument("--all", action="store_true", help="compare the stages after training too")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step (8)")
    parser.add_argument("--json", action="store_true", help="print a JSON object instead of tables")
    options = parser.parse_args()
    found = compare(options.steps, options.batch, options.all)
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
                processor: pool.submit(on_processor, here, processor, version, steps, batch, stages)
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
    return parse_version(said)


def parse_version(said: str) -> tuple[int, ...]:
    """Return the version in what QEMU says of itself: qemu-x86_64 version 7.2.19 (Debian ...).

    Raises ProcessorsError if there is none in it.
    """
    version = re.search(r"version (\d+)\.(\d+)", said)
    if version is None:
        raise ProcessorsError(f"{QEMU} --version does not say which it is: {said.strip()}")
    return tuple(map(int, version.groups()))


def make_project(project: Path, steps: int, batch: int) -> None:
    """Copy the project, make its data and its model, and record its operations."""
    from spoken_digits.params import parse_yaml  # takes a while, and --help need not wait

    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", project)
    # Noise at one level, where an emulator would take minutes for all four.
    robustness = project / "src" / "spoken_digits" / "evaluation" / "robustness.py"
    code, once = re.subn(r"(?m)^SNRS_DB = .*", "SNRS_DB = (10,)", robustness.read_text("utf-8"))
    assert once == 1
    robustness.write_text(code, encoding="utf-8")
    params = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"))
    changes = {**PARAMS, "train.batch_size": batch}
    if steps:
        changes["train.epoch_size"] = epoch_size(steps, batch)
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


def epoch_size(steps: int, batch: int) -> int:
    """Return the pictures in so many steps, or the fewest that params.yaml allows, 64."""
    return max(steps * batch, 64)


def on_processor(
    here: Path,
    processor: str,
    version: tuple[int, ...],
    steps: int,
    batch: int,
    stages: Sequence[str],
) -> dict[str, dict[str, str]]:
    """Compare everything on one emulated processor."""
    emulate = [QEMU, "-cpu", processor, sys.executable]
    wrapper = here.parent / f"python-{processor}"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(emulate)} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    there = here.parent / processor
    # Without what was written here, so that nothing can be compared with itself.
    written_here = ("data", "models", "metrics", ".checkpoints", "*.pt")
    shutil.copytree(here, there, ignore=shutil.ignore_patterns(*written_here))

    def stage(name: str) -> None:
        workers = ["--workers", "1"] if name in HAS_WORKERS else []
        run([*emulate, "-c", EMULATED, str(wrapper), f"src/{name}.py", *workers], there)

    verdicts: dict[str, dict[str, str]] = {"operations": {}, "stages": {}, "training": {}}
    for recorded in ("train.pt", "evaluate.pt"):
        replay = [str(ROOT / "tools" / "operations.py"), "replay", str(here / recorded)]
        lines = run([*emulate, *replay], here).splitlines()
        if not lines:
            raise ProcessorsError(f"{recorded}: no operation was recorded, so none is compared")
        for name, verdict in by_operation(map(json.loads, lines)).items():
            if name == BROKEN_IN_OLD_QEMU and version < (8, 0):
                verdict = "left out: wrong in QEMU 7"
            if verdicts["operations"].get(name, "same") == "same":
                verdicts["operations"][name] = verdict
    (there / WEIGHTS).parent.mkdir(exist_ok=True)
    shutil.copy(here / WEIGHTS, there / WEIGHTS)
    shutil.copytree(here / "metrics" / "train", there / "metrics" / "train")
    for name in stages:
        stage(name)
    for name in stages:
        verdicts["stages"][name] = compared(written(here, name), written(there, name))
    if steps:
        (there / WEIGHTS).unlink()
        stage("train")
        taken = epoch_size(steps, batch) // batch
        verdicts["training"][f"weights after {taken} steps"] = compared(
            digests(here, WEIGHTS), digests(there, WEIGHTS)
        )
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


def written(project: Path, stage: str) -> dict[str, str]:
    """Return the files that a stage wrote, by name, and their digests.

    Raises ProcessorsError if one of the outputs that dvc.yaml lists is not there.
    """
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    listed = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, [])]
    paths = [out if isinstance(out, str) else next(iter(out)) for out in listed]
    found: dict[str, str] = {}
    for path in paths:
        files = digests(project, path)
        if not files:
            raise ProcessorsError(f"{stage}: did not write {path} in {project.name}")
        found |= files
    return found


def digests(project: Path, path: str) -> dict[str, str]:
    """Return the digest of a file, or of each in a folder, by name in the project."""
    place = project / path
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return {
        file.relative_to(project).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def compared(expected: Mapping[str, str], got: Mapping[str, str]) -> str:
    """Return "same", or the first file that is another one, or is in one of the two alone."""
    bad = [file for file in sorted({*expected, *got}) if expected.get(file) != got.get(file)]
    return f"DIFFERS: {bad[0]}" if bad else "same"


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder; return what it prints. Raises ProcessorsError if it fails."""
    finished = subprocess.run(
        command,
        cwd=folder,
        env=environment() | {"PYTHONPATH": "src", "SPOKEN_DIGITS_KEPT": "none"},
        capture_output=True,
        text=True,
    )
    if finished.returncode != 0:
        said = [line for line in finished.stderr.splitlines() if "TCG doesn't support" not in line]
        raise ProcessorsError(f"{' '.join(command[:6])}: {' '.join(said[-3:])}")
    return finished.stdout


def environment() -> dict[str, str]:
    """Return the caller's environment for an emulated processor.

    OpenBLAS is left to choose its kernels: those that OPENBLAS_CORETYPE names for this machine may
    be instructions that the emulated one lacks. Threads do not spin while they wait: emulated, they
    take the time of those that work.
    """
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    return kept | {"OMP_WAIT_POLICY": "PASSIVE"}


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
    run_script(main)
