"""Digits claimed where none is said: in music, in many voices at once, and in other words.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/noise.py

A third of the time each, as raw PCM on the live program's standard input. Words and voices are
Speech Commands' words that are no digits, by those speakers that the released model was never
trained on (with --all-speakers by all of them, for another model).
"""

import argparse

import numpy as np
from common.streams import ROOT, corpus_mirror, hear, noise, other_words, stream
from numpy.typing import NDArray

from spoken_digits.export import released
from spoken_digits.sizes import SAMPLE_RATE

LOUDNESS = 0.05
"""Of music and voices, the root of their mean square re full scale."""
GAPS_S, WORDS_SNR_DB = (0.3, 0.8), 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="an exported model")
    parser.add_argument("--seconds", type=int, default=600, help="of sound, altogether")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all-speakers", action="store_true")
    args = parser.parse_args()
    mirror = corpus_mirror("the Speech Commands subset")
    about = released.read_about(ROOT)
    of = [] if args.all_speakers else about["held_out"]["speech_commands"]
    words = list(other_words(mirror, of))
    options = ["--model", args.model] if args.model else []
    print("| sound | seconds | utterances | digits claimed | which |\n|---|---|---|---|---|")
    claimed = 0
    for kind in ("music", "babble", "words"):
        sound = make(kind, args.seconds // 3, words, np.random.default_rng(args.seed))
        heard = hear(sound, *options)
        digits = [f"{w['digit']} ({w['confidence']:.2f})" for w in heard if w["digit"] is not None]
        claimed += len(digits)
        seconds = len(sound) / SAMPLE_RATE
        row = f"| {kind} | {seconds:.0f} | {len(heard)} | {len(digits)} | {', '.join(digits)} |"
        print(row, flush=True)
    print(f"{claimed} digits claimed")


def make(
    kind: str, seconds: int, words: list[NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Make a stream, (seconds x 16000,), in which no digit is said."""
    samples = seconds * SAMPLE_RATE
    if kind != "words":
        return (LOUDNESS * noise(kind, samples, rng, words)).clip(-1, 1).astype(np.float32)
    said: list[tuple[str, NDArray[np.float64]]] = []
    while sum(len(word) + GAPS_S[0] * SAMPLE_RATE for _, word in said) < samples:
        said += [("other", words[i]) for i in rng.permutation(len(words))]
    return stream(said, GAPS_S, "room", WORDS_SNR_DB, rng, [])[0][:samples]


if __name__ == "__main__":
    main()
