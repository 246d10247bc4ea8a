"""Digits said one by one in noise: how many are heard right, and how many that nobody said.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/words.py --words 50

FSDD's recordings with 0.7 s between them, in noise 20 dB below them, as raw PCM on the live
program's standard input: the same result every time, and faster than real time
(sound_path.py plays them through a sound server).
"""

import argparse

import numpy as np
from common.streams import (
    NOISES,
    babblers,
    corpus_mirror,
    count_right,
    fsdd,
    hear,
    stream,
    take_range,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="an exported model")
    parser.add_argument("--takes", default="5-9", help="first-last; 0-4 is the official test")
    parser.add_argument("--words", type=int, default=50, help="in a stream")
    parser.add_argument("--streams", type=int, default=4, help="of each kind of noise")
    parser.add_argument("--noises", nargs="+", choices=NOISES, default=["babble"])
    parser.add_argument("--snr", type=float, default=20.0, help="dB")
    args = parser.parse_args()
    mirror = corpus_mirror("FSDD's archive")
    recordings = [(label, s) for label, _, s in fsdd(mirror, take_range(args.takes))]
    voices = babblers(mirror)
    options = ["--model", args.model] if args.model else []
    print("| noise | stream | words | found and right | digits besides |\n|---|---|---|---|---|")
    for kind in args.noises:
        for number in range(args.streams):
            rng = np.random.default_rng(number)
            words = [recordings[i] for i in rng.permutation(len(recordings))[: args.words]]
            sound, said = stream(words, (0.7, 0.7), kind, args.snr, rng, voices)
            right, extra = count_right(said, hear(sound, *options))
            print(f"| {kind} | {number} | {len(said)} | {right} | {extra} |", flush=True)


if __name__ == "__main__":
    main()
