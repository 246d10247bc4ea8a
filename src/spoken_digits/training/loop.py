"""Fitting the network: deterministic, resumable, judged by the validation subset alone."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from spoken_digits.errors import UserError
from spoken_digits.files import replacing
from spoken_digits.model.network import DigitNet, logits
from spoken_digits.params import Train
from spoken_digits.recording import CLASSES
from spoken_digits.training.augment import augment, with_other_sounds

_WARM_UP = 0.25  # of all steps, to the peak learning rate
_FIRST_STEP = 25  # the peak over the first step's learning rate
_AVERAGE_DECAY = 0.998  # of the averaged weights, a step
_OTHER = CLASSES.index("other")

Metrics = dict[str, float]


class DivergedError(UserError):
    """Weights that have grown beyond all bounds."""


def fit(
    train: tuple[NDArray[np.uint8], NDArray[np.int64]],
    validation: tuple[NDArray[np.uint8], NDArray[np.int64]],
    corpora: NDArray[np.int64],
    settings: Train,
    checkpoint: Path,
    report: Callable[[Metrics], None],
    kind: type[DigitNet] = DigitNet,
) -> DigitNet:
    """Train a network on (images (n, 100, 100), classes (n,)) and return its best epoch's.

    ``corpora`` (n,) says by a number of its own which corpus each training image is of; every
    corpus is drawn from as often as the others, whatever its size, and from its rare digits as
    often as from its frequent ones; it says nothing of digits that it has none of. The weights
    are an exponential average over steps, which does what annealing is for: what small last steps
    add (``anneal`` above 1) is fitted to the voices of the training subset, and strangers are
    heard worse. The best epoch is that of the lowest validation loss.
    Ends early after ``patience`` epochs without a better one. Everything random in an epoch
    follows from ``seed`` and the epoch's number, and the state at each epoch's end is kept in
    ``checkpoint``, so that a killed run goes on from there and ends with the same bytes. The
    caller makes sure that ``checkpoint`` is of the same data and settings. ``report`` gets every
    epoch's metrics in order, those before a resumption included. ``kind`` is the network to
    train. Raises DivergedError if the loss is no longer a number.
    """
    device = _device(settings)
    torch.manual_seed(settings.seed)
    network = kind().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,  # the others take square roots whose last bit is another on AMD than on Intel
    )
    images, classes = torch.from_numpy(train[0]), torch.from_numpy(train[1])
    members = [torch.from_numpy(np.flatnonzero(corpora == corpus)) for corpus in np.unique(corpora)]
    possible = _possible(classes, members)
    members = [_balanced(classes, rows) for rows in members]
    steps = _steps(settings)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=max(steps * settings.epochs, 8),  # with 4 it divides by zero
        pct_start=_WARM_UP,
        div_factor=_FIRST_STEP,
        final_div_factor=settings.anneal / _FIRST_STEP,
    )
    parts: dict[str, Any] = {
        "network": network,
        "averaged": averaged,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    history: list[Metrics] = []
    best = copy.deepcopy(averaged.state_dict())
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        history, best = saved["history"], saved["best"]
        for metrics in history:
            report(metrics)
    for epoch in range(len(history), settings.epochs):
        if _epochs_since_best(history) > settings.patience:
            break
        order = _order(members, epoch, settings)
        loss = _train_epoch(
            epoch,
            order,
            network,
            averaged,
            optimizer,
            schedule,
            images,
            classes,
            possible,
            settings,
        )
        metrics = {"train_loss": loss, **_judge(averaged, *validation)}
        metrics["learning_rate"] = float(schedule.get_last_lr()[0])
        history.append(metrics)
        if _epochs_since_best(history) == 0:
            best = copy.deepcopy(averaged.state_dict())
        report(metrics)
        _save(checkpoint, parts, history, best)
    averaged.load_state_dict(best)
    return averaged.eval()


def calibrate(network: DigitNet, images: NDArray[np.uint8], classes: NDArray[np.int64]) -> float:
    """Set the temperature that gives validation images the lowest loss, and return it.

    Guo et al., On Calibration of Modern Neural Networks, 2017. A grid rather than a descent: the
    same on every machine.
    """
    scores, target = logits(network, images).double(), torch.from_numpy(classes)
    grid = torch.logspace(-1, 1, 201, dtype=torch.float64).tolist()
    losses = [F.cross_entropy(scores / temperature, target).item() for temperature in grid]
    temperature = float(grid[int(np.argmin(losses))])
    network.temperature.fill_(temperature)
    return temperature


def round_to_half(network: DigitNet) -> None:
    """Round the weights to what float16 holds, as they are saved and exported."""
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half())


def _train_epoch(
    epoch: int,
    order: Tensor,
    network: DigitNet,
    averaged: DigitNet,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    images: Tensor,
    classes: Tensor,
    possible: Tensor,
    settings: Train,
) -> float:
    device = averaged.temperature.device
    network.train()
    torch.manual_seed(_seed(settings, epoch))  # dropout
    random = torch.Generator().manual_seed(_seed(settings, epoch))
    steps = _steps(settings)
    total = 0.0
    for step in tqdm(
        range(steps), desc=f"epoch {epoch + 1}", unit="batch", leave=False, disable=None
    ):
        chosen = order[step * settings.batch_size : (step + 1) * settings.batch_size]
        pictures = images[chosen].to(device, torch.float32) / 255
        targets, likely = classes[chosen].to(device), possible[chosen].to(device)
        pictures, targets = with_other_sounds(pictures, targets, _OTHER, random)
        pictures = augment(pictures, settings.augment, random)
        loss = _loss(network(pictures * 255), targets, likely, settings.label_smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        _average(averaged, network, epoch * steps + step)
        total += loss.item()
    if not math.isfinite(total):
        raise DivergedError(
            f"training diverged in epoch {epoch + 1}: its loss is {total}. Lower "
            f"train.learning_rate in params.yaml; it is {settings.learning_rate}"
        )
    return total / steps


def _order(members: list[Tensor], epoch: int, settings: Train) -> Tensor:
    """Return the indices that an epoch trains on, (epoch_size,): one of each corpus in turn.

    ``members`` are the indices of each corpus. Were recordings drawn alike, thousands of synthetic
    ones would drown the few real ones, which are worth more.
    """
    count = -(-settings.epoch_size // len(members))
    rows = [corpus[_row(len(corpus), epoch * count, count, settings)] for corpus in members]
    return torch.stack(rows, dim=1).flatten()[: settings.epoch_size]


def _row(size: int, start: int, count: int, settings: Train) -> Tensor:
    """Return ``count`` numbers below ``size`` from ``start`` on in an endless row of shuffles."""
    first, last = start // size, (start + count - 1) // size
    shuffles = [
        torch.randperm(size, generator=torch.Generator().manual_seed(_seed(settings, shuffle)))
        for shuffle in range(first, last + 1)
    ]
    return torch.cat(shuffles)[start - first * size :][:count]


def _balanced(classes: Tensor, rows: Tensor) -> Tensor:
    """Repeat a corpus's recordings of rare digits until they are about as many as of the others.

    ``rows`` are the indices of the corpus. Else the Speech Commands subset, with seven threes
    beside 400 eights, would teach that what strangers say is rather an eight. Other words are
    repeated as often as digits are on average.
    """
    counts = torch.bincount(classes[rows], minlength=len(CLASSES))
    digits = counts[:_OTHER]
    times = (digits.max() // counts.clamp(min=1)).clamp(min=1)
    drawn = (digits * times[:_OTHER]).sum()
    times[_OTHER] = (drawn // digits.sum().clamp(min=1)).clamp(min=1)
    return rows.repeat_interleave(times[classes[rows]])


def _possible(classes: Tensor, members: list[Tensor]) -> Tensor:
    """Return which classes a digit of the same corpus could be, (n, 11), for each picture."""
    possible = torch.ones(len(classes), len(CLASSES), dtype=torch.bool)
    for rows in members:
        possible[rows] = torch.bincount(classes[rows], minlength=len(CLASSES)) > 0
    possible[:, _OTHER] = True
    return possible


def _loss(scores: Tensor, targets: Tensor, possible: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy of logits (n, 11) and classes (n,), its labels smoothed.

    A digit competes with those digits alone that its corpus has. Else a corpus of zeros and ones
    would teach that whoever sounds like its speakers and microphones never says a two. What is no
    digit competes with them all.
    """
    possible = possible | (targets == _OTHER)[:, None]
    smooth = possible / possible.sum(dim=1, keepdim=True)
    wanted = torch.lerp(F.one_hot(targets, len(CLASSES)).float(), smooth, smoothing)
    return F.cross_entropy(scores.masked_fill(~possible, -1e4), wanted)


def _steps(settings: Train) -> int:
    return max(settings.epoch_size // settings.batch_size, 1)


def _seed(settings: Train, number: int) -> int:
    return settings.seed * 100_003 + number


@torch.no_grad()
def _average(averaged: DigitNet, network: DigitNet, step: int) -> None:
    # The first steps' weights are far from the last ones': forget them sooner.
    decay = min(_AVERAGE_DECAY, (step + 1) / (step + 10))
    for mean, value in zip(
        averaged.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)


def _judge(network: DigitNet, images: NDArray[np.uint8], classes: NDArray[np.int64]) -> Metrics:
    scores, target = logits(network, images), torch.from_numpy(classes)
    digits = target < _OTHER
    right = scores[digits, :_OTHER].argmax(dim=1) == target[digits]
    return {
        "validation_loss": F.cross_entropy(scores, target).item(),
        "validation_accuracy": right.double().mean().item(),
    }


def _epochs_since_best(history: list[Metrics]) -> int:
    losses = [metrics["validation_loss"] for metrics in history]
    return len(losses) - 1 - int(np.argmin(losses)) if losses else 0


def _save(
    checkpoint: Path, parts: dict[str, Any], history: list[Metrics], best: dict[str, Tensor]
) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    with replacing(checkpoint) as partial:
        torch.save({**state, "history": history, "best": best}, partial)


def _device(settings: Train) -> torch.device:
    if not settings.portable:  # portable results are a CPU's
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
    return torch.device("cpu")
