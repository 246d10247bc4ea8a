"""Every purpose has a seed of its own."""

import re
from itertools import product
from pathlib import Path

import torch

from spoken_digits.training import seeds as module
from spoken_digits.training.seeds import derive_seed


def test_the_same_purpose_the_same_seed():
    assert derive_seed(3, "dropout", 7) == derive_seed(3, "dropout", 7)


def test_a_seed_is_one_that_torch_takes():
    seeds = [derive_seed(seed, "shuffle", 0, 1) for seed in (0, 2**32 - 1)]
    assert all(0 <= seed < 2**63 for seed in seeds)
    for seed in seeds:
        torch.Generator().manual_seed(seed)


def test_no_two_purposes_runs_epochs_or_corpora_share_a_seed():
    purposes = [("weights", ())]
    purposes += [(name, (epoch,)) for name in ("dropout", "augmentation") for epoch in range(50)]
    purposes += [("shuffle", place) for place in product(range(5), range(50))]
    seeds = [derive_seed(run, name, *numbers) for run in range(5) for name, numbers in purposes]
    # A CPU's generator takes the lowest 32 bits.
    assert len({seed % 2**32 for seed in seeds}) == len(seeds) == 5 * 351


def test_numbers_do_not_run_into_each_other():
    assert derive_seed(1, "shuffle", 1, 11) != derive_seed(1, "shuffle", 11, 1)
    assert derive_seed(1, "shuffle", 1, 1) != derive_seed(1, "shuffle", 11)


def test_each_purpose_is_named_once():
    """Dropout, augmentation, shuffles and first weights: no two places draw from one seed."""
    room = Path(module.__file__).parent
    # The training of the network that reads numbers is another, and draws nothing beside this one.
    others = {"sequence_loop.py"}
    sources = [p.read_text(encoding="utf-8") for p in room.glob("*.py") if p.name not in others]
    purposes = re.findall(r"derive_seed\(\s*[\w.]+,\s*\"(\w+)\"", "\n".join(sources))
    # Of several processes each has an augmentation of its own beside the one that all share.
    assert sorted(purposes) == ["augmentation", "augmentation", "dropout", "shuffle", "weights"]
    seeded = re.findall(r"manual_seed\(\s*(\w+)", "\n".join(sources))
    assert sorted(seeded) == ["derive_seed"] * 4 + ["seed"], "a seed that is not a purpose's"
