"""How many digits of spoken numbers are read wrong: numbers of 4 and 7 digits, joined or paused.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks
        python benchmarks/live/strings.py --speakers theo

Numbers are made from FSDD's recordings; "wrong alone" are those of them that are wrong as single
files too, so the rest is the reader's share. Name speakers that the model was not trained on; with
the default takes, 5-49, the result may guide choices, with --takes 0-4, the official test, it may
not.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from common.streams import Sound, corpus_mirror, fsdd, take_range
from numpy.typing import NDArray

from spoken_digits.export.inference import load_model
from spoken_digits.export.released import MODEL
from spoken_digits.live.decision import recognise_word
from spoken_digits.live.listener import Listener
from spoken_digits.params import load_params
from spoken_digits.sizes import HOP, SAMPLE_RATE

PAUSES_S, LENGTHS = (0.15, 0.0), (4, 7)
ROOM = 1e-4  # a quiet room's noise, re full scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--speakers", required=True, help="names, comma-separated")
    parser.add_argument("--takes", default="5-49", help="first-last")
    parser.add_argument("--numbers", type=int, default=50, help="of each length and pause")
    args = parser.parse_args()
    mirror = corpus_mirror("FSDD's archive")
    by_speaker: dict[str, list[tuple[str, Sound]]] = {}
    speakers = args.speakers.replace(",", "|")
    for label, speaker, sound in fsdd(mirror, take_range(args.takes), speakers):
        by_speaker.setdefault(speaker, []).append((label, sound))
    if not by_speaker:
        sys.exit(f"--speakers {args.speakers}: FSDD has none of them")
    model = load_model(args.model or MODEL)
    live = load_params().live
    print(f"model {model.path}, speakers {args.speakers}, takes {args.takes}")
    print(
        "| digits | pause ms | numbers | wrong % | wrong alone % | after the hang-over, ms (95%) |"
    )
    print("|---|---|---|---|---|---|")
    for pause in PAUSES_S:
        for length in LENGTHS:
            rng = np.random.default_rng([length, round(pause * 1000)])
            wrong, alone, waits = 0, 0, []
            for _ in range(args.numbers):
                chosen = choose(by_speaker, length, rng)
                said, stream = make_number(chosen, pause, rng)
                alone += sum(
                    recognise_word(model, sound.astype(np.float32), live.reject).label != label
                    for label, sound in chosen
                )
                listener = Listener(model, live.reject, live.hangover_ms)
                heard, seconds = _hear(listener, stream)
                wrong += _edits(said, heard)
                waits += seconds
            late = 1000 * np.percentile(waits, 95) if waits else np.nan
            digits = args.numbers * length / 100
            row = f"| {length} | {pause * 1000:.0f} | {args.numbers} | {wrong / digits:.1f} | "
            print(f"{row}{alone / digits:.1f} | {late:.0f} |", flush=True)


def choose(
    by_speaker: dict[str, list[tuple[str, Sound]]], length: int, rng: np.random.Generator
) -> list[tuple[str, Sound]]:
    recordings = by_speaker[sorted(by_speaker)[rng.integers(len(by_speaker))]]
    return [recordings[i] for i in rng.integers(len(recordings), size=length)]


def make_number(
    chosen: list[tuple[str, Sound]], pause: float, rng: np.random.Generator
) -> tuple[str, NDArray[np.float32]]:
    quiet = np.zeros(round(pause * SAMPLE_RATE))
    parts = [part for _, sound in chosen for part in (sound, quiet)]
    stream = np.concatenate([np.zeros(SAMPLE_RATE), *parts, np.zeros(SAMPLE_RATE)])
    stream += ROOM * rng.standard_normal(len(stream))
    return "".join(label for label, _ in chosen), stream.astype(np.float32)


def _hear(listener: Listener, stream: NDArray[np.float32]) -> tuple[str, list[float]]:
    """Return the digits heard, and how long each utterance took to read when it had ended, s."""
    heard, seconds = "", []
    for at in range(0, len(stream), HOP):
        for utterance in listener.feed(stream[at : at + HOP]):
            began = time.perf_counter()
            heard += "".join(w.verdict.label or "" for w in listener.words(utterance, None))
            seconds.append(time.perf_counter() - began)
    return heard, seconds


def _edits(said: str, heard: str) -> int:
    """Return the least number of insertions, deletions and substitutions between them."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


if __name__ == "__main__":
    main()
