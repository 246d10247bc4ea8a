"""How many pictures training holds in memory."""

import os

import psutil


def memory_budget(megabytes: float | None) -> int:
    """Return how many bytes of pictures this process may hold, for train.memory.

    None is half of the machine's memory, shared by the processes that torchrun started here. The
    limit of a container is not seen.
    """
    if megabytes is not None:
        return int(megabytes * 10**6)
    return int(psutil.virtual_memory().total) // 2 // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
