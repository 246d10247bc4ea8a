"""Augmentation: other voices, rooms, microphones and noises, for a whole batch of pictures.

Everything happens on finished pictures, (n, 100, 100) float32 in 0..1, where 1 is the loudest
pixel, 0 is DEPTH dB below it, row 0 is the highest band and time goes to the right. What adds up
as power (reverberation, noise, equalisers) is done on power, then taken back to dB.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from spoken_digits.sizes import SIZE

DEPTH = 80.0
"""dB from the loudest pixel to black, as spectrogram.depth_db usually is."""
_DB = math.log(10) / 10  # exp(_DB x dB) is a power ratio
# Rows, in a picture from 20 Hz to 8 kHz. In one to 4 kHz they begin at 1.3 kHz: no worse there.
_ABOVE_2_KHZ = 45
_SOUNDING = 0.03  # mean grey level, 0..1, of a frame that is not silence


def augment(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Return other pictures of the same words, (n, 100, 100) -> (n, 100, 100), in 0..1.

    ``strength`` scales all ranges; 0 returns the pictures as they are.
    """
    if strength == 0:
        return pictures
    pictures = _warp(_trim(pictures, strength, random), strength, random)
    power = _frication(_to_power(pictures, strength, random), strength, random)
    power = _smooth(power, strength, random)
    power = _reverberate(power, strength, random)
    recorded = _recorded(power, strength, random)[:, None, :]
    gain = torch.exp(_DB * _equaliser(power, strength, random))[:, :, None]
    noise = _noise(power, strength, random)
    # Noise of the room passes the microphone too; noise of the electronics does not.
    behind = _chance(power, 0.5, random)[:, None, None]
    power = torch.where(behind, power * gain + noise, (power + noise) * gain) * recorded
    loudest = power.amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    # Not log10: its last bit is another on AMD than on Intel.
    decibels = torch.log((power / loudest).clamp_(min=10 ** (-DEPTH / 10))).div_(_DB)
    return _mask(decibels.div_(DEPTH).add_(1), strength, random)


def with_other_sounds(
    pictures: Tensor, classes: Tensor, other: int, random: Generator
) -> tuple[Tensor, Tensor]:
    """Turn a tenth of a batch into what is no digit: pieces of words, and silence.

    Return pictures (n, 100, 100) and classes (n,), with class ``other`` for the changed ones.
    """
    n = max(len(pictures) // 10, 1)
    pictures, classes = pictures.clone(), classes.clone()
    pictures[:n] = _pieces(pictures[:n], random)
    pictures[: n // 6] = 0  # what augmentation makes of it is noise alone
    classes[:n] = other
    return pictures, classes


def _pieces(pictures: Tensor, random: Generator) -> Tensor:
    """Keep the first or the last 20-45% of each picture's sounding frames."""
    first, last = _ends(pictures.mean(dim=1) > _SOUNDING)
    kept = (last - first + 1) * _uniform(pictures, 0.2, 0.45, random)
    beginning = _chance(pictures, 0.5, random)
    start = torch.where(beginning, first, last - kept)
    end = torch.where(beginning, first + kept, last)
    return pictures * _between(start, end)[:, None, :]


def _trim(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Cut the weak ends of words off, as gates and recordings that are trimmed tightly do."""
    first, last = _ends(pictures.mean(dim=1) > _SOUNDING)
    length = last - first + 1
    start = first + length * _uniform(pictures, 0, 0.2, random) * _chance(pictures, 0.5, random)
    end = last - length * _uniform(pictures, 0, 0.3, random) * _chance(pictures, 0.5, random)
    kept = _between(start, end)
    power = torch.exp(_DB * DEPTH * (pictures - 1)).sum(dim=1)  # (n, 100) of whole frames
    threshold = torch.exp(-_DB * _uniform(pictures, 15, 50, random))
    gate = _between(*_ends(power > power.amax(dim=1, keepdim=True) * threshold[:, None]))
    gated = _chance(pictures, 0.4, random)[:, None]
    kept = torch.where(gated, kept & gate, kept)
    kept |= ~_chance(pictures, strength, random)[:, None]
    return pictures * kept[:, None, :]


def _ends(sounding: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the last true frame of each row, (n, 100) -> (n,), (n,)."""
    frame = torch.arange(SIZE, dtype=torch.float32, device=sounding.device)
    first = torch.where(sounding, frame, SIZE).amin(dim=1)
    return first, torch.where(sounding, frame, -1).amax(dim=1)


def _between(start: Tensor, end: Tensor) -> Tensor:
    """Return which frames are from start to end, (n,), (n,) -> (n, 100)."""
    frame = torch.arange(SIZE, dtype=torch.float32, device=start.device)
    return (frame >= start[:, None]) & (frame <= end[:, None])


def _warp(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Speak faster or slower, sooner or later, with a longer or a shorter vocal tract."""
    n = len(pictures)
    pixels = (torch.arange(SIZE, device=pictures.device) + 0.5) * 2 / SIZE - 1  # (100,) in -1..1
    y, x = pixels[None, :, None], pixels[None, None, :]

    def draw(bound: float) -> Tensor:
        return _uniform(pictures, -bound * strength, bound * strength, random)[:, None, None]

    def phase() -> Tensor:
        return _uniform(pictures, 0, 2 * math.pi, random)[:, None, None]

    # Low frequencies, y = 1, stay; the bend moves the middle bands alone.
    source_y = (
        (y - 1) * draw(0.15).exp() + 1 + draw(0.06) + draw(0.08) * torch.sin((y + 1) * math.pi / 2)
    )
    source_x = (x - draw(0.35)) * draw(0.35).exp() + draw(0.1) * torch.sin(math.pi * x)
    # Formants that move otherwise, syllables of other lengths: smooth displacements.
    source_y = source_y + draw(0.06) * torch.sin(math.pi * 1.5 * x + phase())
    source_x = source_x + draw(0.08) * torch.sin(math.pi * 2.5 * x + phase())
    grid = torch.stack([source_x.expand(n, SIZE, SIZE), source_y.expand(n, SIZE, SIZE)], dim=-1)
    return F.grid_sample(pictures[:, None], grid, align_corners=False)[:, 0]


def _to_power(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Return power relative to the loudest pixel, with more or less contrast (compressors)."""
    contrast = _uniform(pictures, 1 - 0.25 * strength, 1 + 0.25 * strength, random)
    decibels = (pictures - 1) * (DEPTH * contrast[:, None, None])
    # Consonants and vowels in another balance: a gain that changes with time.
    along = torch.linspace(0, 1, SIZE, device=pictures.device)[None]
    decibels = (
        decibels + _waves(pictures, along * 3, 3 * strength, 3 * strength, random)[:, None, :]
    )
    return torch.exp(decibels.mul_(_DB)) * (pictures > 0.003)


def _frication(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Let most pictures' hissing frames be weaker, and lack low bands.

    Synthetic voices hiss loudly in all bands. People's s is far above 4 kHz, and weak where a
    microphone or a telephone ends there.
    """
    hissing = power[:, :_ABOVE_2_KHZ].sum(dim=1) / power.sum(dim=1).clamp(min=1e-12)  # (n, 100)
    some = _chance(power, 0.6 * strength, random)
    louder = (_uniform(power, -15, 5, random) * some)[:, None, None]  # dB
    thinner = (_uniform(power, 0, 40, random) * some)[:, None, None]  # dB, of the lowest band
    height = torch.linspace(1, 0, SIZE, device=power.device)[None, :, None]  # 1: the highest band
    return power * torch.exp(_DB * hissing[:, None, :] * (louder + thinner * (height - 1)))


def _smooth(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Blur half of the pictures over bands, which hides the harmonics and with them the pitch."""
    band = torch.arange(SIZE, dtype=torch.float32, device=power.device)
    apart = band[None, :, None] - band[None, None, :]
    width = _uniform(power, 0.3, 3.0 * strength, random)  # standard deviation, bands
    some = _chance(power, 0.5, random)
    blur = torch.exp(-((apart / width[some, None, None]) ** 2) / 2)
    blur = blur / blur.sum(dim=2, keepdim=True)
    power = power.clone()
    power[some] = torch.bmm(blur, power[some])
    return power


def _reverberate(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Add to half of the pictures a tail that decays exponentially: a product along time."""
    frame = torch.arange(SIZE, dtype=torch.float32, device=power.device)
    lag = frame[None, :] - frame[:, None]  # (100, 100): from frame, to frame
    decay = _log_uniform(power, 0.6, 9, random)  # frames to a fall by e
    wet = _log_uniform(power, 0.01, 0.5, random)
    some = _chance(power, 0.5 * strength, random)
    tail = torch.exp(-lag.clamp(min=0) / decay[some, None, None]) * (lag >= 0)
    power = power.clone()
    power[some] += torch.bmm(power[some], wet[some, None, None] * tail)
    return power


def _recorded(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return which frames the recording has, (n, 100); the rest is padding, without any noise.

    A quarter of the pictures are of recordings that begin and end within 0.3 s of their word.
    Else the edges of noisy recordings, shorter than the second, would be taken for consonants.
    """
    level = power.sum(dim=1)
    first, last = _ends(level >= level.amax(dim=1, keepdim=True) * 1e-3)
    before = 30 * _uniform(power, 0, 1, random).square()
    after = 30 * _uniform(power, 0, 1, random).square()
    whole = ~_chance(power, 0.25 * strength, random)
    return _between(first - before, last + after) | whole[:, None]


def _equaliser(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return a microphone's response, (n, 100) dB: tilt, waves, and band limits."""
    height = torch.linspace(1, 0, SIZE, device=power.device)[None]  # 1: the highest band
    response = _waves(power, height, 24 * strength, 3 * strength, random)

    def some(chance: float, bound: float) -> Tensor:
        limit = _uniform(power, 0, bound, random) * _chance(power, chance * strength, random)
        return limit[:, None]

    below, above = some(0.3, 0.14) - height, height - 1 + some(0.45, 0.4)
    slope = _uniform(power, 100, 800, random)[:, None]  # dB over the whole range of bands
    return response - ((below.clamp(min=0) + above.clamp(min=0)) * slope).clamp(max=70)


def _noise(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return noise to add: of any colour, steady or not; other voices; and the recorder's floor."""
    n = len(power)
    speech = power.amax(dim=2).mean(dim=1)  # (n,) the level that SNR refers to
    height = torch.linspace(1, 0, SIZE, device=power.device)[None]
    colour = torch.exp(_DB * _waves(power, height, 40, 3, random))
    colour = colour / colour.mean(dim=1, keepdim=True)
    # A band's power in one frame of noise is nearly exponentially distributed.
    grain = -torch.log(
        torch.rand(n, SIZE, SIZE, generator=random).to(power.device).clamp_(min=1e-6)
    )
    grain = (grain + grain.roll(1, dims=2)) / 2  # frames overlap
    frame = torch.arange(SIZE, dtype=torch.float32, device=power.device)[None]
    rate, phase = _uniform(power, 0.02, 0.5, random), _uniform(power, 0, 2 * math.pi, random)
    swell = torch.exp(
        _uniform(power, 0, 1.2, random)[:, None] * torch.sin(frame * rate[:, None] + phase[:, None])
    )
    level = speech * _chance(power, 0.75 * strength, random)
    level = level * torch.exp(-_DB * _uniform(power, -2, 45, random))
    noise = grain * (colour * level[:, None])[:, :, None] * swell[:, None, :]
    voices = power.roll(1, 0) + power.roll((2, 23), (0, 2)) + power.roll((3, -31), (0, 2))
    voices = voices / voices.amax(dim=2).mean(dim=1).clamp(min=1e-9)[:, None, None]
    level = speech * _chance(power, 0.25 * strength, random)
    level = level * torch.exp(-_DB * _uniform(power, 3, 30, random))
    floor = power.amax(dim=(1, 2)) * torch.exp(_DB * _uniform(power, -180, -60, random))
    # Silence has no level of its own: noise at full level, in dB below the loudest, is the same.
    floor = torch.where(speech > 0, floor, 1.0)
    return noise + voices * level[:, None, None] + grain * floor[:, None, None]


def _waves(power: Tensor, height: Tensor, tilt: float, ripple: float, random: Generator) -> Tensor:
    """Return random smooth curves over the bands, (n, 100) dB."""
    curve = _uniform(power, -tilt, tilt, random)[:, None] * (height - 0.5)
    for cycles, share in ((1, 1.0), (2, 1.0), (3, 0.7), (5, 0.7), (8, 0.7)):
        phase = _uniform(power, 0, 2 * math.pi, random)[:, None]
        depth = _uniform(power, -ripple * share, ripple * share, random)[:, None]
        curve = curve + depth * torch.cos(math.pi * cycles * height + phase)
    return curve


def _mask(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Blacken up to two groups of bands and two of frames (SpecAugment, Park et al., 2019)."""
    pixel = torch.arange(SIZE, dtype=torch.float32, device=pictures.device)[None]
    hidden = []
    for widest in (14, 14, 12, 12):
        start = _uniform(pictures, 0, SIZE, random)[:, None]
        width = _uniform(pictures, 0, widest * strength, random) * _chance(pictures, 0.6, random)
        hidden.append((pixel >= start) & (pixel < start + width[:, None]))
    bands, frames = hidden[0] | hidden[1], hidden[2] | hidden[3]
    return pictures.masked_fill_(bands[:, :, None] | frames[:, None, :], 0.0).clamp_(0, 1)


def _uniform(like: Tensor, low: float, high: float, random: Generator) -> Tensor:
    return (torch.rand(len(like), generator=random) * (high - low) + low).to(like.device)


def _log_uniform(like: Tensor, low: float, high: float, random: Generator) -> Tensor:
    return _uniform(like, math.log(low), math.log(high), random).exp()


def _chance(like: Tensor, probability: float, random: Generator) -> Tensor:
    return (torch.rand(len(like), generator=random) < probability).to(like.device)
