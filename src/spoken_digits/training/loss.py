"""The loss: cross-entropy among those classes that a recording's corpus has."""

import torch
from torch import Tensor
from torch.nn import functional as F

from spoken_digits.recording import CLASSES, OTHER

_OTHER = CLASSES.index(OTHER)
_NEVER = -1e4  # the logit of a class that does not compete


def corpus_classes(classes: Tensor, corpora: Tensor) -> Tensor:
    """Return which classes each recording's corpus has, (n,), (n,) -> (n, 11); "other" always."""
    present = torch.ones(len(classes), len(CLASSES), dtype=torch.bool)
    for corpus in sorted(set(corpora.tolist())):
        members = corpora == corpus
        present[members] = torch.bincount(classes[members], minlength=len(CLASSES)) > 0
    present[:, _OTHER] = True
    return present


def masked_cross_entropy(
    logits: Tensor, targets: Tensor, present: Tensor, smoothing: float
) -> Tensor:
    """Return the mean cross-entropy of logits (n, 11) and classes (n,), labels smoothed; nats.

    A digit competes with those classes alone that its corpus has, ``present`` (n, 11). Else a
    corpus of zeros and ones would teach that whoever sounds like its speakers and microphones
    never says a two. What is no digit competes with them all.
    """
    competing = present | (targets == _OTHER)[:, None]
    even = competing / competing.sum(dim=1, keepdim=True)
    wanted = torch.lerp(F.one_hot(targets, len(CLASSES)).float(), even, smoothing)
    return F.cross_entropy(logits.masked_fill(~competing, _NEVER), wanted)
