"""Augmentation: other voices, rooms, microphones and noises, for a whole batch of pictures.

Everything happens on finished pictures, (n, 100, 100) float32 in 0..1, where 1 is
white, 0 is DEPTH dB below it, row 0 is the highest band and time goes to the right. What adds up
as power (reverberation, noise, equalisers) is done on power, then taken back to dB.

``augment`` lists the effects in their order. An effect is one function, its line there, and its
ranges here; at a strength of 1 they are as they stand. EFFECTS has the names by which params.yaml
leaves effects out: such an effect has a strength of 0, and chance does the same to all others.

A chance is that a picture is changed. A range (low, high) is drawn from evenly. A bound b is the
range (-b, b). A picture is a second, so that a frame is 10 ms; a height is 0 at the lowest band and
1 at the highest.
"""

import math
from collections.abc import Collection, Mapping
from typing import get_args

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from spoken_digits.params import Effect
from spoken_digits.picture.mel import HEADROOM, LEAST_WHITE, LOUD_FRAMES
from spoken_digits.sizes import SIZE

EFFECTS: tuple[Effect, ...] = get_args(Effect)
"""What params.yaml may leave out."""

Strengths = Mapping[Effect, float]
"""How strong each of EFFECTS is."""

DEPTH = 80.0
"""dB from white to black, as spectrogram.depth_db usually is."""

# What is no digit: pieces of words, and silence.
_OTHER_SHARE = 10  # one picture in so many becomes no digit
_SILENT_SHARE = 6  # one in so many of these becomes silence
_PIECE_KEPT = (0.2, 0.45)  # of a word's frames: too few to recognise it by

# Trimming: recordings that are cut tightly, and noise gates.
_CUT_CHANCE = 0.5  # of each end
_CUT_START = (0, 0.2)  # of the word's frames
_CUT_END = (0, 0.3)  # of the word's frames; more, since words fade
_GATE_CHANCE = 0.4
_GATE_THRESHOLD = (15, 50)  # dB below the loudest frame

# Vocal tract: where bands come from, in halves of the picture (50 bands).
_TRACT_SCALE = 0.15  # bound of a logarithm: formants are 0.86 to 1.16 times as high
_TRACT_SHIFT = 0.06  # bound: all bands
_TRACT_BEND = 0.08  # bound: the middle bands, since formants do not all move alike
_FORMANT_DRIFT = 0.06  # bound: bands rise and fall while the word is said
_FORMANT_DRIFT_RATE = 1.5  # Hz: slower than syllables

# Shift and tempo: where frames come from, in halves of the picture (0.5 s).
_SHIFT = 0.35  # bound: the word is anywhere in the second
_TEMPO_SCALE = 0.35  # bound of a logarithm: 30% shorter to 42% longer
_TEMPO_BEND = 0.1  # bound: one half of the second longer, the other shorter
_SYLLABLE_DRIFT = 0.08  # bound: sounds within the word longer and shorter
_SYLLABLE_DRIFT_RATE = 2.5  # Hz: about that of syllables

# Compression: how far apart loud and soft are, and how consonants and vowels are balanced.
_CONTRAST = 0.25  # bound, around a factor of 1
_BALANCE_HEIGHTS = 3  # a second is what so many heights are to a response (waves)
_BALANCE_TILT = 3  # dB a third of a second, bound
_BALANCE_RIPPLE = 3  # dB, bound
_BLACK = 0.003  # grey level of what is no sound: less than 1 of 255

# Fricatives: synthetic voices hiss loudly in all bands.
_HISS_CHANCE = 0.6
_HISS_GAIN = (-15, 5)  # dB
_HISS_THINNING = (0, 40)  # dB, of the lowest band: people's s is far above 4 kHz
# Row, in a picture from 20 Hz to 8 kHz. In one to 4 kHz it is at 1.3 kHz: no worse there.
_ABOVE_2_KHZ = 45

# Blur over bands: it hides the harmonics and with them the pitch.
_BLUR_CHANCE = 0.5
_BLUR_LEAST, _BLUR_MOST = 0.3, 3.0  # standard deviation, bands

# Reverberation: an exponential tail.
_TAIL_CHANCE = 0.5
_TAIL_DECAY = (0.6, 9)  # frames to a fall by e, log-uniform: 60 dB in 0.08 to 1.2 s
_TAIL_LEVEL = (0.01, 0.5)  # of the sound's power, log-uniform

# Padding: recordings that end soon after their word, with digital silence up to the second.
_PADDED_CHANCE = 0.25
_PADDED_MARGIN = 30  # frames between word and padding, at most; few are likelier
_PADDED_WORD = 1e-3  # of the loudest frame's power: the word is where it is louder

# Microphone: its frequency response.
_RESPONSE_TILT = 24  # dB from the lowest band to the highest, bound
_RESPONSE_RIPPLE = 3  # dB, bound
_LOW_CUT_CHANCE, _LOW_CUT = 0.3, (0, 0.14)  # height below which less passes
_HIGH_CUT_CHANCE, _HIGH_CUT = 0.45, (0, 0.4)  # from the top; a telephone, 3.4 kHz, has 0.3
_CUT_SLOPE = (100, 800)  # dB a height of 1
_CUT_MOST = 70  # dB
_WAVES = ((1, 1.0), (2, 1.0), (3, 0.7), (5, 0.7), (8, 0.7))  # half waves a height, of the ripple

# Noise: of any colour, steady or swelling; other voices; and what the recorder itself adds.
_NOISE_CHANCE = 0.75
_NOISE_SNR = (-2, 45)  # dB
_NOISE_TILT = 40  # dB from the lowest band to the highest, bound
_NOISE_RIPPLE = 3  # dB, bound
_SWELL_RATE = (0.02, 0.5)  # radians a frame: 0.3 to 8 Hz
_SWELL_DEPTH = (0, 1.2)  # of the power's logarithm: up to 5 dB
_VOICES_CHANCE = 0.25
_VOICES_SNR = (3, 30)  # dB
_VOICES = ((1, 0), (2, 23), (3, -31))  # which other pictures of the batch, how many frames later
_FLOOR = (-180, -60)  # dB of the loudest pixel; of most recordings it is black
_ELECTRONIC_CHANCE = 0.5  # that noise arises behind the microphone, not in the room

# Clicks: knocks, keys, lips, switches; they have all bands, and a colour of their own.
_CLICK_CHANCE = 0.3
_CLICK_FRAMES = (1, 6)  # from to
_CLICK_LEVEL = (-20, 30)  # dB above the loudest pixel
_CLICK_TILT = 40  # dB from the lowest band to the highest, bound; a step is a click of low bands
_CLICK_RIPPLE = 3  # dB, bound

# Hum: overtones of mains, steady. The picture itself leaves out the fundamental.
_HUM_CHANCE = 0.15
_HUM_APART = (3.2, 4.2)  # bands from one to the next, in a picture from 20 Hz to 8 kHz
_HUM_OVERTONES = 6
_HUM_LEVEL = (-50, 0)  # dB, of each below the loudest pixel
_HUM_WIDTH = 1.0  # bands, standard deviation of what the analysis window makes of a tone

# Masks, two over bands and two over frames.
_MASK_CHANCE = 0.6  # of each
_MASK_BANDS = (14, 14)  # the widest of each
_MASK_FRAMES = (12, 12)  # the widest of each

DB = math.log(10) / 10  # exp(DB x dB) is a power ratio
_SOUNDING = 0.03  # mean grey level, 0..1, of a frame that is not silence


def augment(
    pictures: Tensor, strength: float, random: Generator, omit: Collection[str] = ()
) -> Tensor:
    """Return other pictures of the same words, (n, 100, 100) -> (n, 100, 100), in 0..1.

    ``strength`` scales ranges, and the chances of most effects; 0 returns the pictures as they
    are. ``random`` is a CPU's generator, and all that chance follows from. ``omit`` names those of
    EFFECTS that are left out.
    """
    if strength == 0:
        return pictures
    strengths: Strengths = {effect: 0.0 if effect in omit else strength for effect in EFFECTS}
    pictures = _trim(pictures, strengths["trim"], random)
    pictures = _warp(pictures, strengths, random)
    power = _compress(pictures, strengths["compression"], random)
    pictures = _to_pictures(on_the_way(power, strengths, random))
    return _mask(pictures, strengths["mask"], random)


def on_the_way(power: Tensor, strengths: Strengths, random: Generator) -> Tensor:
    """Do what happens to a voice on its way to the file, (n, 100, frames) -> the same: power.

    Its s and its pitch are another's, it sounds in a room, in noise, and a microphone records it.
    """
    power = _weaken_fricatives(power, strengths["fricatives"], random)
    power = _blur_bands(power, strengths["blur"], random)
    power = _reverberate(power, strengths["reverberation"], random)
    return _record(power, strengths, random)


def with_other_sounds(
    pictures: Tensor,
    classes: Tensor,
    other: int,
    random: Generator,
    omit: Collection[str] = (),
) -> tuple[Tensor, Tensor]:
    """Turn a tenth of a batch into what is no word: pieces of words, and silence.

    Silence alone, one picture in sixty, if ``omit`` names "pieces": a piece of a siren is a siren.
    Return pictures (n, 100, 100) and classes (n,), with class ``other`` for the changed ones.
    """
    n = max(len(pictures) // _OTHER_SHARE, 1)
    silent = n // _SILENT_SHARE
    pictures, classes = pictures.clone(), classes.clone()
    if "pieces" in omit:
        n = silent
    else:
        pictures[:n] = _pieces(pictures[:n], random)
    pictures[:silent] = 0  # what augmentation makes of it is noise alone
    classes[:n] = other
    return pictures, classes


def _pieces(pictures: Tensor, random: Generator) -> Tensor:
    """Keep the first or the last of each picture's sounding frames."""
    first, last = _ends(pictures.mean(dim=1) > _SOUNDING)
    kept = (last - first + 1) * uniform(pictures, *_PIECE_KEPT, random)
    beginning = chance(pictures, 0.5, random)
    start = torch.where(beginning, first, last - kept)
    end = torch.where(beginning, first + kept, last)
    return pictures * _between(start, end, SIZE)[:, None, :]


def _trim(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Cut the weak ends of words off, as gates and recordings that are trimmed tightly do."""
    first, last = _ends(pictures.mean(dim=1) > _SOUNDING)
    length = last - first + 1
    cut = length * uniform(pictures, *_CUT_START, random) * chance(pictures, _CUT_CHANCE, random)
    start = first + cut
    cut = length * uniform(pictures, *_CUT_END, random) * chance(pictures, _CUT_CHANCE, random)
    kept = _between(start, last - cut, SIZE)
    power = torch.exp(DB * DEPTH * (pictures - 1)).sum(dim=1)  # (n, 100) of whole frames
    threshold = torch.exp(-DB * uniform(pictures, *_GATE_THRESHOLD, random))
    gate = _between(*_ends(power > power.amax(dim=1, keepdim=True) * threshold[:, None]), SIZE)
    gated = chance(pictures, _GATE_CHANCE, random)[:, None]
    kept = torch.where(gated, kept & gate, kept)
    kept |= ~chance(pictures, strength, random)[:, None]
    return pictures * kept[:, None, :]


def _warp(pictures: Tensor, strengths: Strengths, random: Generator) -> Tensor:
    """Move bands and frames smoothly: other speakers, faster or slower, sooner or later."""
    n = len(pictures)
    tract, tempo = strengths["vocal_tract"], strengths["tempo"]
    bands = vocal_tract(pictures, tract, random)
    frames = _shift_and_tempo(pictures, strengths["shift"], tempo, random)
    bands = bands + _drift(pictures, _FORMANT_DRIFT * tract, _FORMANT_DRIFT_RATE, random)
    frames = frames + _drift(pictures, _SYLLABLE_DRIFT * tempo, _SYLLABLE_DRIFT_RATE, random)
    grid = torch.stack([frames.expand(n, SIZE, SIZE), bands.expand(n, SIZE, SIZE)], dim=-1)
    return F.grid_sample(pictures[:, None], grid, align_corners=False)[:, 0]


def vocal_tract(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Return where each band comes from, (n, 100, 1) in -1..1, with a longer or shorter tract."""
    y = _positions(pictures)[:, None]
    # Low frequencies, y = 1, stay; the bend moves the middle bands alone.
    scaled = (y - 1) * _bounded(pictures, _TRACT_SCALE * strength, random).exp() + 1
    shifted = scaled + _bounded(pictures, _TRACT_SHIFT * strength, random)
    bend = _bounded(pictures, _TRACT_BEND * strength, random)
    return shifted + bend * torch.sin((y + 1) * math.pi / 2)


def _shift_and_tempo(pictures: Tensor, shift: float, tempo: float, random: Generator) -> Tensor:
    """Return where each frame comes from, (n, 1, 100) in -1..1, with a strength for each of both.

    Shifted, a word is said sooner or later; at another tempo, faster or slower.
    """
    x = _positions(pictures)
    shifted = x - _bounded(pictures, _SHIFT * shift, random)
    scaled = shifted * _bounded(pictures, _TEMPO_SCALE * tempo, random).exp()
    bend = _bounded(pictures, _TEMPO_BEND * tempo, random)
    return scaled + bend * torch.sin(math.pi * x)


def _drift(pictures: Tensor, bound: float, rate: float, random: Generator) -> Tensor:
    """Return a displacement that goes to and fro in time, (n, 1, 100), at a rate in Hz."""
    size = _bounded(pictures, bound, random)
    phase = uniform(pictures, 0, 2 * math.pi, random)[:, None, None]
    return size * torch.sin(math.pi * rate * _positions(pictures) + phase)


def _positions(like: Tensor) -> Tensor:
    """Return the middles of a row's pixels, (100,), as grid_sample has them: -1..1."""
    return (torch.arange(SIZE, device=like.device) + 0.5) * 2 / SIZE - 1


def _compress(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Return power relative to white, with more or less contrast (compressors)."""
    contrast = uniform(pictures, 1 - _CONTRAST * strength, 1 + _CONTRAST * strength, random)
    decibels = (pictures - 1) * (DEPTH * contrast[:, None, None])
    # Consonants and vowels in another balance: a gain that changes with time.
    time = torch.linspace(0, 1, SIZE, device=pictures.device)[None] * _BALANCE_HEIGHTS
    gain = waves(pictures, time, _BALANCE_TILT * strength, _BALANCE_RIPPLE * strength, random)
    decibels = decibels + gain[:, None, :]
    return torch.exp(decibels.mul_(DB)) * (pictures > _BLACK)


def _weaken_fricatives(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Let most pictures' hissing frames be weaker, and lack low bands.

    Synthetic voices hiss loudly in all bands. People's s is far above 4 kHz, and weak where a
    microphone or a telephone ends there.
    """
    hissing = power[:, :_ABOVE_2_KHZ].sum(dim=1) / power.sum(dim=1).clamp(min=1e-12)
    some = chance(power, _HISS_CHANCE * strength, random)
    gain = (uniform(power, *_HISS_GAIN, random) * some)[:, None, None]
    thinning = (uniform(power, *_HISS_THINNING, random) * some)[:, None, None]
    height = _heights(power)[None, :, None]
    return power * torch.exp(DB * hissing[:, None, :] * (gain + thinning * (height - 1)))


def _blur_bands(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Blur half of the pictures over bands, which hides the harmonics and with them the pitch."""
    band = torch.arange(SIZE, dtype=torch.float32, device=power.device)
    apart = band[None, :, None] - band[None, None, :]
    width = uniform(power, _BLUR_LEAST, _BLUR_MOST * strength, random)
    some = chance(power, _BLUR_CHANCE if strength else 0, random)
    blur = torch.exp(-((apart / width[some, None, None]) ** 2) / 2)
    blur = blur / blur.sum(dim=2, keepdim=True)
    power = power.clone()
    power[some] = torch.bmm(blur, power[some])
    return power


def _reverberate(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Add to half of the pictures a tail that decays exponentially: a product along time."""
    frame = torch.arange(power.shape[2], dtype=torch.float32, device=power.device)
    lag = frame[None, :] - frame[:, None]  # (frames, frames): from frame, to frame
    decay = _log_uniform(power, *_TAIL_DECAY, random)
    level = _log_uniform(power, *_TAIL_LEVEL, random)
    some = chance(power, _TAIL_CHANCE * strength, random)
    tail = torch.exp(-lag.clamp(min=0) / decay[some, None, None]) * (lag >= 0)
    power = power.clone()
    power[some] += torch.bmm(power[some], level[some, None, None] * tail)
    return power


def _record(power: Tensor, strengths: Strengths, random: Generator) -> Tensor:
    """Record the word with a microphone, in noise, for a second or less."""
    recorded = _recorded_frames(power, strengths["padding"], random)[:, None, :]
    gain = torch.exp(DB * _response(power, strengths["microphone"], random))[:, :, None]
    noise = _noise(power, strengths["noise"], strengths["voices"], random)
    # Noise of the room passes the microphone too; noise of the electronics does not.
    electronic = chance(power, _ELECTRONIC_CHANCE, random)[:, None, None]
    heard = torch.where(electronic, power * gain + noise, (power + noise) * gain)
    clicks = _clicks(heard, strengths["clicks"], random)
    return (heard + clicks + _hum(heard, strengths["hum"], random)) * recorded


def _recorded_frames(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return which frames the recording has, (n, frames); the rest is padding, without any noise.

    A quarter of the pictures are of recordings that begin and end within 0.3 s of their word.
    Else the edges of noisy recordings, shorter than the second, would be taken for consonants.
    """
    level = power.sum(dim=1)
    first, last = _ends(level >= level.amax(dim=1, keepdim=True) * _PADDED_WORD)
    before = _PADDED_MARGIN * uniform(power, 0, 1, random).square()
    after = _PADDED_MARGIN * uniform(power, 0, 1, random).square()
    whole = ~chance(power, _PADDED_CHANCE * strength, random)
    return _between(first - before, last + after, power.shape[2]) | whole[:, None]


def _response(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return a microphone's frequency response, (n, 100) dB: tilt, ripple, and band limits."""
    height = _heights(power)[None]
    response = waves(power, height, _RESPONSE_TILT * strength, _RESPONSE_RIPPLE * strength, random)

    def limit(share: float, limits: tuple[float, float]) -> Tensor:
        some = uniform(power, *limits, random) * chance(power, share * strength, random)
        return some[:, None]

    below = limit(_LOW_CUT_CHANCE, _LOW_CUT) - height
    above = height - 1 + limit(_HIGH_CUT_CHANCE, _HIGH_CUT)
    slope = uniform(power, *_CUT_SLOPE, random)[:, None]
    return response - ((below.clamp(min=0) + above.clamp(min=0)) * slope).clamp(max=_CUT_MOST)


def _noise(power: Tensor, strength: float, voices_strength: float, random: Generator) -> Tensor:
    """Return noise to add: of any colour, steady or not; other voices; and the recorder's floor.

    ``voices_strength`` is that of the other voices alone.
    """
    speech = power.amax(dim=2).mean(dim=1)  # (n,) the level that SNR refers to
    colour = torch.exp(DB * waves(power, _heights(power)[None], _NOISE_TILT, _NOISE_RIPPLE, random))
    colour = colour / colour.mean(dim=1, keepdim=True)
    # A band's power in one frame of noise is nearly exponentially distributed.
    grain = -torch.log(torch.rand(power.shape, generator=random).to(power.device).clamp_(min=1e-6))
    grain = (grain + grain.roll(1, dims=2)) / 2  # frames overlap
    frame = torch.arange(power.shape[2], dtype=torch.float32, device=power.device)[None]
    rate, phase = uniform(power, *_SWELL_RATE, random), uniform(power, 0, 2 * math.pi, random)
    swell = torch.exp(
        uniform(power, *_SWELL_DEPTH, random)[:, None]
        * torch.sin(frame * rate[:, None] + phase[:, None])
    )
    level = speech * chance(power, _NOISE_CHANCE * strength, random)
    level = level * torch.exp(-DB * uniform(power, *_NOISE_SNR, random))
    noise = grain * (colour * level[:, None])[:, :, None] * swell[:, None, :]
    voices = torch.zeros_like(power)
    for shifts in _VOICES:
        voices = voices + power.roll(shifts, (0, 2))
    voices = voices / voices.amax(dim=2).mean(dim=1).clamp(min=1e-9)[:, None, None]
    level = speech * chance(power, _VOICES_CHANCE * voices_strength, random)
    level = level * torch.exp(-DB * uniform(power, *_VOICES_SNR, random))
    floor = power.amax(dim=(1, 2)) * torch.exp(DB * uniform(power, *_FLOOR, random))
    # Silence has no level of its own: noise at full level, in dB below the loudest, is the same.
    floor = torch.where(speech > 0, floor, 1.0) * (strength > 0)
    return noise + voices * level[:, None, None] + grain * floor[:, None, None]


def _clicks(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return a click or a knock to add to three of ten pictures, anywhere in the second."""
    colour = torch.exp(DB * waves(power, _heights(power)[None], _CLICK_TILT, _CLICK_RIPPLE, random))
    colour = colour / colour.amax(dim=1, keepdim=True)
    level = power.amax(dim=(1, 2)) * torch.exp(DB * uniform(power, *_CLICK_LEVEL, random))
    level = level * chance(power, _CLICK_CHANCE * strength, random)
    start = uniform(power, 0, power.shape[2], random)
    frames = _between(start, start + uniform(power, *_CLICK_FRAMES, random), power.shape[2])
    return (colour * level[:, None])[:, :, None] * frames[:, None, :]


def _hum(power: Tensor, strength: float, random: Generator) -> Tensor:
    """Return steady overtones of mains hum to add to some pictures, in the lowest bands."""
    n = len(power)
    band = torch.arange(SIZE - 1, -1, -1, dtype=torch.float32, device=power.device)  # by row
    apart = uniform(power, *_HUM_APART, random)
    overtone = torch.arange(1, _HUM_OVERTONES + 1, device=power.device)
    centres = apart[:, None] * overtone - 0.5  # (n, overtones); the lowest is near 100 Hz
    shapes = torch.exp(-(((band - centres[:, :, None]) / _HUM_WIDTH) ** 2) / 2)  # (n, o, 100)
    some = chance(power, _HUM_CHANCE * strength, random)
    draws = torch.rand(n, _HUM_OVERTONES, generator=random).to(power.device)
    low, high = _HUM_LEVEL
    levels = torch.exp(DB * (low + (high - low) * draws)) * some[:, None]
    loudest = power.amax(dim=(1, 2))
    return ((shapes * levels[:, :, None]).sum(dim=1) * loudest[:, None])[:, :, None]


def _to_pictures(power: Tensor) -> Tensor:
    """Return pictures in 0..1 of power, (n, 100, 100); white is as in picture/mel.py."""
    levels = power.amax(dim=1).topk(LOUD_FRAMES, dim=1).values  # (n, frames), the loudest first
    white = torch.maximum(levels[:, -1] * HEADROOM, levels[:, 0] * LEAST_WHITE)[:, None, None]
    # Not log10: its last bit is another on AMD than on Intel.
    relative = power / white.clamp(min=1e-12)
    decibels = torch.log(relative.clamp_(min=10 ** (-DEPTH / 10), max=1)).div_(DB)
    return decibels.div_(DEPTH).add_(1)


def _mask(pictures: Tensor, strength: float, random: Generator) -> Tensor:
    """Blacken up to two groups of bands and two of frames (SpecAugment, Park et al., 2019)."""
    pixel = torch.arange(SIZE, dtype=torch.float32, device=pictures.device)[None]

    def hidden(widest: float) -> Tensor:
        start = uniform(pictures, 0, SIZE, random)[:, None]
        width = uniform(pictures, 0, widest * strength, random)
        width = width * chance(pictures, _MASK_CHANCE, random)
        return (pixel >= start) & (pixel < start + width[:, None])

    bands = torch.stack([hidden(widest) for widest in _MASK_BANDS]).any(dim=0)
    frames = torch.stack([hidden(widest) for widest in _MASK_FRAMES]).any(dim=0)
    return pictures.masked_fill_(bands[:, :, None] | frames[:, None, :], 0.0).clamp_(0, 1)


def _ends(sounding: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first and the last true frame of each row, (n, frames) -> (n,), (n,)."""
    frames = sounding.shape[1]
    frame = torch.arange(frames, dtype=torch.float32, device=sounding.device)
    first = torch.where(sounding, frame, frames).amin(dim=1)
    return first, torch.where(sounding, frame, -1).amax(dim=1)


def _between(start: Tensor, end: Tensor, frames: int) -> Tensor:
    """Return which frames are from start to end, (n,), (n,) -> (n, frames)."""
    frame = torch.arange(frames, dtype=torch.float32, device=start.device)
    return (frame >= start[:, None]) & (frame <= end[:, None])


def _heights(like: Tensor) -> Tensor:
    """Return the rows' heights, (100,): 1 is the highest band, 0 the lowest."""
    return torch.linspace(1, 0, SIZE, device=like.device)


def waves(power: Tensor, height: Tensor, tilt: float, ripple: float, random: Generator) -> Tensor:
    """Return random smooth curves over heights (1, 100), with bounds in dB, (n, 100) dB."""
    curve = uniform(power, -tilt, tilt, random)[:, None] * (height - 0.5)
    for half_waves, share in _WAVES:
        phase = uniform(power, 0, 2 * math.pi, random)[:, None]
        depth = uniform(power, -ripple * share, ripple * share, random)[:, None]
        curve = curve + depth * torch.cos(math.pi * half_waves * height + phase)
    return curve


def _bounded(like: Tensor, bound: float, random: Generator) -> Tensor:
    """Draw from (-bound, bound) for each picture, (n, 1, 1)."""
    return uniform(like, -bound, bound, random)[:, None, None]


def uniform(like: Tensor, low: float, high: float, random: Generator) -> Tensor:
    """Draw from (low, high) for each picture, (n,)."""
    return (torch.rand(len(like), generator=random) * (high - low) + low).to(like.device)


def _log_uniform(like: Tensor, low: float, high: float, random: Generator) -> Tensor:
    return uniform(like, math.log(low), math.log(high), random).exp()


def chance(like: Tensor, probability: float, random: Generator) -> Tensor:
    return (torch.rand(len(like), generator=random) < probability).to(like.device)
