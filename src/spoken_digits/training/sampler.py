"""Which recordings an epoch trains on: as many of each corpus, and of its rare words."""

import torch
from torch import Tensor

from spoken_digits.training.seeds import derive_seed


def corpus_pools(classes: Tensor, corpora: Tensor, count: int) -> list[Tensor]:
    """Return for each corpus the indices that its recordings are drawn from, (m,) each.

    ``classes`` (n,) and ``corpora`` (n,) are every recording's class, of ``count``, and the number
    of its corpus.
    """
    return [
        repeat_rare_words(classes, torch.nonzero(corpora == corpus).flatten(), count)
        for corpus in sorted(set(corpora.tolist()))
    ]


def repeat_rare_words(classes: Tensor, indices: Tensor, count: int) -> Tensor:
    """Repeat a corpus's recordings of rare words until they are about as many as of the others.

    ``classes`` (n,) are every recording's, ``indices`` (k,) the corpus's recordings; returns
    indices, (m,), m >= k. Else the Speech Commands subset, with seven threes beside 400 eights,
    would teach that what strangers say is rather an eight. The last of the ``count`` classes, all
    other sound, is repeated as often as words are on average.
    """
    recordings = torch.bincount(classes[indices], minlength=count)  # of each class
    words = recordings[:-1]
    times = (words.max() // recordings.clamp(min=1)).clamp(min=1)
    repeated = (words * times[:-1]).sum()
    times[-1] = (repeated // words.sum().clamp(min=1)).clamp(min=1)
    return indices.repeat_interleave(times[classes[indices]])


def draw_epoch(pools: list[Tensor], epoch: int, epoch_size: int, seed: int) -> Tensor:
    """Return the indices that an epoch trains on, (epoch_size,): one of each corpus in turn.

    Were recordings drawn alike, thousands of synthetic ones would drown the few real ones, which
    are worth more. All of a pool is drawn before any of it is drawn again, over epochs too.
    """
    share = -(-epoch_size // len(pools))  # of each corpus, rounded up
    drawn = [
        pool[_places(len(pool), epoch * share, share, corpus, seed)]
        for corpus, pool in enumerate(pools)
    ]
    return torch.stack(drawn, dim=1).flatten()[:epoch_size]


def _places(size: int, start: int, length: int, corpus: int, seed: int) -> Tensor:
    """Return ``length`` places of a pool, from ``start`` on in an endless sequence of shuffles."""
    first, last = start // size, (start + length - 1) // size
    random = torch.Generator()
    shuffles = [
        torch.randperm(
            size, generator=random.manual_seed(derive_seed(seed, "shuffle", corpus, number))
        )
        for number in range(first, last + 1)
    ]
    return torch.cat(shuffles)[start - first * size :][:length]
