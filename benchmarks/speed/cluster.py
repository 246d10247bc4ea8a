"""Pictures a second: two workers of a Dask cluster, one core each, beside two processes without it.

    PYTHONPATH=src:benchmarks/speed python benchmarks/speed/cluster.py

The stage spectrogram takes the pictures of generated recordings of 48 kHz, in turn without and with
a cluster on this machine; both must write the same bytes. The workers stay between the rounds, as
on a cluster; the first round, in which they import what they need, does not count. Needs what
requirements-cluster.txt names, and a machine that does nothing else.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import ROOT, bare_project, environment, python, warm
from measure import measure

from spoken_digits.errors import run_script

SPECTROGRAMS = Path("data/spectrograms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speakers", type=int, default=40, help="a shard each (40)")
    parser.add_argument("--takes", type=int, default=50, help="of each digit (50)")
    parser.add_argument("--rounds", type=int, default=5, help="of each way (5)")
    parser.add_argument("--into", type=Path, help="where to work, else in a temporary folder")
    arguments = parser.parse_args()
    clips = arguments.speakers * arguments.takes * 10
    with tempfile.TemporaryDirectory(prefix="cluster-", dir=arguments.into) as name:
        work = Path(name)
        project = bare_project(work / "project")
        raw = project / "data/raw/audiomnist"
        raw.mkdir(parents=True)
        make = [ROOT / "benchmarks/speed/make_shards.py", raw]
        sizes = ["--speakers", arguments.speakers, "--takes", arguments.takes]
        subprocess.run(python(*make, *sizes), check=True, env=environment(work))
        ratios = []
        with cluster(work) as address:
            for number in range(arguments.rounds + 1):
                warm(project / "data/raw")
                alone, digest = converted(project, work, {})
                there, same = converted(project, work, {"DASK_SCHEDULER_ADDRESS": address})
                if digest != same:
                    sys.exit("the cluster wrote other bytes")
                if number:
                    ratios.append(alone / there)
                    print(
                        f"two processes {clips / alone:,.0f} a second, "
                        f"two workers {clips / there:,.0f}; {ratios[-1]:.3f}",
                        flush=True,
                    )
    print(f"{statistics.median(ratios):.3f} of the speed, the median of {len(ratios)} rounds")


def converted(project: Path, work: Path, extra: dict[str, str]) -> tuple[float, str]:
    """Run the stage; return its wall time, s, and the digest of all that it wrote."""
    cost = measure(python("src/spectrogram.py"), project, environment(work) | extra)
    digest = hashlib.sha256()
    for shard in sorted((project / SPECTROGRAMS).glob("*/*.zip")):
        digest.update(shard.read_bytes())
    return cost.wall, digest.hexdigest()


@contextmanager
def cluster(work: Path) -> Iterator[str]:
    """Start a scheduler and two workers on this machine; yield the scheduler's address."""
    notes = work / "scheduler.json"
    where = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", notes]
    started = [start(work, "-m", "distributed.cli.dask_scheduler", *where)]
    try:
        while not (notes.exists() and notes.read_text().endswith("}")):
            time.sleep(0.1)
            if started[0].poll() is not None:
                sys.exit("the scheduler has ended: is requirements-cluster.txt installed?")
        address: str = json.loads(notes.read_text())["address"]
        worker = [ROOT / "src/worker.py", address, "--no-nanny", "--no-dashboard"]
        started += [start(work, *worker) for _ in range(2)]
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def start(work: Path, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=work,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    run_script(main)
