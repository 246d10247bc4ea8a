"""Training in several processes that torchrun starts: each computes its share of every batch.

Gradients are averaged over the processes (DistributedDataParallel), so that a step is that of one
process with the whole batch, but for batch normalisation, which uses each process's share.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, distributed, nn

from spoken_digits.errors import UserError

T = TypeVar("T")


class ProcessesError(UserError):
    """Processes that cannot train together."""


class Processes(NamedTuple):
    """Which process this is, and how many there are."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process judges, prints and writes; the others compute alone."""
        return self.rank == 0

    @property
    def numbers(self) -> tuple[int, ...]:
        """What a seed of this process's own is derived from beside what it is in one process."""
        return () if self.size == 1 else (self.rank,)

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's share of a batch, (n, ...) -> (n / size, ...)."""
        return batch if self.size == 1 else batch[self.rank :: self.size]

    def joined(self, network: nn.Module) -> nn.Module:
        """Return the network, its gradients averaged over the processes by every backward pass."""
        if self.size == 1:
            return network
        return nn.parallel.DistributedDataParallel(network)

    def mean(self, value: float, device: torch.device) -> float:
        """Return the mean of the processes' values."""
        if self.size == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.all_reduce(total)
        return total.item() / self.size

    def of_first(self, value: T | None) -> T:
        """Return the first process's value to all of them; what the others give is not used."""
        values = [value]
        if self.size > 1:
            distributed.broadcast_object_list(values)
        assert values[0] is not None
        return values[0]

    def check(self, batch_size: int) -> None:
        """Raise ProcessesError if batches cannot be shared evenly."""
        if batch_size % self.size:
            raise ProcessesError(
                f"params.yaml: train.batch_size: {batch_size} cannot be shared by {self.size} "
                f"processes. Set it, or torchrun's --nproc-per-node, so that one divides the other"
            )


ALONE = Processes()


@contextmanager
def processes(device: torch.device) -> Iterator[Processes]:
    """Yield this process's place among those that torchrun started; ALONE without torchrun.

    They talk by NCCL on CUDA, where each has a GPU of its own, and by Gloo elsewhere. Raises
    ProcessesError if another process ends meanwhile.
    """
    if not distributed.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    here = Processes(distributed.get_rank(), distributed.get_world_size())
    try:
        yield here
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and "gloo" not in str(error):
            raise
        raise ProcessesError(
            f"process {here.rank} of {here.size}: another process ended. torchrun --max-restarts "
            "starts all of them again, and they go on from the last epoch"
        ) from None
    distributed.destroy_process_group()
