"""Make a stand-in for AudioMNIST: its archive layout, with voices that numpy makes.

Writes DIRECTORY/AudioMNIST-<commit>.zip, as GitHub serves it: 60 speakers x 10 digits x TAKES
recordings, 48 kHz mono PCM 16-bit, 0.64 s on average, deflated; and, beside it,
audiomnist-speakers.csv, the digests of its recordings. The same TAKES give the same recordings.
"""

import argparse
import csv
import hashlib
import zipfile
from pathlib import Path

import joblib
import numpy as np
import scipy.signal
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.corpora.packing import content_digest
from spoken_digits.errors import run_script
from spoken_digits.files import replacing
from spoken_digits.sound.decode import wav_bytes

COMMIT = "6c5eb77d8e9242d6ce31af807f0409d36a246f51"
ROOT = f"AudioMNIST-{COMMIT}"
RATE = 48_000
SPEAKERS = tuple(f"{number:02d}" for number in range(1, 61))
VOWELS = (  # the first three formants of a digit's first and last sound, Hz
    ((300, 2100, 2700), (450, 900, 2400)),
    ((350, 800, 2300), (650, 1200, 2500)),
    ((300, 1700, 2300), (310, 870, 2250)),
    ((490, 1350, 1700), (290, 2250, 2900)),
    ((570, 840, 2400), (500, 1100, 1600)),
    ((730, 1100, 2450), (350, 2000, 2600)),
    ((400, 1900, 2550), (420, 2000, 2500)),
    ((530, 1850, 2500), (600, 1200, 2300)),
    ((550, 1800, 2450), (280, 2300, 3000)),
    ((700, 1200, 2600), (270, 1900, 2800)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Run the pipeline on it:\n"
        "  CORPUS_MIRROR=DIRECTORY dvc exp run -S 'corpora=[audiomnist]' \\\n"
        "    -S download.audiomnist.digests=DIRECTORY/audiomnist-speakers.csv",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="where to write both")
    parser.add_argument(
        "--takes",
        type=int,
        default=50,
        choices=range(1, 51),
        metavar="TAKES",
        help="recordings a speaker and digit, 1-50; 50, the default, makes 30,000",
    )
    arguments = parser.parse_args()
    speakers = joblib.Parallel(n_jobs=-1, return_as="generator")(
        joblib.delayed(speaker_recordings)(speaker, arguments.takes) for speaker in SPEAKERS
    )
    table = [("speaker", "recordings", "bytes", "sha256")]
    path = arguments.directory / f"{ROOT}.zip"
    with (
        replacing(path) as partial,
        zipfile.ZipFile(partial, "w") as archive,
    ):
        archive.mkdir(ROOT)
        add(archive, f"{ROOT}/README.md", b"A stand-in for AudioMNIST, synthesised.\n")
        archive.mkdir(f"{ROOT}/data")
        for speaker, recordings in zip(
            SPEAKERS,
            tqdm(speakers, total=len(SPEAKERS), unit=" speakers", disable=None),
            strict=True,
        ):
            archive.mkdir(f"{ROOT}/data/{speaker}")
            for name, content in recordings.items():
                add(archive, f"{ROOT}/data/{speaker}/{name}", content)
            sums = {
                name: hashlib.sha256(content).hexdigest() for name, content in recordings.items()
            }
            size = sum(map(len, recordings.values()))
            table.append((speaker, str(len(sums)), str(size), content_digest(sums)))
    with (
        replacing(arguments.directory / "audiomnist-speakers.csv") as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file, lineterminator="\n").writerows(table)
    print(f"{path}: {len(SPEAKERS) * 10 * arguments.takes} recordings, {path.stat().st_size} bytes")


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a deflated member with a fixed date."""
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, compresslevel=1)


def speaker_recordings(speaker: str, takes: int) -> dict[str, bytes]:
    """Synthesise all recordings of a speaker: {name: WAV}, in order of name."""
    names = sorted(
        (f"{digit}_{speaker}_{take}.wav", digit, take)
        for digit in range(10)
        for take in range(takes)
    )
    return {name: wav_bytes(say(int(speaker), digit, take), RATE) for name, digit, take in names}


def say(speaker: int, digit: int, take: int) -> NDArray[np.int16]:
    """Synthesise one recording (n,): a pulse train through the formants of two sounds."""
    voice = np.random.default_rng(speaker)
    pitch, tract, breath = voice.uniform(85, 240), voice.uniform(0.85, 1.2), voice.uniform(0, 0.1)
    chance = np.random.default_rng([speaker, digit, take])
    seconds = chance.uniform(0.44, 0.84)
    n = int(seconds * RATE)
    time = np.linspace(0, 1, n)
    phase = np.cumsum(pitch * chance.uniform(0.92, 1.08) * (1.1 - 0.2 * time)) / RATE
    source = np.diff(np.floor(phase), prepend=0) * 50 + breath * chance.standard_normal(n)
    first, last = (
        scipy.signal.sosfilt(_formants(np.array(formants) * tract), source)
        for formants in VOWELS[digit]
    )
    turn = 1 / (1 + np.exp(-20 * (time - chance.uniform(0.4, 0.55))))
    sound = (first * (1 - turn) + last * turn) * np.sin(np.pi * time) ** 0.7
    loudness = chance.uniform(0.1, 0.7) / np.abs(sound).max()
    samples: NDArray[np.float64] = 32767 * (sound * loudness + 0.001 * chance.standard_normal(n))
    return np.rint(samples).astype(np.int16)


def _formants(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return resonators in a row as second-order sections, (3, 6)."""
    radius = np.exp(-np.pi * 90 / RATE)  # 90 Hz wide
    angle = 2 * np.pi * frequencies / RATE
    ones, zeros = np.ones_like(angle), np.zeros_like(angle)
    feedback = [ones, -2 * radius * np.cos(angle), radius**2 * ones]
    gain = feedback[0] + feedback[1] + feedback[2]
    return np.stack([gain, zeros, zeros, *feedback], axis=1)


if __name__ == "__main__":
    run_script(main)
