"""Cross-validate: train a network a fold as DVC experiments, and sum them up in one table.

Every fold is an experiment of its own, with all stages, in DVC's queue (dvc queue status). One
that is there already, from the same code, params and overrides, is not run again, so an
interrupted run goes on where it was.
"""

import argparse
import hashlib
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script

HELP = """
  make folds                                        five speaker-disjoint folds
  make folds ARGS='--five --corpora audiomnist'     AudioMNIST's own five folds
  make folds ARGS='--speakers fsdd --corpora fsdd'  each FSDD speaker left out in turn
  make folds ARGS='--speakers audiomnist --corpora audiomnist
      -S download.audiomnist.speakers=[02,16,34,36]'
  make folds ARGS='--leave-corpus-out --corpora fsdd,speech_commands,espeak
      -S download.speech_commands.archive=speech_commands_subset.tar.gz'
                                                    each of fsdd and speech_commands in turn

--leave-corpus-out tests all of a corpus by a model that is trained on the others: the nearest that
recordings at hand come to strangers. Synthesised corpora (espeak, pico) are always trained on. It
says up to which live.reject at most 2% of digits are lost.

CORPUS_MIRROR reaches the experiments.
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--five", action="store_true", help="five speaker-disjoint folds (the default)"
    )
    kind.add_argument(
        "--speakers", metavar="CORPUS", help="leave out each speaker of a corpus in turn"
    )
    kind.add_argument(
        "--leave-corpus-out",
        action="store_true",
        help="leave out each corpus of --corpora in turn that people speak in",
    )
    parser.add_argument(
        "--corpora",
        metavar="A,B",
        type=lambda text: text.split(","),
        help="train and test on these (default: corpora of params.yaml)",
    )
    parser.add_argument(
        "-S",
        "--set-param",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="another param for every fold, as dvc exp run has it; may be repeated",
    )
    parser.add_argument("--name", help="of the file in metrics/folds (default: from the above)")
    options = parser.parse_args()
    for override in options.set_param:
        if "=" not in override or "," in re.sub(r"\[.*\]|\{.*\}|'.*'|\".*\"", "", override):
            parser.error(f"-S {override}: one KEY=VALUE, and one value a key, is meant")
    if options.speakers and options.corpora and options.speakers not in options.corpora:
        parser.error(f"--speakers {options.speakers}: not among --corpora")
    if options.name and not re.fullmatch(r"[\w.+-]+", options.name):
        parser.error(f"--name {options.name}: letters, digits, dots, pluses and hyphens only")
    return options


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        arguments()

import psutil
import trade_off
from dvc.repo import Repo
from tqdm import tqdm

from spoken_digits.corpora import fsdd
from spoken_digits.dataset.recordings import list_recordings
from spoken_digits.evaluation import experiments
from spoken_digits.evaluation.experiments import ExperimentError
from spoken_digits.evaluation.reported_metrics import rounded
from spoken_digits.files import write_text
from spoken_digits.params import (
    SOURCES,
    SYNTHETIC,
    audiomnist_speakers,
    load_params,
    parse_yaml,
)

FOLDS = Path("metrics/folds")
METRICS, CURVE = "metrics/evaluate.json", "metrics/plots/rejection.json"
CHOSEN = "download.audiomnist.speakers"
POLL_S = 2.0
CHECK_WORKER_S = 20.0


class Fold(NamedTuple):
    """One experiment: what is tested in it, its overrides, and its name, which they decide."""

    tested: str
    overrides: tuple[str, ...]
    experiment: str


Choices = dict[str, tuple[str, ...]]
"""What is tested in each fold, and the overrides that make it so."""


def main() -> int:
    options = arguments()
    experiments.check_git()
    corpora = options.corpora or list(load_params().corpora)
    if options.speakers:
        kind = f"speakers-{options.speakers}"
        chosen = each_speaker(options.speakers, options.set_param)
    elif options.leave_corpus_out:
        kind, chosen = "leave-corpus-out", each_corpus(corpora)
    else:
        kind, chosen = "five", five_folds()
    overrides = [*options.set_param, f"corpora=[{','.join(corpora)}]"]
    folds = plan(chosen, overrides)
    failed = run(folds)
    results = [result for fold in folds if (result := result_of(fold))]
    if results:
        print(table(results))
        if options.leave_corpus_out:
            results = [one | decided_of(one["commit"]) for one in results]
            print(f"\n{decided_table(results)}")
    if len(results) < len(folds):
        missing = [fold for fold in folds if not experiments.find(fold.experiment)]
        for fold in missing:
            why = failed.get(fold.experiment, "it did not run")
            print(f"failed: {fold.tested} ({fold.experiment}): {why}")
        raise UserError(
            f"{len(missing)} of {len(folds)} folds failed; the others are kept. What one printed: "
            f"dvc queue logs {missing[0].experiment}. Mend the cause and run this again"
        )
    name = options.name or f"{kind}-{'+'.join(corpora)}"
    content = summary(kind, overrides, results)
    if options.leave_corpus_out:
        decided = [one["decided"]["accuracy"] for one in results]
        content |= {"decided_mean": statistics.mean(decided), "decided_worst": min(decided)}
        content |= trade_off.summary([one["curve"] for one in results])
    write_text(FOLDS / f"{name}.json", as_json(content))
    print(f"{FOLDS / f'{name}.json'}")
    return 0


def five_folds() -> Choices:
    return {
        str(number): ("split.scheme=fold", "split.leave_out=[]", f"split.fold={number}")
        for number in range(5)
    }


def each_speaker(corpus: str, overrides: Iterable[str]) -> Choices:
    return {
        who: ("split.scheme=takes", f"split.leave_out=[{who}]")
        for who in (f"{corpus}/{speaker}" for speaker in speakers(corpus, overrides))
    }


def each_corpus(corpora: Sequence[str]) -> Choices:
    """Return a fold for each corpus that people speak in. The others train, and validate."""
    recorded = [corpus for corpus in corpora if corpus not in SYNTHETIC]
    if unknown := [corpus for corpus in recorded if corpus not in SOURCES]:
        raise UserError(
            f"--corpora {','.join(corpora)}: {unknown[0]} is no corpus. There are "
            f"{', '.join(SOURCES)}"
        )
    if not recorded or len(corpora) < 2:
        raise UserError(
            f"--leave-corpus-out: of {', '.join(corpora)} none can be left out. Name a corpus that "
            "people speak in and another one to train on, for example --corpora fsdd,espeak"
        )
    return {corpus: ("split.scheme=takes", f"split.leave_out=[{corpus}]") for corpus in recorded}


def plan(chosen: Choices, overrides: list[str]) -> list[Fold]:
    """Return the folds, each with its own overrides beside those of all."""
    changes = hashlib.sha256(experiments.git("diff", "HEAD", "--", ".")).hexdigest()

    def fold(tested: str, *more: str) -> Fold:
        chosen = (*overrides, *more)
        digest = hashlib.sha256("\n".join([changes, *chosen]).encode()).hexdigest()[:8]
        return Fold(tested, chosen, f"fold-{tested.replace('/', '-')}-{digest}")

    return [fold(tested, *more) for tested, more in chosen.items()]


def speakers(corpus: str, overrides: Iterable[str]) -> Iterable[str]:
    """Return a corpus's speakers: known ones, those chosen by params, or those in data/raw."""
    if corpus == "fsdd":
        return fsdd.SPEAKERS
    if corpus == "audiomnist":
        values = dict(override.split("=", 1) for override in overrides)
        if CHOSEN in values:
            try:
                return audiomnist_speakers(parse_yaml(values[CHOSEN]))
            except ValueError as error:
                raise UserError(f"-S {error}") from None
        return load_params().download.audiomnist.speakers
    raw = Path("data/raw")
    found = (
        {one.speaker for one in list_recordings(raw).recordings if one.corpus == corpus}
        if any(raw.glob(f"{corpus}/*.zip"))
        else set()
    )
    if not found:
        raise UserError(
            f"--speakers {corpus}: its speakers are not known, and data/raw holds none. Collect "
            f"them first: dvc exp run -S 'corpora=[{corpus}]' download"
        )
    return sorted(found)


def run(folds: list[Fold]) -> dict[str, str]:
    """Queue and run the folds that are not there yet; return why some failed, by experiment."""
    lacking = [fold for fold in folds if not experiments.find(fold.experiment)]
    if not lacking:
        return {}
    experiments.check_can_run()
    bury_the_dead()
    states = queue_states()
    for fold in tqdm(lacking, desc="queueing", unit="fold", disable=None):
        state = states.get(fold.experiment)
        if state in ("Queued", "Running"):
            continue
        if state:
            experiments.dvc("queue", "remove", fold.experiment)
        overrides = [part for override in fold.overrides for part in ("-S", override)]
        experiments.dvc("exp", "run", "--queue", "--name", fold.experiment, *overrides)
    try:
        wait({fold.experiment for fold in lacking}, len(folds))
    except KeyboardInterrupt:
        print("\nThe queue goes on by itself; to stop it: dvc queue stop --kill. To go on: again")
        raise
    states = queue_states()
    return {
        fold.experiment: why_failed(fold.experiment)
        for fold in lacking
        if states.get(fold.experiment) == "Failed"
    }


def wait(lacking: set[str], total: int) -> None:
    """Work on the queue until none of the experiments waits or runs."""
    experiments.dvc("queue", "start", "-j", "1")
    checked = time.monotonic()
    with tqdm(
        desc="folds", total=total, initial=total - len(lacking), unit="fold", disable=None
    ) as bar:
        while True:
            states = queue_states()
            open_ones = {name for name in lacking if states.get(name) in ("Queued", "Running")}
            bar.n = total - len(open_ones)
            bar.refresh()
            if not open_ones:
                return
            time.sleep(POLL_S)
            if time.monotonic() - checked > CHECK_WORKER_S:
                bury_the_dead()
                experiments.dvc("queue", "start", "-j", "1")  # a worker that was idle has left
                checked = time.monotonic()


def queue_states() -> dict[str, str]:
    """Return what DVC's queue says of each experiment: Queued, Running, Failed or Success."""
    with Repo() as repo:
        entries = repo.experiments.celery_queue.status()
    entries.sort(key=lambda entry: entry["timestamp"])  # of the same name, the last counts
    return {entry["name"]: entry["status"] for entry in entries if entry["name"]}


def bury_the_dead() -> None:
    """Have DVC call failed what runs according to it, although its process is gone.

    A kill -9 or a power cut leaves it so. DVC refuses if the worker still has it in hand.
    """
    with Repo() as repo:
        queue = repo.experiments.celery_queue
        dead = [entry.name for entry in queue.iter_active() if not is_alive(queue, entry.stash_rev)]
    for name in dead:
        with suppress(ExperimentError):
            experiments.dvc("queue", "kill", "--force", name)


def is_alive(queue: Any, stash_rev: str) -> bool:
    """Tell whether an experiment of DVC's queue is worked on."""
    try:
        process = queue.proc[stash_rev]
    except KeyError:  # being set up, or its worker died while it was
        return bool(queue.worker_status())
    return process.returncode is None and psutil.pid_exists(process.pid)


def why_failed(experiment: str) -> str:
    try:
        return experiments.reason(experiments.dvc("queue", "logs", experiment)) or "no reason given"
    except ExperimentError as error:
        return str(error)


def result_of(fold: Fold) -> dict[str, Any] | None:
    """Return a fold's numbers out of its experiment, None if there is none."""
    commit = experiments.find(fold.experiment)
    if commit is None:
        return None
    metrics = json.loads(experiments.read(commit, METRICS))
    kept = {key: metrics[key] for key in ("accuracy", "accuracy_low", "accuracy_high", "n")}
    return {"tested": fold.tested, "experiment": fold.experiment, "commit": commit, **kept}


def decided_of(commit: str) -> dict[str, Any]:
    """Return how the program decides in an experiment, and the trade-off of rejection."""
    decided = json.loads(experiments.read(commit, METRICS))["decided"]
    kept = ("reject", "accuracy", "low", "high", "claimed", "others")
    with tempfile.TemporaryDirectory(prefix="folds-") as place:
        experiments.fetch(commit, Path(place), [CURVE])
        curve = json.loads((Path(place) / CURVE).read_text(encoding="utf-8"))
    return {"decided": {key: decided[key] for key in kept}, "curve": curve}


def decided_table(results: list[dict[str, Any]]) -> str:
    """Return how the program decides in each fold, and what live.reject does in their mean."""
    (reject,) = {one["decided"]["reject"] for one in results}
    as_decided, others = [], []
    for one in results:
        of = one["decided"]
        as_decided.append(
            one
            | {"accuracy": of["accuracy"], "accuracy_low": of["low"], "accuracy_high": of["high"]}
        )
        if of["others"]:
            others.append(
                f"{one['tested']}: {of['claimed']:.2%} of {of['others']:,} other words claimed"
            )
    title = f"As the program decides, with live.reject {reject:g}"
    thresholds = trade_off.lines(trade_off.mean([one["curve"] for one in results]))
    return "\n".join([title, table(as_decided), "", *others, *thresholds])


def as_json(content: dict[str, Any]) -> str:
    """Return JSON with each point of a curve on one line."""
    text = json.dumps(rounded(content), indent=2) + "\n"
    return re.sub(r'\{\s+"threshold":[^{}]*\}', lambda point: " ".join(point[0].split()), text)


def summary(kind: str, overrides: list[str], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return all of metrics/folds/<name>.json. The deviation is the sample's (n - 1)."""
    shares = [result["accuracy"] for result in results]
    return {
        "kind": kind,
        "overrides": overrides,
        "baseline": experiments.git("rev-parse", "HEAD").decode().strip(),
        "mean": statistics.mean(shares),
        "standard_deviation": statistics.stdev(shares) if len(shares) > 1 else None,
        "worst": min(shares),
        "folds": results,
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return a line a fold, then their mean, standard deviation and worst."""
    width = max(len("standard deviation"), *(len(result["tested"]) for result in results))
    lines = [f"{'tested':{width}}  accuracy  95% interval           n"]
    lines += [
        f"{one['tested']:{width}}  {one['accuracy']:8.2%}  "
        f"{one['accuracy_low']:7.2%} to {one['accuracy_high']:7.2%}  {one['n']:6,}"
        for one in results
    ]
    shares = [one["accuracy"] for one in results]
    lines += ["", f"{'mean':{width}}  {statistics.mean(shares):8.2%}"]
    if len(shares) > 1:
        lines.append(f"{'standard deviation':{width}}  {statistics.stdev(shares):8.2%}")
    return "\n".join([*lines, f"{'worst':{width}}  {min(shares):8.2%}"])


if __name__ == "__main__":
    run_script(main)
