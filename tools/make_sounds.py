"""Synthesise a data set of five kinds of sound that nobody says, for corpora: [folder].

FOLDER gets <kind>_<source>_<take>.wav: claps, barks, sirens, bells and whistles, and, as
other-<kind>_<source>_<take>.wav, doors, rain, hums, engines, keys, steps, drips and paper. A source
is one pair of hands, one dog, one siren and so on, in a room, before a microphone and in a noise of
its own; its takes differ in pitch, length, distance and loudness. The same command makes the same
sounds, to the bit on one machine.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, report_errors, run_script

HELP = """
  PYTHONPATH=src python tools/make_sounds.py sounds      40 sources, 8 takes of each kind: 110 MB
  PYTHONPATH=src python tools/make_sounds.py few --sources 6 --takes 2

FOLDER must not be there yet. docs/sounds.md says how to train on it.
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the sounds go")
    parser.add_argument("--sources", type=int, default=40, help="sources, 3 to 1000 (40)")
    parser.add_argument(
        "--takes", type=int, default=8, help="takes a source of each of the five kinds, 1-100 (8)"
    )
    options = parser.parse_args()
    if not 3 <= options.sources <= 1000:
        parser.error(f"--sources {options.sources}: 3 to 1000; one to train, validate, test each")
    if not 1 <= options.takes <= 100:
        parser.error(f"--takes {options.takes}: 1 to 100")
    return options


if __name__ == "__main__":
    with report_errors():  # --help and a wrong option do not wait for what is imported below
        arguments()

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, chirp, fftconvolve, sosfilt
from tqdm import tqdm

from spoken_digits.files import replacing_folder
from spoken_digits.recording import Recording
from spoken_digits.sound.decode import wav_bytes

RATE = 16_000
Sound = NDArray[np.float64]  # (n,) at RATE
Random = np.random.Generator
_SECONDS = 2.0  # the longest sound; room and pauses round it come on top


def main() -> None:
    options = arguments()
    folder: Path = options.folder
    if folder.exists():
        raise UserError(f"{folder}: is there already. Name a folder that is not, or remove it")
    other_takes = -(-options.takes // 4)  # eight other kinds: two for five
    plan = [
        Recording("folder", label, f"source{number:02}", take)
        for number in range(options.sources)
        for label in (*KINDS, *OTHERS)
        for take in range(options.takes if label in KINDS else other_takes)
    ]
    with replacing_folder(folder) as partial:
        for recording in tqdm(plan, desc=str(folder), unit=" sounds", disable=None):
            (partial / recording.name).write_bytes(wav_bytes(make(recording), RATE))
    print(f"{folder}: {len(plan)} sounds of {options.sources} sources")


class Source(NamedTuple):
    """What all takes of a source have in common."""

    size: float
    """How large dog, bell, ... are: the larger, the lower."""
    echo: Sound
    """The room's impulse response."""
    band_hz: tuple[float, float]
    """What the microphone records."""
    noise_slope: float
    """Of the room's noise: its power falls with frequency to so many."""


def make(recording: Recording) -> NDArray[np.int16]:
    """Synthesise one recording, (n,) at RATE: nothing but its name decides."""
    source = _source(recording.speaker)
    random = _random(recording.name)
    sound = (KINDS | OTHERS)[recording.label](random, source.size)
    sound = sound[: round(_SECONDS * RATE)]
    sound = sound / np.abs(sound).max() * np.minimum(1, _time(len(sound) / RATE)[::-1] / 0.05)
    before, after = random.uniform(0.05, 0.4, 2)
    sound = np.concatenate([np.zeros(round(before * RATE)), sound, np.zeros(round(after * RATE))])
    echo = source.echo * random.uniform(0.3, 1.5)  # nearer or farther
    echo[0] = 1
    sound = fftconvolve(sound, echo)[: len(sound)]
    loudest = np.sqrt(np.convolve(sound**2, np.full(800, 1 / 800), "same").max())
    noise = _coloured_noise(random, len(sound), source.noise_slope)
    sound = sound + noise * loudest * 10 ** (-random.uniform(15, 45) / 20)
    sound = _band_pass(sound, *source.band_hz)
    peak = 10 ** (random.uniform(-25, -2) / 20)
    samples = np.rint(sound / np.abs(sound).max() * peak * 32767)
    return np.asarray(samples, np.int16)


def _source(name: str) -> Source:
    random = _random(name)
    decay = _log_uniform(random, 0.08, 0.6) / 6.9  # s to a fall by e: 60 dB in 0.08 to 0.6 s
    time = _time(3 * decay)
    echo = random.standard_normal(len(time)) * np.exp(-time / decay)
    echo *= random.uniform(0.1, 0.6) / np.sqrt((echo**2).sum())
    return Source(
        size=_log_uniform(random, 0.75, 1.33),
        echo=echo,
        band_hz=(_log_uniform(random, 30, 300), _log_uniform(random, 4000, 7800)),
        noise_slope=random.uniform(0, 2),
    )


# The five kinds


def clap(random: Random, size: float) -> Sound:
    """One to three claps: bursts of noise that ring between the palms for a few milliseconds."""
    pitch, width = _log_uniform(random, 900, 2000) / size, random.uniform(1.6, 2.5)

    def once() -> Sound:
        burst = _noise(random, 0.12) * np.exp(-_time(0.12) / _log_uniform(random, 0.004, 0.015))
        return _band_pass(burst, pitch / width, pitch * width)

    return _repeat(random, once, (1, 3), (0.2, 0.45))


def bark(random: Random, size: float) -> Sound:
    """One to three barks: a hoarse voice whose pitch jumps up and falls, through two formants."""
    pitch = _log_uniform(random, 250, 600) / size
    formants = [random.uniform(600, 1000) / size, random.uniform(1400, 2200) / size]

    def once() -> Sound:
        seconds = random.uniform(0.12, 0.3)
        time = _time(seconds) / seconds  # 0..1
        hertz = pitch * (0.75 + random.uniform(0.3, 0.8) * np.sin(np.pi * time**0.7))
        voice = _harmonics(hertz, 12, slope=0.8) + _noise(random, seconds) * random.uniform(0.2, 1)
        resonant = sum(_band_pass(voice, f * 0.8, f * 1.25) for f in formants)
        return (resonant + 0.1 * voice) * np.minimum(time / 0.08, 1) * np.exp(-3 * time)

    return _repeat(random, once, (1, 3), (0.3, 0.6))


def siren(random: Random, size: float) -> Sound:
    """A loudspeaker's tone, rich in harmonics, that wails, yelps, or goes between two notes."""
    time = _time(random.uniform(1.2, _SECONDS))
    low = _log_uniform(random, 400, 700) / size
    ratio = random.uniform(1.3, 2.2)
    phase = random.uniform(0, 1)
    kind = random.integers(3)
    if kind == 2:  # two notes
        up = ((time * random.uniform(0.8, 2) + phase) % 1 < 0.5).astype(np.float64)
    else:
        rate = random.uniform(0.3, 0.8) if kind == 0 else random.uniform(2, 4.5)
        up = (1 - np.cos(2 * np.pi * (time * rate + phase))) / 2
    tone = np.sin(_phase(low * ratio**up))
    return _soft_ends(np.tanh(random.uniform(1.5, 5) * tone), 0.03)


def bell(random: Random, size: float) -> Sound:
    """One or two strokes: partials that are no harmonics, the higher the sooner gone."""
    pitch = _log_uniform(random, 350, 1500) / size
    # A church bell's partials (hum, prime, tierce, quint, nominal and above), each a bit off.
    ratios = np.array([0.5, 1, 1.2, 1.5, 2, 2.5, 2.67, 3, 4, 5.3]) * random.uniform(0.97, 1.03, 10)
    levels = random.uniform(0.2, 1, 10) / np.sqrt(ratios)
    decay = _log_uniform(random, 0.2, 0.8)  # s to a fall by e

    def once() -> Sound:
        time = _time(min(3 * decay, _SECONDS))
        stroke = _noise(random, 0.01) * np.exp(-_time(0.01) / 0.002) * random.uniform(0.3, 1)
        sound = sum(
            level * np.sin(2 * np.pi * pitch * ratio * time) * np.exp(-time * ratio**0.7 / decay)
            for level, ratio in zip(levels, ratios, strict=True)
            if pitch * ratio < RATE / 2
        )
        sound[: len(stroke)] += stroke
        return np.asarray(sound)

    return _repeat(random, once, (1, 2), (0.4, 0.8))


def whistle(random: Random, size: float) -> Sound:
    """One to three notes of somebody's lips: nearly a sine, gliding, in a little breath."""
    pitch = _log_uniform(random, 1000, 2300) / size

    def once() -> Sound:
        seconds = random.uniform(0.25, 0.7)
        time = _time(seconds)
        glide = random.uniform(-0.4, 0.4) * time / seconds
        vibrato = random.uniform(0, 0.02) * np.sin(2 * np.pi * random.uniform(4, 7) * time)
        hertz = pitch * random.uniform(0.8, 1.25) * (1 + glide + vibrato)
        tone = _harmonics(hertz, 2, slope=random.uniform(4, 6))
        breath = _band_pass(_noise(random, seconds), hertz.min() * 0.8, hertz.max() * 1.3)
        return _soft_ends(tone + breath * 10 ** (-random.uniform(10, 30) / 20), 0.04)

    return _repeat(random, once, (1, 3), (0.4, 0.8))


# Other sounds


def door(random: Random, size: float) -> Sound:
    """A slam: a thump, and the lock."""
    time = _time(0.6)
    thump = np.sin(2 * np.pi * random.uniform(60, 150) / size * time)
    wood = _band_pass(_noise(random, 0.6), 80, random.uniform(500, 1500))
    sound = (thump + 2 * wood) * np.exp(-time / random.uniform(0.03, 0.1))
    lock = round(random.uniform(0.05, 0.15) * RATE)
    sound[lock : lock + 160] += _noise(random, 0.01) * random.uniform(0.1, 0.5)
    return sound


def rain(random: Random, size: float) -> Sound:
    """Many drops on a roof, in a hiss."""
    seconds = random.uniform(1, _SECONDS)
    drops = (random.random(len(_time(seconds))) < random.uniform(0.002, 0.02)) * 3.0
    drops = _band_pass(drops * _noise(random, seconds), 800 / size, 6000)
    return _soft_ends(drops + _noise(random, seconds) * random.uniform(0.02, 0.3), 0.1)


def hum(random: Random, size: float) -> Sound:
    """A transformer or a fan: harmonics of the mains' frequency, steady."""
    seconds = random.uniform(1, _SECONDS)
    hertz = random.choice([50, 60, 100, 120]) / size
    time = _time(seconds)
    tones = [
        random.random() / k**0.5 * np.sin(2 * np.pi * hertz * k * time + random.uniform(0, 6))
        for k in range(1, 20)
    ]
    return _soft_ends(np.sum(tones, axis=0) + _noise(random, seconds) * 0.1, 0.1)


def engine(random: Random, size: float) -> Sound:
    """Explosions at an uneven pace, through an exhaust, faster and faster or slower."""
    seconds = random.uniform(1, _SECONDS)
    pace = random.uniform(20, 60) / size * (1 + random.uniform(-0.5, 1) * _time(seconds) / seconds)
    pulses = np.maximum(np.cos(_phase(pace)), 0) ** 8 * (1 + 0.5 * _noise(random, seconds))
    exhaust = _band_pass(pulses, 60, random.uniform(300, 2000))
    return _soft_ends(exhaust, 0.1)


def keys(random: Random, size: float) -> Sound:
    """A bunch of keys: many short high rings."""

    def once() -> Sound:
        time = _time(0.1)
        rings = [
            np.sin(2 * np.pi * random.uniform(2500, 7500) / size * time) * random.random()
            for _ in range(4)
        ]
        ringing = np.exp(-time / random.uniform(0.005, 0.03)) * random.random()
        return np.asarray(np.sum(rings, axis=0) * ringing)

    return _repeat(random, once, (6, 20), (0.02, 0.15))


def steps(random: Random, size: float) -> Sound:
    """Two to four dull footsteps."""

    def once() -> Sound:
        burst = _noise(random, 0.15) * np.exp(-_time(0.15) / random.uniform(0.01, 0.03))
        return _band_pass(burst, 50, random.uniform(250, 600) / size)

    return _repeat(random, once, (2, 4), (0.35, 0.6))


def drip(random: Random, size: float) -> Sound:
    """Drops into water: short tones that rise."""

    def once() -> Sound:
        time = _time(0.08)
        low = random.uniform(500, 1200) / size
        tone = chirp(time, low, time[-1], low * random.uniform(1.5, 2.5))
        return np.asarray(tone * np.exp(-time / 0.02))

    return _repeat(random, once, (2, 6), (0.15, 0.5))


def paper(random: Random, size: float) -> Sound:
    """Paper that is crumpled: a hiss that comes in hundreds of grains."""
    seconds = random.uniform(0.6, _SECONDS)
    grains = np.maximum(_coloured_noise(random, len(_time(seconds)), 1.0), 0) ** 3
    return _soft_ends(_band_pass(_noise(random, seconds) * grains, 1000 / size, 7000), 0.05)


Kind = Callable[[Random, float], Sound]
KINDS: dict[str, Kind] = {one.__name__: one for one in (clap, bark, siren, bell, whistle)}
OTHERS: dict[str, Kind] = {
    f"other-{one.__name__}": one for one in (door, rain, hum, engine, keys, steps, drip, paper)
}


# What they are made of


def _random(name: str) -> Random:
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))


def _log_uniform(random: Random, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _time(seconds: float) -> Sound:
    return np.arange(max(round(seconds * RATE), 1)) / RATE


def _noise(random: Random, seconds: float) -> Sound:
    return random.standard_normal(len(_time(seconds)))


def _phase(hertz: Sound) -> Sound:
    phase: Sound = 2 * np.pi * np.cumsum(hertz) / RATE
    return phase


def _harmonics(hertz: Sound, count: int, slope: float) -> Sound:
    """Return a tone of ``count`` harmonics, the k-th k**-slope as strong, none above RATE / 2."""
    tones = [
        np.sin(_phase(hertz * k)) * (hertz * k < RATE / 2) / k**slope for k in range(1, count + 1)
    ]
    total: Sound = np.sum(tones, axis=0)
    return total


def _band_pass(sound: Sound, low_hz: float, high_hz: float) -> Sound:
    band = (max(low_hz, 20), min(high_hz, 0.49 * RATE))
    return np.asarray(sosfilt(butter(2, band, "bandpass", fs=RATE, output="sos"), sound))


def _coloured_noise(random: Random, samples: int, slope: float) -> Sound:
    """Return noise, (samples,), of a deviation of 1, whose power falls with frequency to slope."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    noise: Sound = np.fft.irfft(spectrum / np.maximum(hertz, 20) ** (slope / 2), samples)
    return np.asarray(noise / noise.std())


def _soft_ends(sound: Sound, seconds: float) -> Sound:
    time = _time(len(sound) / RATE)
    return sound * np.minimum(1, np.minimum(time, time[::-1]) / seconds)


def _repeat(
    random: Random,
    once: Callable[[], Sound],
    times: tuple[int, int],
    apart_s: tuple[float, float],
) -> Sound:
    """Add up a few sounds, each beginning some time after the one before it."""
    sounds = [once() for _ in range(random.integers(times[0], times[1] + 1))]
    gaps = random.uniform(*apart_s, len(sounds))
    starts = np.rint((np.cumsum(gaps) - gaps[0]) * RATE).astype(int)
    total = np.zeros(max(at + len(one) for at, one in zip(starts, sounds, strict=True)))
    for at, one in zip(starts, sounds, strict=True):
        total[at : at + len(one)] += one
    return total


if __name__ == "__main__":
    run_script(main)
