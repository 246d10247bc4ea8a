"""Measure the data path on a stand-in for AudioMNIST and write the tables into README.md.

Stages: download, spectrogram, split and loading the training tensor, each alone with warm files,
beside librosa, the ancestor's recipe and the floor in the same run; and where the time goes.
--growth: the spectrogram stage on 3,000 to 100,000 clips. --dvc: what DVC adds to a rebuild, and
how long it takes to see that there is nothing to do. The README is written by a full run only;
smaller ones print. Needs benchmarks/requirements.txt, 5 GB of disk (--growth: 10) and a machine
that does nothing else.
"""

import argparse
import datetime
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import joblib
import psutil
import yaml
from measure import CommandError, Cost, measure
from tqdm import tqdm

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
README = HERE.parent / "README.md"
PROJECT = (
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvcignore",
    ".gitattributes",
    ".gitignore",
    "constraints.txt",
    "data/no-folder",
    "dvc.yaml",
    "params.yaml",
    "requirements.txt",
)
FULL = 30_000
CLIPS_A_TAKE = 600  # 60 speakers x 10 digits
GROWTH = (3_000, 10_000, 30_000, 100_000)
ROUNDS = 3
GROWTH_ROUNDS = 5  # short runs, which scatter more
LOAD = (
    "from pathlib import Path; from spoken_digits.dataset.images import load_images; "
    "from spoken_digits.dataset.split_file import read_split; "
    "split = read_split(Path('data/split.csv')); "
    "print(load_images(Path('data/spectrograms'), split.recordings).shape)"
)
SHIM = """#!/bin/sh
start=$(date +%s.%N)
"{python}" "$@"
code=$?
echo "$(date +%s.%N) $start $*" >> "{log}"
exit $code
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--clips",
        type=int,
        default=FULL,
        help=f"clips of the stand-in, a multiple of {CLIPS_A_TAKE} (default: %(default)s)",
    )
    parser.add_argument("--growth", action="store_true", help="measure growth too")
    parser.add_argument("--dvc", action="store_true", help="measure DVC's share too; trains once")
    parser.add_argument(
        "--directory", type=Path, help="where to work, kept afterwards (default: a temporary one)"
    )
    arguments = parser.parse_args()
    if arguments.clips % CLIPS_A_TAKE or not CLIPS_A_TAKE <= arguments.clips <= FULL:
        parser.error(f"--clips {arguments.clips}: a multiple of {CLIPS_A_TAKE} up to {FULL:,}")
    sections: list[tuple[str, Callable[[Path, int], str]]] = [("stages", stages)]
    if arguments.growth:
        sections.append(("growth", growth))
    if arguments.dvc:
        sections.append(("dvc", dvc_share))
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        directory = (arguments.directory or Path(temporary)).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        for name, section in sections:
            text = f"{conditions(arguments.clips)}\n\n{section(directory, arguments.clips)}"
            print(f"\n{text}\n", flush=True)
            if arguments.clips == FULL:
                publish(name, text)


def stages(directory: Path, clips: int) -> str:
    """Run each stage alone, then what it is compared with, several rounds in turn."""
    project = stand_in_project(directory, clips)
    raw, sheets = project / "data/raw", directory / "other"
    env = environment(directory)
    costs = {"download": measure(python("src/download.py"), project, env)}
    warm(raw)
    programs = {
        "spectrogram": python("src/spectrogram.py"),
        "floor": python(HERE / "floor.py", raw, sheets),
        "floor, arrays reused": python(HERE / "floor.py", raw, sheets, "--reuse"),
        "librosa": python(HERE / "librosa_mel.py", raw, sheets),
        "librosa, mel filters made once": python(
            HERE / "librosa_mel.py", raw, sheets, "--filters-once"
        ),
    }
    rounds: dict[str, list[Cost]] = {name: [] for name in programs}
    for _ in tqdm(range(ROUNDS), desc="spectrogram, floor, librosa", disable=None):
        for name, command in programs.items():
            rounds[name].append(measure(command, project, env))
            shutil.rmtree(sheets, ignore_errors=True)
    costs |= {name: median_run(runs) for name, runs in rounds.items()}
    costs["split"] = measure(python("src/split.py"), project, env)
    try:
        costs["load the training tensor"] = measure(python("-c", LOAD), project, env)
    except CommandError as error:
        print(error, file=sys.stderr)
    first = min(raw.glob("*/*.zip"))
    seconds = measure(python(HERE / "ancestor.py", first, sheets), project, env).output
    ancestor = statistics.mean(map(float, re.findall(r"^\d+\.\d+$", seconds, re.MULTILINE)))

    def ratio(slower: str, faster: str) -> float:
        pairs = zip(rounds[slower], rounds[faster], strict=True)
        ratios: list[float] = [one.wall / other.wall for one, other in pairs]
        return statistics.median(ratios)

    ours = costs["spectrogram"].wall
    names = ["download", "spectrogram", "split", "load the training tensor"]
    names += list(programs)[1:]
    lines = [
        "| what | clips/s | wall, s | CPU, s | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
        *(row(name, clips, costs[name]) for name in names if name in costs),
        f"| the ancestor's recipe | {1 / ancestor:.3f} | {ancestor * clips:,.0f} "
        f"({ancestor:.2f} a clip) | | |",
        "",
        f"Spectrogram, floor and librosa: the median of {ROUNDS} rounds in turn. The spectrogram "
        f"stage takes {ratio('spectrogram', 'floor'):.2f} x the floor, "
        f"{ratio('spectrogram', 'floor, arrays reused'):.2f} x the one with arrays reused; "
        f"librosa takes {ratio('librosa', 'spectrogram'):.1f} x as long as the stage, "
        f"{ratio('librosa, mel filters made once', 'spectrogram'):.1f} x with its mel filters made "
        "once, the ancestor's recipe (one process, by 5 clips) "
        f"{ancestor * clips / ours:,.0f} x.",
        "",
        "Where the time goes, one shard in one process (milliseconds of CPU a clip):",
        "",
        "| step | ms |",
        "|---|---:|",
    ]
    for line in measure(python(HERE / "steps.py", first), project, env).output.splitlines():
        step, milliseconds = line.split("\t")
        lines.append(f"| {step} | {float(milliseconds):.3f} |")
    return "\n".join(lines)


def growth(directory: Path, clips: int) -> str:
    """Run the spectrogram stage on more and more speakers, warm, and compare a clip's share."""
    takes = max(1, 50 * clips // FULL)
    shutil.rmtree(directory / "growth", ignore_errors=True)  # speakers of an earlier run
    start, _ = converted(directory / "start", speakers=2, takes=1)
    lines = [
        f"Starting takes {start.wall:.2f} s: the stage on 20 clips. The last column is without it.",
        "",
        "| clips | wall, s | CPU, s | peak memory, MB | wall a clip, ms | without the start, ms |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for wanted in (count * takes // 50 for count in GROWTH):
        cost, memory = converted(directory / "growth", wanted // (10 * takes), takes)
        lines.append(
            f"| {wanted:,} | {cost.wall:.2f} | {cost.cpu:.2f} | {memory / 1e6:.0f} | "
            f"{cost.wall / wanted * 1000:.3f} | {(cost.wall - start.wall) / wanted * 1000:.3f} |"
        )
    return "\n".join(lines)


def converted(project: Path, speakers: int, takes: int) -> tuple[Cost, int]:
    """Return the spectrogram stage's median run on so many speakers, and its largest memory."""
    raw = bare_project(project) / "data/raw/audiomnist"
    make = python(HERE / "make_shards.py", raw, "--takes", takes, "--speakers", speakers)
    subprocess.run(make, env=environment(project), check=True)
    warm(raw.parent)
    runs = [
        measure(python("src/spectrogram.py"), project, environment(project))
        for _ in range(GROWTH_ROUNDS)
    ]
    return median_run(runs), max(run.memory for run in runs)


def median_run(runs: list[Cost]) -> Cost:
    """Return the run whose wall time is the median."""
    return sorted(runs, key=lambda run: run.wall)[len(runs) // 2]


def dvc_share(directory: Path, clips: int) -> str:
    """Rebuild all stages with dvc repro; what the scripts do not account for is DVC's."""
    project = stand_in_project(directory, clips)
    shutil.rmtree(project / "data", ignore_errors=True)
    for command in (
        ("git", "init", "--quiet"),
        ("git", "add", "."),
        ("git", "commit", "--quiet", "-m", "The project on a stand-in for AudioMNIST"),
    ):
        measure(command, project, environment(directory))
    log = directory / "scripts.log"
    log.unlink(missing_ok=True)
    shim = directory / "bin/python"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(SHIM.format(python=sys.executable, log=log), encoding="utf-8", newline="\n")
    shim.chmod(0o755)
    path = os.pathsep.join((str(shim.parent), str(Path(sys.executable).parent), os.environ["PATH"]))
    env = environment(directory) | {"PATH": path}
    full = measure(("dvc", "repro", "--force"), project, env)
    scripts = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        end, start, script = line.split(maxsplit=2)
        scripts[script] = float(end) - float(start)
    rest = full.wall - sum(scripts.values())
    nothing = sorted(measure(("dvc", "repro"), project, env).wall for _ in range(ROUNDS))
    return "\n".join(
        [
            "| what | wall, s |",
            "|---|---:|",
            *(f"| `python {script}` | {wall:.1f} |" for script, wall in scripts.items()),
            f"| DVC: everything else of `dvc repro --force` | {rest:.1f} |",
            f"| all of it | {full.wall:.1f} |",
            f"| `dvc repro` with nothing to do, median of {ROUNDS} | {nothing[ROUNDS // 2]:.2f} |",
            "",
            f"DVC's share of the full rebuild: {rest / full.wall:.1%}.",
        ]
    )


def stand_in_project(directory: Path, clips: int) -> Path:
    """Return a copy of this project whose corpus is the stand-in, made if it is not there yet."""
    mirror = directory / f"mirror-{clips}"
    if not (mirror / "audiomnist-speakers.csv").exists():
        takes = clips // CLIPS_A_TAKE
        command = python(HERE / "make_audiomnist.py", mirror, "--takes", takes)
        subprocess.run(command, env=environment(directory), check=True)
    project = bare_project(directory / "project")
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    params["corpora"] = ["audiomnist"]
    params["download"]["audiomnist"]["archive"] = str(next(mirror.glob("*.zip")))
    params["download"]["audiomnist"]["digests"] = str(mirror / "audiomnist-speakers.csv")
    params["validate"]["min_per_word"] = 1
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8", newline="\n")
    return project


def bare_project(project: Path) -> Path:
    """Copy this project's code and settings, without data, cache or history."""
    shutil.copytree(
        ROOT / "src",
        project / "src",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in PROJECT:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    (project / "models").mkdir(exist_ok=True)
    return project


def environment(directory: Path) -> dict[str, str]:
    """Return an environment that leaves the user's caches and settings alone."""
    return os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "SPOKEN_DIGITS_CACHE": str(directory / "cache"),
        "SPOKEN_DIGITS_KEPT": "none",  # every round is to do the work
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(directory / "dvc-site"),
        "GIT_AUTHOR_NAME": "bench",
        "GIT_AUTHOR_EMAIL": "bench@example.org",
        "GIT_COMMITTER_NAME": "bench",
        "GIT_COMMITTER_EMAIL": "bench@example.org",
    }


def python(*arguments: str | Path | int) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def warm(raw: Path) -> None:
    """Read every shard, so that the system holds it in memory."""
    for shard in raw.glob("*/*.zip"):
        with shard.open("rb") as file:
            while file.read(1 << 24):
                pass


def row(name: str, clips: int, cost: Cost) -> str:
    rate = clips / cost.wall
    return f"| {name} | {rate:,.0f} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory / 1e6:.0f} |"


def conditions(clips: int) -> str:
    """Say when, where and how this was measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (match := re.search(r"model name\s*: (.+)", info.read_text())):
        cpu = match[1]
    memory = psutil.virtual_memory().total / 2**30
    command = " ".join(["python benchmarks/speed/bench.py", *sys.argv[1:]])
    return (
        f"{datetime.date.today()}, {clips:,} clips, {joblib.cpu_count()} cores ({cpu}), "
        f"{memory:.0f} GB, {platform.system()}, Python {platform.python_version()}; `{command}`"
    )


def publish(section: str, text: str) -> None:
    """Put a section's text between its markers in README.md."""
    start, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    before, rest = README.read_text(encoding="utf-8").split(start)
    after = rest.split(end)[1]
    README.write_text(f"{before}{start}{text}\n{end}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
