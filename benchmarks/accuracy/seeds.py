"""How far apart the default's metrics are from seed to seed: what tools/verify.py may tolerate.

Trains and evaluates params.yaml with other seeds on the data that is there (dvc repro first), one
after the other, and puts them beside the committed metrics. Where arithmetic differs, as on arm64,
a rebuilt model is as far from the committed one as another seed's, so a metric is allowed 3 x the
standard deviation of the difference between two seeds, sqrt(2) x that of one. About 3 minutes a
seed; the working tree is left alone.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
METRICS = ("accuracy", "macro_f1", "speaker.mean", "robustness.mean", "rejection.auroc")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, default=4, help="other seeds than the committed one (%(default)s)"
    )
    count = parser.parse_args().seeds
    if count < 2:
        parser.error(f"--seeds {count}: 2 or more, or there is no spread")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    committed = params["train"]["seed"]
    seeds = [seed for seed in range(count + 1) if seed != committed][:count]
    runs = [json.loads((ROOT / "metrics/evaluate.json").read_text(encoding="utf-8"))]
    for seed in tqdm(seeds, unit="seed", disable=None):
        params["train"]["seed"] = seed
        runs.append(evaluated(params))
    print(f"| metric | seeds {', '.join(map(str, [committed, *seeds]))} | deviation | allowed |")
    print("|---|---|---:|---:|")
    for metric in METRICS:
        values = [value(run, metric) for run in runs]
        deviation = statistics.stdev(values)
        shown = ", ".join(f"{one:.4f}" for one in values)
        print(f"| {metric} | {shown} | {deviation:.4f} | {3 * 2**0.5 * deviation:.4f} |")


def evaluated(params: dict[str, object]) -> dict[str, object]:
    """Train and evaluate with these parameters beside the project, on its data."""
    with tempfile.TemporaryDirectory(prefix="seeds-") as temporary:
        project = Path(temporary)
        (project / "data").symlink_to(ROOT / "data")
        for folder in ("models", "metrics"):
            (project / folder).mkdir()
        (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        for script in ("train.py", "evaluate.py"):
            command = [sys.executable, str(ROOT / "src" / script)]
            finished = subprocess.run(command, cwd=project, capture_output=True, text=True)
            if finished.returncode != 0:
                sys.exit(f"error: {script}: {finished.stderr.strip()}")
        metrics: dict[str, object] = json.loads(
            (project / "metrics/evaluate.json").read_text(encoding="utf-8")
        )
    return metrics


def value(metrics: object, name: str) -> float:
    """Return a nested metric by its dotted name."""
    for key in name.split("."):
        assert isinstance(metrics, dict)
        metrics = metrics[key]
    assert isinstance(metrics, float)
    return metrics


if __name__ == "__main__":
    main()
