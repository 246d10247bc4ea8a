"""Break the project on purpose, and see that nothing is lost, half done or left unsaid.

Runs the real pipeline and programs in temporary projects, does them harm, and prints a table:
fault, times tried, outcome, files lost. Whatever the fault, a program works, or ends with an exit
code and a sentence that names the file or the key; it shows no traceback, leaves no half or
temporary file, and changes nothing that was there. A line below the table says what did not, and
how to do it again. Exits 0 if all is well, 1 if not.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits import arithmetic
from spoken_digits.errors import run_script

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # which it builds on

if TYPE_CHECKING:
    from campaign.rule import Outcome, Try

KINDS = {
    "archives": "cut short, bits flipped, members that lead out, bombs, links, odd names",
    "recordings": "every subtype of libsndfile, lengths, rates, channels; shards, PNG, CSV damaged",
    "models": "ONNX, weights and checkpoints damaged, of other shapes, of other programs",
    "params_values": "values of every key of params.yaml",
    "network": "refused, broken, slow, lying, redirected; a server on this machine",
    "live": "standard input and output; stopped for a while; the microphone gone and back",
    "machines": "full and read-only disks, little memory, few files; needs root",
    "kills": "kill -9, Ctrl-C, a worker killed, two dvc repro; then dvc repro is right",
}
GUESS_S = 1.0  # that a try takes, until it has ended
_tries: Sequence["Try"] = ()  # which the workers, forks of this process, do by their numbers

EXAMPLES = """
kinds:
{kinds}

examples:
  make faults                                        all kinds, a quarter of an hour
  make faults ARGS='--only archives --only network'  two kinds
  make faults ARGS='--seed 7 --minutes 60'           other cuts, flips and moments, and more of them
  make faults ARGS='--tries 2'                       no more than two of each fault
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES.format(kinds="\n".join(f"  {k:14}{what}" for k, what in KINDS.items())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="KIND", choices=KINDS, action="append", help="see below")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (0)")
    parser.add_argument("--minutes", type=float, default=13, help="begin no try after these (13)")
    parser.add_argument("--tries", type=int, metavar="N", help="of each fault, at most")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        default=os.cpu_count(),
        help="tries at once (one a core)",
    )
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="add each outcome to it, and do none again"
    )
    options = parser.parse_args()
    arithmetic.pin_numpy()  # before it is imported
    signal.signal(signal.SIGINT, signal.default_int_handler)  # inherited
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        tries = plan(options.only or KINDS, options.seed, Path(folder), options.tries)
        return campaign(
            tries, Path(folder), options.minutes * 60, options.workers or 1, options.save
        )


def plan(kinds: Iterable[str], seed: int, folder: Path, most: int | None) -> list["Try"]:
    """Return the tries of some kinds, at most so many of each fault."""
    tries: dict[str, list[Try]] = defaultdict(list)
    for kind in kinds:
        module = importlib.import_module(f"campaign.{kind}")
        for one in module.tries(random.Random(f"{seed} {kind}"), folder):
            tries[one.fault].append(one)
    for fault, ones in tries.items():
        random.Random(f"{seed} {fault}").shuffle(ones)  # some of all, if there is no time for all
    return [one for ones in tries.values() for one in ones[:most]]


def campaign(
    tries: Sequence["Try"],
    folder: Path,
    seconds: float,
    workers: int = 1,
    save: Path | None = None,
) -> int:
    """Do the tries and print the table, a row as soon as its fault is done with.

    The fault that has taken least time so far comes next: where time is short, each has its share.
    """
    from tqdm import tqdm

    global _tries
    _tries = tries
    known = read(save, tries)
    waiting: dict[str, deque[int]] = defaultdict(deque)
    planned = Counter(one.fault for one in tries)
    done: dict[str, list[tuple[Try, Outcome | str]]] = defaultdict(list)
    for number, one in enumerate(tries):
        if number in known:
            done[one.fault].append((one, known[number]))
        else:
            waiting[one.fault].append(number)
    spent = dict.fromkeys(planned, 0.0)
    running: dict[Future[tuple[Outcome | str, float]], int] = {}
    width = max(map(len, planned), default=0)
    print(f"{'fault':{width}}  {'tried':>11}  {'lost':>4}  outcome", flush=True)
    began = time.monotonic()
    with (
        ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool,
        tqdm(total=len(tries), initial=len(known), unit=" tries", disable=None) as bar,
    ):
        while True:
            while waiting and len(running) < workers and time.monotonic() < began + seconds:
                fault = min(waiting, key=lambda name: spent[name])
                number = waiting[fault].popleft()
                if not waiting[fault]:
                    del waiting[fault]
                bar.set_description(fault)
                running[pool.submit(timed, number, folder / f"try-{number}")] = number
                spent[fault] += GUESS_S
            if not running:
                break
            for ended in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(ended)
                one = tries[number]
                outcome, took = ended.result()
                spent[one.fault] += took - GUESS_S
                done[one.fault].append((one, outcome))
                write(save, one, outcome, took)
                bar.update()
                if len(done[one.fault]) == planned[one.fault]:
                    line = row(one.fault, width, planned[one.fault], done[one.fault])
                    bar.write(line, file=sys.stdout)
                    sys.stdout.flush()
    for fault, count in planned.items():
        if len(done[fault]) < count:
            print(row(fault, width, count, done[fault]))
    return summary(done, len(tries), time.monotonic() - began)


def timed(number: int, folder: Path) -> tuple["Outcome | str", float]:
    """Do one of the tries; return how it ended and how long it took, s."""
    start = time.monotonic()
    return attempt(_tries[number], folder), time.monotonic() - start


def read(save: Path | None, tries: Sequence["Try"]) -> dict[int, "Outcome | str"]:
    """Return the outcomes of tries that were saved."""
    from campaign.rule import Outcome

    found: dict[int, Outcome | str] = {}
    if save is None or not save.exists():
        return found
    numbers = {(one.fault, one.case): number for number, one in enumerate(tries)}
    for line in save.read_text(encoding="utf-8").splitlines():
        fault, case, outcome, _ = json.loads(line)
        number = numbers.get((fault, case))
        if number is not None:
            found[number] = outcome if isinstance(outcome, str) else Outcome(*outcome)
    return found


def write(save: Path | None, one: "Try", outcome: "Outcome | str", took: float) -> None:
    """Save an outcome as a line of JSON."""
    if save is not None:
        with save.open("a", encoding="utf-8") as file:
            file.write(json.dumps([one.fault, one.case, outcome, round(took, 2)]) + "\n")


def attempt(one: "Try", folder: Path) -> "Outcome | str":
    """Do one try in a folder of its own; return a reason if it cannot be done here."""
    import pytest
    from campaign.rule import Outcome

    folder.mkdir()
    try:
        return one.do(folder)
    except pytest.fail.Exception as failed:
        return Outcome("failed", [str(failed)], [])
    except pytest.skip.Exception as reason:
        return str(reason)
    except Exception:
        return Outcome("failed", [traceback.format_exc()], [])  # the campaign's own mistake
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # something may still be writing


def row(fault: str, width: int, planned: int, done: Sequence[tuple["Try", "Outcome | str"]]) -> str:
    """Return a fault's line of the table."""
    outcomes = [outcome for _, outcome in done if not isinstance(outcome, str)]
    skipped = sorted({outcome for _, outcome in done if isinstance(outcome, str)})
    bad = sum(bool(outcome.wrong or outcome.lost) for outcome in outcomes)
    hows = Counter(outcome.how for outcome in outcomes)
    parts = [f"{count} {how}" for how, count in hows.most_common()]
    parts += [f"{bad} WRONG"] if bad else []
    parts += [f"not tried: {reason}" for reason in skipped]
    lost = len({name for outcome in outcomes for name in outcome.lost})
    tried = f"{len(outcomes)} of {planned}"
    return f"{fault:{width}}  {tried:>11}  {lost:>4}  {', '.join(parts)}"


def summary(
    done: dict[str, list[tuple["Try", "Outcome | str"]]], planned: int, seconds: float
) -> int:
    """Print how many were tried and what was wrong; return the exit code."""
    flat = [
        (one, outcome)
        for ones in done.values()
        for one, outcome in ones
        if not isinstance(outcome, str)
    ]
    bad = [(one, outcome) for one, outcome in flat if outcome.wrong or outcome.lost]
    print(f"{len(flat)} of {planned} tries in {seconds / 60:.1f} minutes; {len(bad)} were wrong")
    for one, outcome in bad:
        print(f"\n{one.fault}: {one.case}")
        for text in outcome.wrong:
            print(f"  {text}")
        if outcome.lost:
            print(f"  lost: {', '.join(outcome.lost[:10])}")
    return int(bool(bad))


if __name__ == "__main__":
    run_script(main)
