"""Shards sent to a Dask cluster: a task takes files' bytes and gives bytes, so no disk is shared.

Dask's own client, not joblib's Dask backend: that one gives no result before it has all of them, so
that a scheduler that is lost would cost all that was done.
"""

import functools
import importlib.util
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from spoken_digits import kept
from spoken_digits.errors import UserError
from spoken_digits.files import replacing

Result = TypeVar("Result")

_ANSWERS = 60
"""Seconds in which a scheduler answers, and a worker of it is there."""
_AHEAD = 2  # tasks a thread that are sent; the scheduler holds their bytes


@runtime_checkable
class FileTask(Protocol):
    """A task that another host can do: a named tuple that says which of its fields are files."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the fields that are paths of files to read."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Names of the fields that are paths of files to write."""


class ClusterError(UserError):
    """A cluster that is not there, or no longer, or has other code."""


def on_cluster(
    function: Callable[[Any], Result],
    tasks: Sequence[Any],
    address: str,
    label: str,
    keep: Callable[[Any, Result], None] | None,
) -> Iterator[tuple[int, Result]]:
    """Apply ``function`` to tasks on the workers of a scheduler; yield (number, result) when done.

    A task's files are read and written here, and ``keep`` is told of each result. What a worker was
    at when it was lost is done by another one. What ``function`` raises is raised here. Raises
    ClusterError if the scheduler does not answer, has no workers or is lost, or if a worker's code
    is not the same as here.
    """
    if find_dask() is None:
        raise ClusterError(
            f"{label}: a cluster needs Dask. Type: pip install -r requirements-cluster.txt; or set "
            "compute.scheduler: null in params.yaml and unset DASK_SCHEDULER_ADDRESS"
        )
    import dask
    from distributed import Client, as_completed
    from distributed.scheduler import KilledWorker

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # errors are raised here
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})  # tasks are bytes
    try:
        client: Any = Client(address, timeout=_ANSWERS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"{label}: no Dask scheduler answers at {address} ({error})") from None
    try:
        _wait_for_workers(client, address, label)
        waiting = iter(enumerate(tasks))
        numbers: dict[Any, int] = {}
        running: Any = as_completed(loop=client.loop)

        def send() -> None:
            wanted = max(_AHEAD * sum(client.nthreads().values()), 1)
            for number, task in islice(waiting, max(wanted - len(numbers), 0)):
                contents = [getattr(task, field).read_bytes() for field in task.reads]
                future = client.submit(
                    work,
                    function,
                    task,
                    contents,
                    _code(),
                    key=f"{label}-{number}-{time.time_ns()}",
                )
                numbers[future.key] = number
                running.add(future)

        send()
        for future in running:
            result, contents = future.result()
            number = numbers.pop(future.key)
            future.release()
            send()
            for field, content in zip(tasks[number].writes, contents, strict=True):
                with replacing(getattr(tasks[number], field)) as partial:
                    partial.write_bytes(content)
            if keep is not None:
                keep(tasks[number], result)
            yield number, result
    except KilledWorker:
        raise ClusterError(
            f"{label}: several workers of {address} were killed at one shard, perhaps for want "
            "of memory. Give them more, or run without a cluster"
        ) from None
    except Exception as error:
        if isinstance(error, UserError) or client.status == "running":
            raise
        raise _lost(label, address) from None
    finally:
        client.close(timeout=1)


def find_dask() -> object:
    """Return what tells that Dask is installed, or None."""
    return importlib.util.find_spec("distributed")


def work(
    function: Callable[[Any], Result], task: Any, contents: list[bytes], code: str
) -> tuple[Result, list[bytes]]:
    """Do a task on a worker, whose files are those of the caller: return the result and its files.

    ``task`` is a ``FileTask``. Raises ClusterError if the code is another than ``code``; what
    ``function`` raises names the caller's files.
    """
    if code != _code():
        raise ClusterError(
            "a worker of the cluster has other code, or another version of a library. Give it the "
            "commit that is here and make install, and start it again"
        )
    with tempfile.TemporaryDirectory() as folder:
        here = {
            field: Path(folder, field, *getattr(task, field).parts[-2:])
            for field in task.reads + task.writes
        }
        for field, content in zip(task.reads, contents, strict=True):
            here[field].parent.mkdir(parents=True)
            here[field].write_bytes(content)
        try:
            result = function(task._replace(**here))
        except UserError as error:
            text = str(error)
            for field, path in here.items():
                text = text.replace(str(path), str(getattr(task, field)))
            raise type(error)(text) from None
        return result, [here[field].read_bytes() for field in task.writes]


@functools.cache
def _code() -> str:
    return kept.code_digest("dataset", "picture", "sound")


def _wait_for_workers(client: Any, address: str, label: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_ANSWERS)
    except TimeoutError:
        raise ClusterError(
            f"{label}: the Dask scheduler at {address} has no workers. Start one on each host: "
            f"python src/worker.py {address}"
        ) from None


def _lost(label: str, address: str) -> ClusterError:
    return ClusterError(
        f"{label}: the Dask scheduler at {address} is gone. Start it, and its workers, and run "
        "this again: what was done is kept"
    )
