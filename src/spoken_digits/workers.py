"""Worker processes: the same function over many tasks, one BLAS/OpenMP thread each."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TypeVar

from tqdm import tqdm

from spoken_digits.cluster import FileTask, on_cluster
from spoken_digits.errors import UserError, explain

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkersError(UserError):
    """Worker processes that cannot be had, or that died."""


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None,
    label: str,
    unit: str,
    known: Callable[[Task], Result | None] | None = None,
    keep: Callable[[Task, Result], None] | None = None,
    scheduler: str | None = None,
) -> list[Result]:
    """Apply ``function`` to every task in ``workers`` processes; return results in tasks' order.

    ``known`` gives the result of a task that needs no work, or None. It is asked first, here: if
    all are known, no process is started. ``keep`` is told each result when it is there, so that a
    run that is killed has not worked in vain.
    ``scheduler`` is the address of a Dask cluster that does the work instead, as cluster.py has it;
    None: that in the environment variable DASK_SCHEDULER_ADDRESS, if it is set. Tasks that are
    no ``FileTask`` are done here all the same.
    ``workers`` None is one a core; one worker is this process itself. So it is, with a line on
    standard error, where the system gives processes nothing to share (no /dev/shm). A progress bar
    with ``label``, counting ``unit``s, goes to stderr if that is a terminal. Each worker computes
    with one thread: two workers x two BLAS threads on two cores are 12 times slower than two x one.
    What ``function`` raises is raised here. Raises WorkersError if a worker is killed, as by a
    machine without memory left.
    """
    if workers is not None and workers < 1:
        raise WorkersError(f"--workers {workers}: must be 1 or more")
    found: list[Result | None] = [None] * len(tasks)
    if known is not None:
        with ThreadPoolExecutor(workers or os.cpu_count()) as threads:  # reading and hashing
            found = list(threads.map(known, tasks))
    waiting = [task for task, result in zip(tasks, found, strict=True) if result is None]
    done = len(tasks) - len(waiting)
    scheduler = scheduler or os.environ.get("DASK_SCHEDULER_ADDRESS")
    results = (
        nullcontext(on_cluster(function, waiting, scheduler, label, keep))
        if scheduler and waiting and isinstance(waiting[0], FileTask)
        else _results(partial(_make, function, keep), waiting, workers, label)
    )
    made: dict[int, Result] = {}
    with results as numbered:
        made.update(
            tqdm(numbered, desc=label, unit=unit, total=len(tasks), initial=done, disable=None)
        )
    ordered = (made[number] for number in range(len(waiting)))
    return [next(ordered) if result is None else result for result in found]


def _make(
    function: Callable[[Task], Result], keep: Callable[[Task, Result], None] | None, task: Task
) -> Result:
    result = function(task)
    if keep is not None:
        keep(task, result)
    return result


@contextmanager
def _results(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int | None, label: str
) -> Iterator[Iterable[tuple[int, Result]]]:
    if workers == 1 or len(tasks) < 2 or _must_be_one(label):
        yield enumerate(map(function, tasks))
        return
    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool

    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        # No memory maps: tasks are names and settings, results are small.
        parallel = joblib.Parallel(
            n_jobs=min(workers or joblib.cpu_count(), len(tasks) or 1),
            return_as="generator",
            batch_size=1,
            max_nbytes=None,
        )
        try:
            yield enumerate(parallel(joblib.delayed(function)(task) for task in tasks))
        except BrokenProcessPool:
            raise WorkersError(
                f"{label}: a worker process was killed, perhaps for want of memory. "
                "Try fewer: --workers 1"
            ) from None


def _must_be_one(label: str) -> bool:
    """Tell whether there can be no workers, and say why: they need semaphores, in /dev/shm."""
    try:
        multiprocessing.get_context("fork").Semaphore()
    except ValueError:  # not Linux
        return False
    except OSError as error:
        why = explain(error)
        print(f"{label}: one process only; /dev/shm gives none to others: {why}", file=sys.stderr)
        return True
    return False
