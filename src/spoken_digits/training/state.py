"""The state of a run: all that an interrupted one needs to go on and end with the same bytes."""

import copy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spoken_digits.files import replacing

Metrics = dict[str, float]

_PARTS = ("network", "averaged", "optimizer", "schedule")


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
        """Write the state, whole or not at all."""
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        with replacing(path) as partial:
            torch.save({**parts, "history": self.history, "best": self.best}, partial)

    def load(self, path: Path, device: torch.device) -> None:
        """Go back to a saved state, of the same kinds of network, optimizer and schedule."""
        saved = torch.load(path, map_location=device, weights_only=True)
        for name in _PARTS:
            getattr(self, name).load_state_dict(saved[name])
        self.history, self.best = saved["history"], saved["best"]
