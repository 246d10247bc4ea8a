"""Measure what one more speaker costs, and one corrected recording, up to the split.

A folder of recordings by 60 speakers, the stand-in for AudioMNIST of make_audiomnist.py, goes
through download, spectrogram and split from nothing; then a speaker is added, then a recording is
corrected. With --archive they are in AudioMNIST's archive instead, and download.audiomnist.speakers
names all but the last of its speakers, then all. At the end another project makes everything from
nothing, and its data must be the same bytes. Prints a table. Needs 10 GB of disk for 50 takes, and
a machine that does nothing else.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import joblib
import yaml
from bench import bare_project, environment
from make_audiomnist import RATE, SPEAKERS, say, speaker_recordings
from measure import Cost, measure

from spoken_digits.errors import run_script
from spoken_digits.sound.decode import wav_bytes

ONE_MORE = "61"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--takes", type=int, default=50, help="of each digit, 1-50 (50)")
    parser.add_argument("--speakers", type=int, default=60, help="1-60 (60)")
    parser.add_argument("--archive", action="store_true", help="AudioMNIST's, not a folder")
    parser.add_argument("--keep", default="", metavar="DIR|none", help="SPOKEN_DIGITS_KEPT")
    parser.add_argument("--cache-type", help="DVC's cache.type, if not this project's")
    parser.add_argument("--persist", action="store_true", help="persist: true, to compare")
    parser.add_argument("--into", type=Path, help="where to work, else in a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="only-new-", dir=options.into) as name:
        measure_all(Path(name), options)


def measure_all(work: Path, options: argparse.Namespace) -> None:
    """Measure every step in ``work``, an empty folder, and print the table."""
    print("| what | wall, s | share | CPU, s | share |")
    print("|---|---:|---:|---:|---:|")
    project = (of_an_archive if options.archive else of_a_folder)(work, options)
    fresh = work / "fresh"
    made = ("raw", "spectrograms", "split.csv", "cache", "tmp")
    shutil.copytree(project, fresh, ignore=shutil.ignore_patterns(*made))
    repro(fresh, work / "other", "none")
    same = subprocess.run(["diff", "-r", project / "data", fresh / "data"]).returncode == 0
    print("\nthe same bytes as from nothing" if same else "\nFAILED: other bytes than from nothing")
    sys.exit(not same)


def of_an_archive(work: Path, options: argparse.Namespace) -> Path:
    """Measure a corpus in one archive, whose speakers a parameter names; return the project."""
    script = Path(__file__).with_name("make_audiomnist.py")
    command = [sys.executable, str(script), str(work), "--takes", str(options.takes)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    settings = {
        "archive": str(next(work.glob("*.zip"))),
        "digests": str(work / "audiomnist-speakers.csv"),
        "speakers": [int(speaker) for speaker in SPEAKERS[:-1]],
    }
    project = prepare(work / "project", "audiomnist", settings, options)
    first = repro(project, work, options.keep)
    show("everything but the last speaker, from nothing", first, first)
    show("nothing to do", repro(project, work, options.keep), first)
    change_params(project, "audiomnist", {"speakers": "all"})
    show("one speaker added", repro(project, work, options.keep), first)
    return project


def of_a_folder(work: Path, options: argparse.Namespace) -> Path:
    """Measure a corpus in a folder of the user's; return the project."""
    folder = work / "recordings"
    speakers = SPEAKERS[: options.speakers]
    made = joblib.Parallel(n_jobs=-1, return_as="generator")(
        joblib.delayed(speaker_recordings)(speaker, options.takes) for speaker in speakers
    )
    for speaker, recordings in zip(speakers, made, strict=True):
        write(folder / speaker, recordings)
    project = prepare(work / "project", "folder", {"path": str(folder)}, options)
    first = repro(project, work, options.keep)
    show("everything, from nothing", first, first)
    show("nothing to do", repro(project, work, options.keep), first)
    write(folder / ONE_MORE, speaker_recordings(ONE_MORE, options.takes))
    show("one speaker added", repro(project, work, options.keep), first)
    corrected = folder / speakers[0] / f"7_{speakers[0]}_0.wav"
    corrected.write_bytes(wav_bytes(say(int(speakers[0]), 7, 999), RATE))
    show("one recording corrected", repro(project, work, options.keep), first)
    return project


def prepare(
    project: Path, corpus: str, settings: Mapping[str, object], options: argparse.Namespace
) -> Path:
    """Return a copy of this project, under Git, of one corpus with settings of its own."""
    bare_project(project)
    change_params(project, corpus, settings)
    if options.persist:
        text = (project / "dvc.yaml").read_text(encoding="utf-8")
        for out in ("data/raw", "data/spectrograms"):
            text = text.replace(f"outs: [{out}]", f"outs: [{out}: {{persist: true}}]")
        (project / "dvc.yaml").write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    if options.cache_type:
        command = [sys.executable, "-m", "dvc", "config", "cache.type", options.cache_type]
        subprocess.run(command, cwd=project, check=True)
    return project


def change_params(project: Path, corpus: str, settings: Mapping[str, object]) -> None:
    """Ask for one corpus alone, with settings of its section of params.yaml."""
    file = project / "params.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))
    params["corpora"] = [corpus]
    params["download"][corpus] |= settings
    file.write_text(yaml.safe_dump(params), encoding="utf-8")


def write(folder: Path, recordings: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in recordings.items():
        (folder / name).write_bytes(content)


def repro(project: Path, caches: Path, keep: str) -> Cost:
    """Return what the three stages cost; caches of its own lie in ``caches``."""
    caches.mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = environment(caches) | {"SPOKEN_DIGITS_KEPT": keep, "PATH": path}
    command = [sys.executable, "-m", "dvc", "repro", "spectrogram", "split"]
    return measure(command, project, env)


def show(what: str, cost: Cost, first: Cost) -> None:
    print(
        f"| {what} | {cost.wall:.1f} | {cost.wall / first.wall:.1%} "
        f"| {cost.cpu:.1f} | {cost.cpu / first.cpu:.1%} |",
        flush=True,
    )


if __name__ == "__main__":
    run_script(main)
