"""Augmentation of stretches of speech: what augment.py does to a picture of one word.

Vocal tract, tempo and compression are ranges of its own, since a stretch has no middle and no one
second; all the rest, from the throat to the file, is done by the same functions.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from spoken_digits.picture.stream import QUIETEST_DB
from spoken_digits.training.augment import (
    DB,
    EFFECTS,
    Strengths,
    chance,
    on_the_way,
    uniform,
    vocal_tract,
)
from spoken_digits.training.stretches import FRAMES

_CONTRAST = 0.2  # bound, around a factor of 1
_DRIFT = 0.25  # of the tempo, bound: faster here, slower there
_DRIFT_PERIOD = (80, 400)  # frames
_DEEPEST = 80.0  # dB below the loudest pixel; what is softer is silence
_MASKED_BANDS, _MASKED_FRAMES = 14, 10  # the widest
_MASKS_OF_BANDS, _MASKS_OF_FRAMES = 2, 8


def augment_stretches(power: Tensor, frames: Tensor, strength: float, random: Generator) -> Tensor:
    """Return levels in dB of stretches, (n, 100, SOURCE) power -> (n, 100, FRAMES).

    ``frames`` (n,) says how many frames of each are used. ``random`` is a CPU's generator, and all
    that chance follows from; ``strength`` is that of augment.py.
    """
    strengths: Strengths = dict.fromkeys(EFFECTS, strength) | {"padding": 0.0}
    levels = _decibels(power)
    levels = _warped(levels, frames, strength, random)
    loudest = levels.amax(dim=(1, 2), keepdim=True)
    contrast = uniform(levels, 1 - _CONTRAST * strength, 1 + _CONTRAST * strength, random)
    relative = (levels - loudest) * contrast[:, None, None]
    heard = on_the_way(torch.exp(DB * relative) * (relative > -_DEEPEST), strengths, random)
    return _masked(_decibels(heard), strength, random)


def _decibels(power: Tensor) -> Tensor:
    # Not log10: its last bit is another on AMD than on Intel.
    return torch.log(power.clamp(min=math.exp(DB * QUIETEST_DB))).div_(DB)


def _warped(levels: Tensor, frames: Tensor, strength: float, random: Generator) -> Tensor:
    """Play each at its tempo, faster here and slower there, with another vocal tract."""
    n, bands, source = levels.shape
    time = (torch.arange(FRAMES) + 0.5)[None] / FRAMES  # (1, FRAMES)
    period = uniform(levels, *_DRIFT_PERIOD, random)[:, None]
    phase = uniform(levels, 0, 2 * math.pi, random)[:, None]
    turn = 2 * math.pi * FRAMES / period
    drift = uniform(levels, -_DRIFT * strength, _DRIFT * strength, random)[:, None]
    bent = time + drift / turn * (torch.sin(time * turn + phase) - torch.sin(phase))
    x = (bent * frames[:, None] * 2 / source - 1)[:, None]  # (n, 1, FRAMES)
    y = vocal_tract(levels, strength, random)  # (n, 100, 1)
    grid = torch.stack([x.expand(n, bands, FRAMES), y.expand(n, bands, FRAMES)], dim=-1)
    sampled = F.grid_sample((levels - QUIETEST_DB)[:, None], grid, align_corners=False)
    return sampled[:, 0] + QUIETEST_DB


def _masked(levels: Tensor, strength: float, random: Generator) -> Tensor:
    """Silence some groups of bands and of frames (SpecAugment, Park et al., 2019)."""
    for axis, times, widest in (
        (1, _MASKS_OF_BANDS, _MASKED_BANDS),
        (2, _MASKS_OF_FRAMES, _MASKED_FRAMES),
    ):
        place = torch.arange(levels.shape[axis], dtype=torch.float32)[None]
        for _ in range(times):
            start = uniform(levels, 0, levels.shape[axis], random)[:, None]
            width = uniform(levels, 0, widest * strength, random) * chance(levels, 0.5, random)
            hidden = (place >= start) & (place < start + width[:, None])
            shape = (-1, levels.shape[1], 1) if axis == 1 else (-1, 1, levels.shape[2])
            levels = levels.masked_fill(hidden.view(shape), QUIETEST_DB)
    return levels
