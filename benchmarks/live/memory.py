"""Does the live program's memory grow? An hour of simulated stream, faster than real time.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/memory.py

FSDD's recordings with pauses, in babble 20 dB below them, again and again, as raw PCM on the
program's standard input; its resident memory is read when it has taken so many minutes.
"""

import argparse
import subprocess
import sys

import numpy as np
import psutil
from common.streams import ROOT, babblers, corpus_mirror, fsdd, stream

from spoken_digits.sizes import SAMPLE_RATE

MINUTES = (5, 15, 30, 60)
WORDS = 200  # about five minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="an exported model")
    parser.add_argument("--string", action="store_true", help="read numbers")
    parser.add_argument("--minutes", type=float, nargs="+", default=MINUTES, help="when to look")
    args = parser.parse_args()
    mirror = corpus_mirror("FSDD's archive")
    rng = np.random.default_rng(0)
    recordings = [(label, sound) for label, _, sound in fsdd(mirror, range(5, 10))]
    voices = babblers(mirror)
    words = [recordings[i] for i in rng.permutation(len(recordings))[:WORDS]]
    sound, _ = stream(words, (0.5, 1.5), "babble", 20, rng, voices)
    pcm = np.rint(sound * 32767).astype("<i2").tobytes()
    command = [sys.executable, "src/predict_live.py", "--json"]
    command += ["--model", args.model] if args.model else []
    command += ["--string"] if args.string else []
    program = subprocess.Popen(
        [*command, "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert program.stdin
    process, fed = psutil.Process(program.pid), 0
    print("| minutes of stream | resident memory, MiB |\n|---|---|")
    for minutes in args.minutes:
        wanted = round(minutes * 60 * SAMPLE_RATE) * 2
        while fed < wanted:
            start = fed % len(pcm)
            fed += program.stdin.write(pcm[start : start + wanted - fed])
        program.stdin.flush()  # what is left in the pipe is at most two seconds
        print(f"| {minutes:g} | {process.memory_info().rss / 2**20:.1f} |", flush=True)
    program.stdin.close()
    sys.exit(program.wait())


if __name__ == "__main__":
    main()
