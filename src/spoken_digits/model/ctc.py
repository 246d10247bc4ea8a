"""What connectionist temporal classification makes of outputs: labels, when, how sure.

For NumPy alone, since the live program needs it and not PyTorch.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Emission(NamedTuple):
    """A label that is read: output frames ``first`` to ``end`` - 1, and its probability."""

    label: int
    first: int
    end: int
    confidence: float
    """The highest probability of the label in these frames."""


class Edits(NamedTuple):
    """What makes the labels that are said into those that are read."""

    substitutions: int
    deletions: int
    insertions: int

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self)


def best_path(log_probabilities: NDArray[np.floating]) -> list[Emission]:
    """Return the labels of the likeliest class of each frame, (t, labels + 1), blank last.

    Neighbouring frames of one label are one; a blank between makes them two.
    """
    best = log_probabilities.argmax(axis=1)
    blank = log_probabilities.shape[1] - 1
    edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
    return [
        Emission(
            int(best[first]),
            int(first),
            int(end),
            float(np.exp(log_probabilities[first:end, best[first]].max())),
        )
        for first, end in itertools.pairwise(edges)
        if best[first] != blank
    ]


def log_probability(log_probabilities: NDArray[np.floating], labels: Sequence[int]) -> float:
    """Return the log of the probability that just these labels are said, over all alignments.

    The forward algorithm of Graves et al., 2006. Takes (t, labels + 1), the blank last.
    """
    blank = log_probabilities.shape[1] - 1
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)  # from a label to the next, unless they are the same
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    forward = np.full(len(states), -np.inf)
    forward[0] = 0.0
    forward = _stepped(forward, may_skip, first=True) + log_probabilities[0, states]
    for frame in log_probabilities[1:]:
        forward = _stepped(forward, may_skip, first=False) + frame[states]
    return float(np.logaddexp.reduce(forward[-2:]))


def _stepped(
    forward: NDArray[np.float64], may_skip: NDArray[np.bool_], first: bool
) -> NDArray[np.float64]:
    from_before = np.concatenate([[-np.inf], forward[:-1]])
    if first:  # the path begins at the first blank or at the first label
        begun: NDArray[np.float64] = np.maximum(forward, from_before)
        return begun
    from_label = np.concatenate([[-np.inf, -np.inf], forward[:-2]])[: len(forward)]
    skipped = np.where(may_skip, from_label, -np.inf)
    stepped: NDArray[np.float64] = np.logaddexp(np.logaddexp(forward, from_before), skipped)
    return stepped


def edits(said: Sequence[object], read: Sequence[object]) -> Edits:
    """Return the fewest edits from what is said to what is read; of several the first kind."""
    row = [Edits(0, 0, j) for j in range(len(read) + 1)]
    for i, a in enumerate(said, 1):
        above, row = row, [Edits(0, i, 0)]
        for j, b in enumerate(read, 1):
            s, d, n = above[j - 1]
            ways = [Edits(s + (a != b), d, n)]
            ways.append(above[j]._replace(deletions=above[j].deletions + 1))
            ways.append(row[j - 1]._replace(insertions=row[j - 1].insertions + 1))
            row.append(min(ways, key=lambda way: way.total))
    return row[-1]
