"""Worker processes: results in order, errors as they were, one thread each."""

import os
import signal
import time

import pytest

from spoken_digits.errors import UserError
from spoken_digits.workers import WorkersError, run_tasks


def square(number: int) -> int:
    time.sleep(0.02 * (number % 2))  # the later one is ready first
    return number * number


def process_and_threads(_: int) -> tuple[int, str | None]:
    time.sleep(0.05)
    return os.getpid(), os.environ.get("OPENBLAS_NUM_THREADS")


def refuse(number: int) -> int:
    if number == 2:
        raise UserError("number 2: not accepted")
    return number


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(function, tasks, workers):
    return run_tasks(function, tasks, workers=workers, label="test", unit="task")


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_results_come_in_the_order_of_the_tasks(workers):
    assert run(square, range(9), workers) == [number * number for number in range(9)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_known_needs_no_work(workers):
    def known(number: int) -> int | None:
        return -number if number % 3 else None

    made = run_tasks(square, range(9), workers=workers, label="test", unit="task", known=known)
    assert made == [0, -1, -2, 9, -4, -5, 36, -7, -8]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_result_is_kept_when_it_is_there(workers, tmp_path):
    def keep(number: int, result: int) -> None:
        (tmp_path / str(number)).write_text(str(result))

    def half(number: int) -> int | None:
        return 2 * number if number < 5 else None

    run_tasks(square, range(9), workers=workers, label="test", unit="task", known=half, keep=keep)
    kept = {int(path.name): int(path.read_text()) for path in tmp_path.iterdir()}
    assert kept == {5: 25, 6: 36, 7: 49, 8: 64}


def test_for_one_task_no_process_is_started():
    def known(number: int) -> tuple[int, str | None] | None:
        return (number, "known") if number else None

    (process, _), *others = run_tasks(
        process_and_threads, range(3), workers=2, label="test", unit="task", known=known
    )
    assert process == os.getpid()
    assert others == [(1, "known"), (2, "known")]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_tasks_give_no_results(workers):
    assert run(square, [], workers) == []


def test_each_worker_is_a_process_of_one_thread():
    seen = run(process_and_threads, range(8), 2)
    assert os.getpid() not in {process for process, _ in seen}
    assert {threads for _, threads in seen} == {"1"}


def test_tasks_that_name_no_files_are_done_here_and_not_on_a_cluster(monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "nobody answers here")
    assert run(square, [2, 3], 1) == [4, 9]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_is_raised_here(workers):
    with pytest.raises(UserError, match="number 2: not accepted"):
        run(refuse, range(4), workers)


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_an_error(workers):
    with pytest.raises(WorkersError, match=f"--workers {workers}: must be 1 or more"):
        run(square, [1], workers)


def test_a_killed_worker_is_an_error_that_says_what_to_try():
    with pytest.raises(WorkersError, match=r"killed, perhaps for want of memory.*--workers 1"):
        run(die, range(2), 2)
