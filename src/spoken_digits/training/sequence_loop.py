"""The training loop of the network that reads numbers: as loop.py, with another loss and data."""

import copy
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from spoken_digits.model.ctc import best_path, edits
from spoken_digits.model.network import SpectrogramNet
from spoken_digits.model.sequence_network import SHRINK, SequenceNet
from spoken_digits.params import Sequences, Train
from spoken_digits.training.clips import Clip, by_corpus, laid_out
from spoken_digits.training.loop import DivergedError, average, optimizer_and_schedule
from spoken_digits.training.seeds import derive_seed
from spoken_digits.training.state import Metrics, State
from spoken_digits.training.stretch_augment import augment_stretches
from spoken_digits.training.stretches import FRAMES, Bank, stretch

_ROOM = 60  # frames of silence before and after what is validated
_BATCH = 32
_PENALTIES = [step / 4 for step in range(17)]  # nats


def fit_sequences(
    clips: Bank,
    validation: Sequence[Clip],
    labels: int,
    settings: Sequences,
    train: Train,
    checkpoint: Path,
    report: Callable[[Metrics], None],
    start: SpectrogramNet | None = None,
) -> SequenceNet:
    """Train a network on stretches made of clips, and return its best epoch's.

    It begins with the weights of ``start``, a network of single words with the same labels; from
    random ones, outputs are blank for the first thousands of stretches.

    Every epoch has ``settings.epoch_size`` stretches that no other epoch has. ``train`` gives seed,
    weight_decay and anneal. Learning rate and augmentation rise in the first epoch. The
    best epoch has the lowest loss on ``validation``, whole utterances, the corpora counted alike.
    As in loop.py, weights are averaged over steps, all that is random follows from the seed, and a
    run that was killed goes on from its ``checkpoint``.
    Raises DivergedError if the loss is no longer a number.
    """
    steps = max(settings.epoch_size // settings.batch_size, 1)
    torch.manual_seed(derive_seed(train.seed, "weights"))
    network = SequenceNet(labels)
    if start is not None:
        network.start_from(start)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = copy.deepcopy(network).requires_grad_(False)
    optimizer, schedule = optimizer_and_schedule(
        network,
        steps * settings.epochs,
        settings.learning_rate,
        train.anneal,
        train.weight_decay,
        warm_up=1 / max(settings.epochs, 4),
    )
    state = State(network, averaged, optimizer, schedule)
    state.resume(checkpoint, torch.device("cpu"), report)

    for epoch in range(len(state.history), settings.epochs):
        if state.epochs_since_best() > settings.patience:
            break
        torch.manual_seed(derive_seed(train.seed, "dropout", epoch))
        random = torch.Generator().manual_seed(derive_seed(train.seed, "augmentation", epoch))
        making = np.random.default_rng(derive_seed(train.seed, "stretches", epoch))
        network.train()
        total = 0.0
        for step in tqdm(
            range(steps), desc=f"epoch {epoch + 1}", unit="batch", leave=False, disable=None
        ):
            made = [stretch(clips, making) for _ in range(settings.batch_size)]
            power = torch.from_numpy(np.stack([one.power for one in made]))
            used = torch.tensor([one.frames for one in made])
            weaker = min((epoch * steps + step + 1) / steps, 1.0)  # in the first epoch
            levels = augment_stretches(power, used, settings.augment * weaker, random)
            loss = ctc_loss(network(levels), [one.labels for one in made], FRAMES // SHRINK).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
            average(averaged, network, epoch * steps + step)
        if not math.isfinite(total):
            raise DivergedError(
                f"training diverged in epoch {epoch + 1}: its loss is {total}. Lower "
                f"sequence.learning_rate in params.yaml; it is {settings.learning_rate}"
            )
        metrics = {
            "train_loss": total / steps,
            **judge(averaged, validation),
            "learning_rate": float(schedule.get_last_lr()[0]),
        }
        state.end_epoch(metrics)
        report(metrics)
        state.save(checkpoint)

    averaged.load_state_dict(state.best)
    return averaged.eval()


def ctc_loss(
    log_probabilities: Tensor, labels: Sequence[Sequence[int]], frames: int | Sequence[int]
) -> Tensor:
    """Return each sequence's negative log-probability, (n, t, labels + 1) -> (n,), in nats.

    Of sequence i the first ``frames[i]`` outputs count.
    """
    n, _, classes = log_probabilities.shape
    lengths = [frames] * n if isinstance(frames, int) else list(frames)
    losses: Tensor = F.ctc_loss(
        log_probabilities.transpose(0, 1),
        torch.tensor([label for one in labels for label in one], dtype=torch.long),
        torch.tensor(lengths),
        torch.tensor([len(one) for one in labels]),
        blank=classes - 1,
        reduction="none",
        zero_infinity=True,
    )
    return losses


def judge(network: SequenceNet, validation: Sequence[Clip]) -> Metrics:
    """Return loss, a label's, and label error rate on whole utterances, means over corpora."""
    losses, errors = [], []
    for clips in by_corpus(validation).values():
        outputs = read(network, clips)
        loss = sum(
            float(ctc_loss(torch.from_numpy(output)[None], [clip.labels], len(output)))
            for clip, output in zip(clips, outputs, strict=True)
        )
        losses.append(loss / max(sum(len(clip.labels) for clip in clips), 1))
        errors.append(_error(clips, outputs))
    return {
        "validation_loss": float(np.mean(losses)),
        "validation_error": float(np.mean(errors)),
    }


def calibrate_blank(network: SequenceNet, numbers: Sequence[Clip]) -> float:
    """Take so much from the blank's score as validation's numbers ask for, and return it, nats.

    In training most frames are blank, and words that noise hides are best left out, so that nearly
    all errors are words that are not read: a prior, which is divided by (Bourlard and Morgan,
    Connectionist Speech Recognition, 1994). The more is taken, the more is claimed in other speech,
    so it is the least that can be told from the best by no more than chance. A grid rather than a
    descent: the same on every machine.
    """
    groups = [(clips, read(network, clips)) for clips in by_corpus(numbers).values()]
    errors = [[_error(*group, penalty) for group in groups] for penalty in _PENALTIES]
    said = [sum(len(clip.labels) for clip in clips) for clips, _ in groups]
    best = _PENALTIES[least_as_good(np.array(errors), np.array(said))]
    assert network.classify.bias is not None
    with torch.no_grad():
        network.classify.bias[-1] -= best * network.temperature
    return best


def least_as_good(errors: NDArray[np.float64], said: NDArray[np.int64]) -> int:
    """Return the first row whose mean is within one standard error of the lowest one's.

    ``errors`` (rows, corpora) are shares of the labels ``said`` (corpora,). Breiman et al.,
    Classification and Regression Trees, 1984, section 3.4.3.
    """
    means = errors.mean(axis=1)
    lowest = errors[means.argmin()]
    standard_error = np.sqrt((lowest * (1 - lowest) / said).sum()) / len(said)
    return int(np.argmax(means <= means.min() + standard_error))


def _error(
    clips: Sequence[Clip], outputs: Sequence[NDArray[np.float32]], penalty: float = 0.0
) -> float:
    """Return label errors over labels said, with so much taken from the blank's score."""
    wrong = 0
    for clip, output in zip(clips, outputs, strict=True):
        scores = output.copy()
        scores[:, -1] -= penalty
        wrong += edits(clip.labels, [one.label for one in best_path(scores)]).total
    return wrong / max(sum(len(clip.labels) for clip in clips), 1)


@torch.inference_mode()
def read(network: SequenceNet, clips: Sequence[Clip]) -> list[NDArray[np.float32]]:
    """Return log-probabilities of each clip with silence around, (t, labels + 1)."""
    network.eval()
    lengths = [-(-(clip.levels.shape[1] + 2 * _ROOM) // SHRINK) for clip in clips]
    order = sorted(range(len(clips)), key=lambda index: lengths[index])
    outputs: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        levels = laid_out([clips[i] for i in batch], _ROOM, lengths[batch[-1]] * SHRINK)
        found = network(torch.from_numpy(levels)).numpy()
        outputs |= {i: one[: lengths[i]] for i, one in zip(batch, found, strict=True)}
    return [outputs[index] for index in range(len(clips))]
