"""Worker processes: the same function over many tasks, one BLAS/OpenMP thread each."""

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


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    workers: int | None,
    label: str,
    unit: str,
) -> list[Result]:
    """Apply ``function`` to every task in ``workers`` processes; return results in tasks' order.

    ``workers`` None is one a core; one worker is this process itself. A progress bar with
    ``label``, counting ``unit``s, goes to stderr if that is a terminal. Each worker computes with
    one thread: two workers x two BLAS threads on two cores are 12 times slower than two x one.
    What ``function`` raises is raised here. Raises WorkersError if a worker is killed, as by a
    machine without memory left.
    """
    if workers is None:
        workers = joblib.cpu_count()
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
