"""Digits through a real sound path: played with paplay, heard by the running program.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks
        python benchmarks/live/sound_path.py --takes 0-4 --words 50

FSDD's recordings with 0.7 s between them, in babble 20 dB below them. Says how many are found and
right, how many digits too many, the latency, and what the program costs. With --numbers they are
joined to numbers of four, with 0.15 s between digits and 3 s between numbers, and read by --string.
Needs what the sound tests need (tests/sound_server.py).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common.streams import (
    ROOT,
    Said,
    babblers,
    corpus_mirror,
    count_right,
    fsdd,
    in_numbers,
    numbers_right,
    stream,
    take_range,
)

from spoken_digits.sizes import SAMPLE_RATE

sys.path.insert(0, str(ROOT / "tests"))

from sound_server import SoundServer

MONITOR_STARTS_S = 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="an exported model")
    parser.add_argument("--takes", default="5-9", help="first-last; 0-4 is the official test")
    parser.add_argument("--words", type=int, default=50)
    parser.add_argument("--numbers", action="store_true", help="of four digits each")
    args = parser.parse_args()
    mirror = corpus_mirror("FSDD's archive")
    rng = np.random.default_rng(0)
    recordings = [(label, s) for label, _, s in fsdd(mirror, take_range(args.takes))]
    voices = babblers(mirror)
    words = [recordings[i] for i in rng.permutation(len(recordings))[: args.words]]
    sound, said = stream(words, (0.7, 0.7), "babble", 20, rng, voices)
    if args.numbers:
        sound = in_numbers(words, "babble", 20, rng, voices)
    command = [sys.executable, "src/predict_live.py", "--json"]
    command += ["--string"] if args.numbers else []
    command += ["--model", args.model] if args.model else []
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder))
        server.start()
        began = time.monotonic()
        program = subprocess.Popen(
            command, cwd=ROOT, env=server.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert program.stderr
        program.stderr.readline()
        print(f"start to listening: {time.monotonic() - began:.2f} s")
        process = psutil.Process(program.pid)
        server.play(sound)
        # A null sink's monitor sends nothing for a while, and PortAudio's ALSA driver spins on it.
        time.sleep(MONITOR_STARTS_S)
        used, at = sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(len(sound) / SAMPLE_RATE)
        share = (sum(process.cpu_times()[:2]) - used) / (time.monotonic() - at)
        memory = process.memory_info().rss / 2**20
        program.send_signal(2)
        output, _ = program.communicate(timeout=20)
        server.stop()
    heard = [json.loads(line) for line in output.splitlines()]
    if args.numbers:
        print(numbers_right(words, [one["string"] for one in heard]))
    else:
        heard = [word for word in heard if word["digit"] is not None]
        show_digits(said, heard)
    latency = [one["latency_ms"] for one in heard if one["latency_ms"] is not None]
    latency = latency or [float("nan")]
    print(f"latency: median {np.median(latency):.0f} ms, 95% {np.percentile(latency, 95):.0f} ms")
    print(f"CPU {share:.1%} of a core, memory {memory:.0f} MiB")


def show_digits(said: list[Said], digits: list[dict[str, Any]]) -> None:
    right, extra = max(count_right(said, digits, delay) for delay in np.arange(-1.0, 6.0, 0.05))
    print(f"{right} of {len(said)} found and right, {extra} digits claimed besides")


if __name__ == "__main__":
    main()
