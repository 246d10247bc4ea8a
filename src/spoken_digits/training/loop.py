"""The training loop: deterministic, resumable, judged by the validation subset alone."""

import copy
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from spoken_digits.dataset.images import Images, in_batches
from spoken_digits.errors import UserError
from spoken_digits.model.network import SpectrogramNet, logits
from spoken_digits.params import Train
from spoken_digits.training.augment import augment, with_other_sounds
from spoken_digits.training.loss import corpus_classes, masked_cross_entropy
from spoken_digits.training.memory import memory_budget
from spoken_digits.training.processes import ALONE, Processes
from spoken_digits.training.sampler import corpus_pools, draw_epoch
from spoken_digits.training.seeds import derive_seed
from spoken_digits.training.state import Metrics, State

_WARM_UP = 0.25  # of all steps, to the peak learning rate
_FIRST_STEP = 25  # the peak over the first step's learning rate
_AVERAGE_DECAY = 0.998  # of the averaged weights, a step


class DivergedError(UserError):
    """Weights that have grown beyond all bounds."""


def fit(
    train: tuple[Images, NDArray[np.int64]],
    validation: tuple[Images, NDArray[np.int64]],
    corpora: NDArray[np.int64],
    count: int,
    settings: Train,
    checkpoint: Path,
    report: Callable[[Metrics], None],
    network_of: Callable[[int], SpectrogramNet] = SpectrogramNet,
    processes: Processes = ALONE,
) -> SpectrogramNet:
    """Train a network on (images (n, 100, 100), classes (n,)) and return its best epoch's.

    Images that are in memory and those that are on disk give the same weights, byte for byte.
    ``corpora`` (n,) says by a number which corpus each training image is of. There are ``count``
    classes; the last is all other sound. Every corpus is drawn from as often as the others,
    whatever its size (sampler.py), and says nothing of words that it has none of (loss.py). The
    weights are an exponential average over steps, which does what annealing is for: what small last
    steps add (``anneal`` above 1) is fitted to the voices of the training subset, and strangers are
    recognised worse. The best epoch is that of the lowest validation loss; training ends early
    after ``patience`` epochs without a better one.

    Everything random follows from ``seed`` and the epoch's number. The state at each epoch's end
    is kept in ``checkpoint``, so that a killed run goes on from there and ends with the same
    bytes; the caller makes sure that it is of the same data and settings. ``report`` gets every
    epoch's metrics in order, those before a resumption included. ``network_of`` gives the network
    to train for a number of classes: its weights are random, or trained ones (start_from.py).
    Of several ``processes`` all call this alike and see the same checkpoint, which the first one
    writes; each computes its share of every batch. Raises DivergedError if the loss is no longer a
    number, ProcessesError if the processes cannot share a batch.
    """
    processes.check(settings.batch_size)
    device = device_of(settings.portable)
    images, classes, sources = train[0], torch.from_numpy(train[1]), torch.from_numpy(corpora)
    pools = corpus_pools(classes, sources, count)
    present = corpus_classes(classes, sources, count)  # (n, count)
    steps = max(settings.epoch_size // settings.batch_size, 1)  # an epoch
    memory = memory_budget(settings.memory)

    torch.manual_seed(derive_seed(settings.seed, "weights"))
    network = network_of(count).requires_grad_().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(False)
    optimizer, schedule = optimizer_and_schedule(
        network,
        steps * settings.epochs,
        settings.learning_rate,
        settings.anneal,
        settings.weight_decay,
    )

    state = State(network, averaged, optimizer, schedule)
    state.resume(checkpoint, device, report)
    shared = processes.joined(network)

    for epoch in range(len(state.history), settings.epochs):
        if state.epochs_since_best() > settings.patience:
            break
        order = draw_epoch(pools, epoch, settings.epoch_size, settings.seed)
        loaded = in_batches(images, order.numpy(), settings.batch_size, memory)
        torch.manual_seed(derive_seed(settings.seed, "dropout", epoch, *processes.numbers))
        random = torch.Generator().manual_seed(derive_seed(settings.seed, "augmentation", epoch))
        own = random  # what is drawn for a process's share alone
        if processes.size > 1:
            seed = derive_seed(settings.seed, "augmentation", epoch, processes.rank)
            own = torch.Generator().manual_seed(seed)
        network.train()
        total = 0.0  # of the batches' losses
        for step in tqdm(
            range(steps),
            desc=f"epoch {epoch + 1}",
            unit="batch",
            leave=False,
            disable=None if processes.is_first else True,
        ):
            batch = order[step * settings.batch_size : (step + 1) * settings.batch_size]
            pictures = (
                torch.from_numpy(next(loaded)).to(device, torch.float32) / 255
            )  # (b, 100, 100)
            targets = classes[batch].to(device)  # (b,)
            pictures, targets = with_other_sounds(
                pictures, targets, count - 1, random, settings.omit
            )
            pictures, targets = processes.share(pictures), processes.share(targets)
            competing = processes.share(present[batch]).to(device)
            pictures = augment(pictures, settings.augment, own, settings.omit)
            scores = shared(pictures * 255)  # (b, count)
            loss = masked_cross_entropy(scores, targets, competing, settings.label_smoothing)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
            done = epoch * steps + step
            average(averaged, network, done)
        total = processes.mean(total, device)
        if not math.isfinite(total):
            raise DivergedError(
                f"training diverged in epoch {epoch + 1}: its loss is {total}. Lower "
                f"train.learning_rate in params.yaml; it is {settings.learning_rate}"
            )
        judged = processes.of_first(_judge(averaged, *validation) if processes.is_first else None)
        metrics = {
            "train_loss": total / steps,
            **judged,
            "learning_rate": float(schedule.get_last_lr()[0]),
        }
        state.end_epoch(metrics)
        report(metrics)
        if processes.is_first:
            state.save(checkpoint)

    averaged.load_state_dict(state.best)
    return averaged.eval()


def optimizer_and_schedule(
    network: nn.Module,
    steps: int,
    learning_rate: float,
    anneal: int,
    weight_decay: float,
    warm_up: float = _WARM_UP,
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return AdamW and the one-cycle schedule of so many steps."""
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=learning_rate,
        weight_decay=weight_decay,
        fused=True,  # the others take square roots whose last bit is another on AMD than on Intel
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        learning_rate,
        total_steps=max(steps, 8),  # with 4 it divides by zero
        pct_start=warm_up,
        div_factor=_FIRST_STEP,
        final_div_factor=anneal / _FIRST_STEP,
    )
    return optimizer, schedule


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, done: int) -> None:
    """Move averaged weights towards a network's, which has done so many steps before this one."""
    # The first steps' weights are far from the last ones': forget them sooner.
    decay = min(_AVERAGE_DECAY, (done + 1) / (done + 10))
    for mean, value in zip(
        averaged.state_dict().values(), network.state_dict().values(), strict=True
    ):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)


def _judge(network: SpectrogramNet, images: Images, classes: NDArray[np.int64]) -> Metrics:
    scores, targets = logits(network, images), torch.from_numpy(classes)
    other = scores.shape[1] - 1
    words = targets < other
    right = scores[words, :other].argmax(dim=1) == targets[words]
    return {
        "validation_loss": F.cross_entropy(scores, targets).item(),
        "validation_accuracy": right.double().mean().item(),
    }


def device_of(portable: bool) -> torch.device:
    """Return what is trained on: the CPU if results are to be portable, else a GPU if there is."""
    if not portable:
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
    return torch.device("cpu")
