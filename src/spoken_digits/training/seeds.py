"""A seed for each purpose, so that no two of training's random sequences are alike."""

import hashlib


def derive_seed(seed: int, purpose: str, *numbers: int) -> int:
    """Return a seed, 0 to 2^63 - 1, for one purpose of a run: dropout, say, in epoch ``numbers``.

    It is the beginning of a SHA-256 of the run's seed, the purpose and the numbers, so that seeds
    of neighbouring numbers or runs have nothing in common. (A sum of run and number has: with it,
    two corpora of one size are shuffled alike.) PyTorch's generator on a CPU uses the lowest 32
    bits alone.
    """
    text = " ".join([str(seed), purpose, *map(str, numbers)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
