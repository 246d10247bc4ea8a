"""Worker processes: the same function over many tasks, one BLAS/OpenMP thread each."""

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from spoken_digits.errors import UserError

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkersError(UserError):
    """Worker processes that cannot be had, or that died."""


def add_workers_option(parser: argparse.ArgumentParser, what_they_do: str) -> None:
    """Let a script's user say how many worker processes it has: ``--workers N``."""
    parser.add_argument(
        "--workers",
        type=int,
        default=joblib.cpu_count(),
        metavar="N",
        help=f"processes that {what_they_do} (default: one a core, %(default)s here)",
    )


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int,
    label: str,
    unit: str,
) -> list[Result]:
    """Apply ``function`` to every task in ``workers`` processes; return results in tasks' order.

    A progress bar with ``label``, counting ``unit``s, goes to stderr if that is a terminal. Each
    worker computes with one thread: two workers x two BLAS threads on two cores are 12 times
    slower than two x one. One worker is this process itself. What ``function`` raises is raised
    here. Raises WorkersError if a worker is killed, as by a machine without memory left.
    """
    if workers < 1:
        raise WorkersError(f"--workers {workers}: must be 1 or more")
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        # No memory maps: tasks are names and settings, results are small.
        parallel = joblib.Parallel(
            n_jobs=min(workers, len(tasks) or 1),
            return_as="generator",
            batch_size=1,
            max_nbytes=None,
        )
        results = parallel(joblib.delayed(function)(task) for task in tasks)
        bar = tqdm(results, desc=label, unit=unit, total=len(tasks), disable=None)
        try:
            return list(bar)
        except TerminatedWorkerError:
            raise WorkersError(
                f"{label}: a worker process was killed, perhaps for want of memory. "
                "Try fewer: --workers 1"
            ) from None
        finally:
            bar.close()
