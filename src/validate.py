"""Stage validate: test the data before a network learns from it.

Checks labels, speakers and duplicates across subsets, silence, noise, clipping, words cut off,
sample rates, durations and pictures against validate in params.yaml; counts what the download stage
left out. Writes metrics/validate.json; fails, naming recordings, if a bound is passed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start, workers_option

_WORK = "look, a shard at a time each"
arguments, params = start(__doc__, options={"--workers": workers_option(_WORK)})

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from spoken_digits import kept
from spoken_digits.dataset.checks import (
    Look,
    as_metrics,
    explain,
    facts_key,
    join_facts,
    keep_facts,
    known_facts,
    run_checks,
    shard_facts,
)
from spoken_digits.dataset.split_file import read_split, read_wrong_labels
from spoken_digits.errors import UserError
from spoken_digits.files import write_text
from spoken_digits.shards import list_shards
from spoken_digits.workers import run_tasks

RAW, SPECTROGRAMS, SPLIT = Path("data/raw"), Path("data/spectrograms"), Path("data/split.csv")
SKIPPED = RAW / "skipped.csv"
METRICS = Path("metrics/validate.json")


class DataError(UserError):
    """Data that a network should not learn from."""


def main() -> None:
    words = params.words.labels
    split, wrong_labels = read_split(SPLIT), read_wrong_labels(SPLIT)
    code = kept.code_digest("dataset", "sound")
    shards = list_shards(RAW)
    pictures = [SPECTROGRAMS / shard.relative_to(RAW) for shard in shards]
    with ThreadPoolExecutor() as threads:  # hashing
        keys = list(threads.map(facts_key, shards, pictures, repeat(code)))
    tasks = list(map(Look, shards, pictures, keys))
    facts = join_facts(
        run_tasks(
            shard_facts,
            tasks,
            workers=arguments.workers,
            label="validate",
            unit="shard",
            known=known_facts,
            keep=keep_facts,
            scheduler=params.compute.scheduler,
        )
    )
    kept.trim()
    findings = run_checks(
        split, wrong_labels, facts, params.validate_, params.split, words, read_skipped(SKIPPED)
    )
    write_text(METRICS, json.dumps(as_metrics(split, facts, findings, words), indent=2) + "\n")
    failed = [finding for finding in findings if finding.failed]
    noted = [finding for finding in findings if finding.number and not finding.failed]
    if noted:
        print(f"within bounds:\n{explain(noted)}")
    if failed:
        raise DataError(
            f"{len(failed)} of {len(findings)} data tests failed on data/raw and {SPLIT}:\n"
            f"{explain(failed)}\n"
            "Mend the data, or, if it is as it should be, the bounds under validate in params.yaml"
        )
    print(f"{METRICS}: {len(facts.recordings):,} recordings pass {len(findings)} tests")


def read_skipped(path: Path) -> list[str]:
    """Return a line for each file that the download stage left out; none if there is no table."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            f"{corpus}: {name}: {reason}" for corpus, name, reason in list(csv.reader(file))[1:]
        ]


if __name__ == "__main__":
    run(main)
