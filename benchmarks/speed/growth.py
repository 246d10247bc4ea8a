"""Measure how time and memory grow with the corpus: 1, 3 and 10 times as many clips as AudioMNIST.

The stages download, spectrogram, split, validate and train (one epoch, its pictures from disk) run
one after another, each a process of its own, on a corpus of 30,000 clips (--clips) and of 3 and 10
times as many; each size in a temporary folder that is removed. Clips are the voices of
make_audiomnist.py at 48 kHz, or at --rate, every one unlike the others in three samples, by
speakers of 500 each, in a folder, a directory a speaker. Prints a table. Needs a machine that does
nothing else, and disk, --into says where: at 48 kHz 0.2 MB a clip (60 GB for 300,000), at 8 kHz
35 kB (35 GB for a million: --rate 8000 --times 1 3 10 34).
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.signal
import yaml
from bench import bare_project, environment, python
from make_audiomnist import RATE, speaker_recordings
from measure import Cost, measure

from spoken_digits.errors import run_script
from spoken_digits.sound.decode import read_wav, wav_bytes

OF_A_SPEAKER = 500
TIMES = (1, 3, 10)
STAGES = ("download", "spectrogram", "split", "validate", "train")
HEADER = 44  # bytes of a WAV file before its samples
MEMORY = 500  # MB of pictures in training


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=30_000, help="of the smallest size (30000)")
    parser.add_argument("--times", type=int, nargs="+", default=TIMES, help="sizes (1 3 10)")
    parser.add_argument("--rate", type=int, default=RATE, help="of the clips, Hz (48000)")
    parser.add_argument("--into", type=Path, help="where to work, else in a temporary folder")
    arguments = parser.parse_args()
    if arguments.clips % OF_A_SPEAKER or arguments.clips < 10 * OF_A_SPEAKER:
        parser.error(f"--clips {arguments.clips}: a multiple of {OF_A_SPEAKER}, 5000 or more")
    print("| clips | stage | wall, s | wall a clip, ms | CPU a clip, ms | peak memory, MB |")
    print("|---:|---|---:|---:|---:|---:|")
    for times in arguments.times:
        with tempfile.TemporaryDirectory(prefix="growth-", dir=arguments.into) as folder:
            measure_size(Path(folder), times * arguments.clips, arguments.rate)


def measure_size(work: Path, clips: int, rate: int) -> None:
    """Run every stage on so many clips, and print a line for each."""
    folder = work / "clips"
    make(folder, clips, rate)
    project = prepare(work / "project", folder)
    for stage in STAGES:
        show(clips, stage, measure(python(f"src/{stage}.py"), project, environment(work)))
        if stage == "download":
            shutil.rmtree(folder)
    shutil.rmtree(project)


def make(folder: Path, clips: int, rate: int) -> None:
    """Write a folder of clips, each another one, said by ten voices under many names."""
    voices = [
        [at_rate(content, rate) for content in speaker_recordings(str(voice), 5).values()]
        for voice in range(1, 11)
    ]
    for number in range(clips):
        speaker, take = divmod(number, OF_A_SPEAKER)
        said = bytearray(voices[speaker % len(voices)][take // 10])  # digit take // 50
        for sample, value in enumerate(number.to_bytes(3, "little")):
            said[HEADER + 2 * sample : HEADER + 2 * sample + 2] = value.to_bytes(2, "little")
        of_speaker = folder / f"s{speaker:06}"
        if take == 0:
            of_speaker.mkdir(parents=True)
        (of_speaker / f"{take // 50}_s{speaker:06}_{take % 50}.wav").write_bytes(said)


def at_rate(content: bytes, rate: int) -> bytes:
    """Return a WAV file of RATE at another rate, Hz."""
    if rate == RATE:
        return content
    sound = scipy.signal.resample_poly(read_wav(content)[0].astype(np.float64), rate, RATE)
    return wav_bytes(np.rint(sound).clip(-32768, 32767).astype(np.int16), rate)


def prepare(project: Path, folder: Path) -> Path:
    """Return a copy of this project whose corpus is a folder, and which trains for one epoch."""
    bare_project(project)
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    params["corpora"] = ["folder"]
    params["download"]["folder"]["path"] = str(folder)
    params["train"] |= {"epochs": 1, "memory": MEMORY}
    params["validate"] |= {"max_cut_off_percent": 100, "max_noise_percent": 100}
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return project


def show(clips: int, stage: str, cost: Cost) -> None:
    cells: Sequence[str] = (
        f"{clips:,}",
        stage,
        f"{cost.wall:.1f}",
        f"{cost.wall / clips * 1000:.3f}",
        f"{cost.cpu / clips * 1000:.3f}",
        f"{cost.memory / 1e6:.0f}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    run_script(main)
