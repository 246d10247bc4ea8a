"""The loss: cross-entropy among those classes that a recording's corpus has."""

import torch
from torch import Tensor
from torch.nn import functional as F

_NEVER = -1e4  # the logit of a class that does not compete


def corpus_classes(classes: Tensor, corpora: Tensor, count: int) -> Tensor:
    """Return which of ``count`` classes each recording's corpus has, (n,), (n,) -> (n, count).

    The last class, all other sound, is in all.
    """
    present = torch.ones(len(classes), count, dtype=torch.bool)
    for corpus in sorted(set(corpora.tolist())):
        members = corpora == corpus
        present[members] = torch.bincount(classes[members], minlength=count) > 0
    present[:, -1] = True
    return present


def masked_cross_entropy(
    logits: Tensor, targets: Tensor, present: Tensor, smoothing: float
) -> Tensor:
    """Return the mean cross-entropy of logits (n, classes) and classes (n,), labels smoothed; nats.

    A word competes with those classes alone that its corpus has, ``present`` (n, classes). Else a
    corpus of zeros and ones would teach that whoever sounds like its speakers and microphones
    never says a two. Other sound, the last class, competes with them all.
    """
    classes = logits.shape[1]
    competing = present | (targets == classes - 1)[:, None]
    even = competing / competing.sum(dim=1, keepdim=True)
    wanted = torch.lerp(F.one_hot(targets, classes).float(), even, smoothing)
    return F.cross_entropy(logits.masked_fill(~competing, _NEVER), wanted)
