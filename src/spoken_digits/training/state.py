"""The state of a run: all that an interrupted one needs to go on and end with the same bytes."""

import copy
import hashlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spoken_digits.errors import UserError, explain
from spoken_digits.files import replacing

Metrics = dict[str, float]

_DIGEST = hashlib.sha256().digest_size  # bytes at the start of a file
_PARTS = ("network", "averaged", "optimizer", "schedule")


class CheckpointError(UserError):
    """A file that is no saved state, or not one of this run."""


@dataclass
class State:
    """What changes in training, at the end of an epoch.

    The random numbers of an epoch follow from the run's seed and the epoch, so they are not kept.
    """

    network: nn.Module
    averaged: nn.Module
    """The network whose weights are an average over steps: it is judged and returned."""
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    history: list[Metrics] = field(default_factory=list)
    """Each epoch's metrics."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """The averaged network's weights after the epoch of the lowest validation loss."""

    def end_epoch(self, metrics: Metrics) -> None:
        """Note an epoch's metrics, and its weights if they are the best so far."""
        self.history.append(metrics)
        if self.epochs_since_best() == 0:
            self.best = copy.deepcopy(self.averaged.state_dict())

    def epochs_since_best(self) -> int:
        """Return how many epochs ago the validation loss was lowest, 0 before the first."""
        losses = [metrics["validation_loss"] for metrics in self.history]
        return len(losses) - 1 - int(np.argmin(losses)) if losses else 0

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all, even if the power fails; a digest comes first."""
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        content = io.BytesIO()
        torch.save({**parts, "history": self.history, "best": self.best}, content)
        with replacing(path) as partial, partial.open("wb") as file:
            file.write(_digest(path, content.getvalue()) + content.getvalue())
            file.flush()
            os.fsync(file.fileno())

    def resume(self, path: Path, device: torch.device, report: Callable[[Metrics], None]) -> None:
        """Go back to a saved state, if there is one, and report the metrics of its epochs.

        If the file is no state of this run, it says so on standard error, and changes nothing.
        """
        if not path.exists():
            return
        try:
            self.load(path, device)
        except CheckpointError as error:
            print(f"{error}. Training starts anew", file=sys.stderr)
        for metrics in self.history:
            report(metrics)

    def load(self, path: Path, device: torch.device) -> None:
        """Go back to a saved state, of the same kinds of network, optimizer and schedule.

        Raises CheckpointError, and changes nothing, if the file is not what ``save`` wrote under
        this name: cut by a power failure, say. Nothing but tensors and plain values is unpickled.
        """
        digest, content = (stored := path.read_bytes())[:_DIGEST], stored[_DIGEST:]
        if digest != _digest(path, content):
            raise CheckpointError(f"{path}: {len(stored)} bytes, not what training wrote there")
        try:
            saved = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
        except Exception as error:  # torch's and pickle's have no common base below this
            if explain(error):
                raise
            raise CheckpointError(f"{path}: not a state of training") from None
        for name in _PARTS:
            getattr(self, name).load_state_dict(saved[name])
        self.history, self.best = saved["history"], saved["best"]


def _digest(path: Path, content: bytes) -> bytes:
    """Return the SHA-256 of a file's name, which is a run's own, and of its content."""
    return hashlib.sha256(path.name.encode() + content).digest()
