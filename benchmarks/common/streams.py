"""Streams of speech in noise with known words, to measure listening on.

FSDD's takes 5-9 only: its official test set, takes 0-4, chooses nothing.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.corpora.speech_commands import recording_at
from spoken_digits.recording import Recording
from spoken_digits.sizes import HOP, SAMPLE_RATE
from spoken_digits.sound.decode import decode, waveform
from spoken_digits.vocabulary import digits

ROOT = Path(__file__).parents[2]
Sound = NDArray[np.float64]

FSDD = "free-spoken-digit-dataset-26eb9aaf76e81b692f806f9140c2d2777410d7a1.zip"
SPEECH_COMMANDS = "speech_commands_subset.tar.gz"
NOISES = ("room", "white", "hum", "babble", "music")


class Said(NamedTuple):
    """A word in a stream: its label, and its first and last sample."""

    label: str
    start: int
    end: int


def corpus_mirror(holding: str) -> Path:
    """Return the directory that CORPUS_MIRROR names; exit saying what it must hold if unset."""
    mirror = os.environ.get("CORPUS_MIRROR")
    if not mirror:
        sys.exit(f"set CORPUS_MIRROR to the directory that holds {holding}")
    return Path(mirror)


def take_range(text: str) -> range:
    """Return the takes that first-last names, both included."""
    first, last = map(int, text.split("-"))
    return range(first, last + 1)


def babblers(mirror: Path) -> list[Sound]:
    """Return the recordings that babble is made of, FSDD's takes 20-24."""
    return [sound for _, _, sound in fsdd(mirror, range(20, 25))]


def fsdd(mirror: Path, takes: range, speakers: str = r"\w+") -> Iterator[tuple[str, str, Sound]]:
    """Yield (label, speaker, waveform at 16 kHz) of FSDD's recordings, in order of their names."""
    pattern = re.compile(rf".*/recordings/(\d)_({speakers})_(\d+)\.wav")
    with zipfile.ZipFile(mirror / FSDD) as archive:
        for name in sorted(archive.namelist()):
            match = pattern.fullmatch(name)
            if match and int(match[3]) in takes:
                yield match[1], match[2], waveform(*decode(archive.read(name), name))


def other_words(mirror: Path, of: Collection[str] = ()) -> Iterator[Sound]:
    """Yield the waveforms, at 16 kHz, of Speech Commands' words that are no digits.

    ``of``: only those with these names, ``other-<word>_<speaker>_<take>.wav``.
    """
    for recording, content in speech_commands(mirror):
        if not recording.is_word and (not of or recording.name in of):
            yield waveform(*decode(content, recording.name))


def speech_commands(mirror: Path) -> Iterator[tuple[Recording, bytes]]:
    """Yield the recordings of the Speech Commands subset, and their files."""
    with tarfile.open(mirror / SPEECH_COMMANDS) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith(".wav") else None
            recording = recording_at(member.name, digits()) if file else None
            if file and recording:
                yield recording, file.read()


def hear(sound: NDArray[np.float32], *arguments: str) -> list[dict[str, Any]]:
    """Return what predict_live.py prints about a stream, (n,) at 16 kHz, on standard input."""
    done = subprocess.run(
        [sys.executable, "src/predict_live.py", "--json", *arguments, "-"],
        cwd=ROOT,
        input=np.rint(sound * 32767).astype("<i2").tobytes(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def count_right(
    said: Sequence[Said], heard: Sequence[Mapping[str, Any]], delay: float = 0.0
) -> tuple[int, int]:
    """Count the words that were heard right in their time, and the digits claimed besides.

    ``delay``, s, is how much later the program's clock says it was.
    """
    digits = [word for word in heard if word["digit"] is not None]
    used: set[int] = set()
    for label, start, end in said:
        for i, word in enumerate(digits):
            first = max(word["start"] - delay, start / SAMPLE_RATE)
            last = min(word["end"] - delay, end / SAMPLE_RATE)
            half = min(end - start, (word["end"] - word["start"]) * SAMPLE_RATE) / 2
            if i not in used and word["digit"] == label and (last - first) * SAMPLE_RATE > half:
                used.add(i)
                break
    return len(used), len(digits) - len(used)


def trimmed(sound: Sound) -> Sound:
    """Cut off the ends that are 35 dB below the loudest 10 ms."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    level = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(level > level.max() - 35)
    return sound[loud[0] * HOP : (loud[-1] + 1) * HOP]


def noise(kind: str, samples: int, rng: np.random.Generator, voices: list[Sound]) -> Sound:
    """Make noise of one kind, (samples,), with a mean power of 1."""
    made: Sound
    if kind in ("room", "white"):
        made = rng.standard_normal(samples)
        if kind == "room":  # pink-ish: what a quiet room sounds like
            pink = np.fft.rfft(made) / np.sqrt(1 + np.arange(samples // 2 + 1))
            made = np.fft.irfft(pink, samples)
    elif kind == "hum":
        time = np.arange(samples) / SAMPLE_RATE
        made = 0.1 * rng.standard_normal(samples)
        for k in range(1, 9):
            made += np.sin(2 * np.pi * 50 * k * time + k) / k
    elif kind == "babble":
        made = np.zeros(samples)
        for _ in range(8):
            track = np.concatenate([voices[i] for i in rng.integers(len(voices), size=200)])
            while len(track) < samples:
                track = np.tile(track, 2)
            made += np.roll(track / track.std(), int(rng.integers(len(track))))[:samples]
    else:
        made = _music(samples, rng)
    made = made[:samples]
    return made / float(np.sqrt(np.square(made).mean()))


def stream(
    words: list[tuple[str, Sound]],
    gaps: tuple[float, float],
    kind: str,
    snr_db: float,
    rng: np.random.Generator,
    voices: list[Sound],
) -> tuple[NDArray[np.float32], list[Said]]:
    """Put words into noise with random gaps, s; each 20 dB below full scale; (n,) and what is said.

    ``snr_db`` is a word's mean power over the noise's.
    """
    parts, said, at = [np.zeros(SAMPLE_RATE)], [], SAMPLE_RATE
    for label, word in words:
        gap = np.zeros(int(rng.uniform(*gaps) * SAMPLE_RATE))
        said.append(Said(label, at, at + len(word)))
        parts += [word * 0.1 / np.sqrt(np.square(word).mean()), gap]
        at += len(word) + len(gap)
    speech = np.concatenate([*parts, np.zeros(SAMPLE_RATE)])
    level = 0.1 * 10 ** (-snr_db / 20)
    mixed = speech + level * noise(kind, len(speech), rng, voices)
    return np.clip(mixed, -1, 1).astype(np.float32), said


def fours(words: list[tuple[str, Sound]]) -> list[list[tuple[str, Sound]]]:
    """Return words in groups of four; fewer at the end are left out."""
    return [words[at : at + 4] for at in range(0, len(words) - 3, 4)]


def numbers_right(words: list[tuple[str, Sound]], read: Sequence[str]) -> str:
    """Say how many numbers of four words were read right, in their order."""
    wanted = ["".join(label for label, _ in group) for group in fours(words)]
    blocks = SequenceMatcher(None, wanted, read, autojunk=False).get_matching_blocks()
    right = sum(block.size for block in blocks)
    return f"{right} of {len(wanted)} numbers right, {len(read)} read"


def in_numbers(
    words: list[tuple[str, Sound]],
    kind: str,
    snr_db: float,
    rng: np.random.Generator,
    voices: list[Sound],
) -> NDArray[np.float32]:
    """Put numbers of four words, 3 s apart, into noise as ``stream`` does; (n,).

    Between their words are 0.15 s.
    """
    pause = np.zeros(round(0.15 * SAMPLE_RATE))
    numbers = [
        ("", np.concatenate([part for _, word in group for part in (pause, word)])[len(pause) :])
        for group in fours(words)
    ]
    return stream(numbers, (3, 3), kind, snr_db, rng, voices)[0]


def _music(samples: int, rng: np.random.Generator) -> Sound:
    """Chords of plucked, decaying notes on a beat, over a bass."""
    made, beat = np.zeros(samples + 2 * SAMPLE_RATE), SAMPLE_RATE // 3
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for at in range(0, samples, beat):
        for _ in range(3):
            pitch = 110 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12, 15, 19]) / 12)
            harmonics = [np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 6)]
            note = np.sum(harmonics, axis=0)
            made[at : at + SAMPLE_RATE] += note * np.exp(-4 * time)
    return made
