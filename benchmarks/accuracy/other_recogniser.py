"""FSDD, speaker by speaker, heard by another recogniser and by the pipeline's model.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/accuracy/other_recogniser.py

PocketSphinx with its own model of US English and a grammar of the ten digits; models/digits.onnx
(dvc repro first), which must not have been trained on FSDD. That model of English expects 16 kHz,
and FSDD has 8. They were trained on nothing in common: a mistake that both make often is rather the
recordings' doing than the models'.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from common.streams import ROOT, Sound, corpus_mirror, fsdd
from pocketsphinx import Decoder
from tqdm import tqdm

from spoken_digits.errors import UserError, run_script
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.evaluation.real_recordings import corpora_of
from spoken_digits.export.inference import load_model
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.one_second import one_second
from spoken_digits.vocabulary import digits

DIGITS = digits("en").labels
WORDS = [word.said[0] for word in digits("en").words]
AROUND = SAMPLE_RATE // 4  # samples of silence before and after: it expects some
PEAK, HISS = 20_000, 20  # of 32767: its loudness, and noise, as digital silence has no logarithm
SHOWN = 3  # mistakes a speaker


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    model = load_model(ROOT / "models" / "digits.onnx")
    if "fsdd" in (trained_on := corpora_of(model)):
        raise UserError(
            f"{model.path}: was trained on {', '.join(trained_on)}, so FSDD is no test of it. Make "
            "the default's: dvc repro"
        )
    recordings = list(fsdd(corpus_mirror("FSDD's archive"), range(50)))
    sounds = [sound for _, _, sound in recordings]
    theirs = list(heard_by_pocketsphinx(sounds))
    seconds = np.stack([one_second(sound) for sound in sounds]).astype(np.float32)
    ours = [DIGITS[digit] for digit in model.probabilities(seconds)[:, :-1].argmax(axis=1)]
    print("| speaker | n | PocketSphinx | its mistakes | ours | its mistakes |")
    print("|---|---:|---:|---|---:|---|")
    speakers = sorted({speaker for _, speaker, _ in recordings})
    for speaker in (*speakers, None):
        rows = [i for i, row in enumerate(recordings) if speaker in (row[1], None)]
        labels = [recordings[i][0] for i in rows]
        columns = [column(labels, [heard[i] for i in rows]) for heard in (theirs, ours)]
        print(f"| {speaker or 'all'} | {len(rows):,} | {' | '.join(columns)} |")


def heard_by_pocketsphinx(sounds: Iterable[Sound]) -> Iterator[str]:
    """Yield the digit that PocketSphinx hears in each waveform at 16 kHz, "" for none."""
    with tempfile.TemporaryDirectory() as directory:
        grammar = Path(directory) / "digits.gram"
        grammar.write_text(f"#JSGF V1.0;\ngrammar digits;\npublic <digit> = {' | '.join(WORDS)};\n")
        decoder = Decoder(jsgf=str(grammar), lm=None, samprate=SAMPLE_RATE, loglevel="FATAL")
    rng = np.random.default_rng(0)
    for sound in tqdm(sounds, desc="PocketSphinx", unit="clip", disable=None):
        padded = np.pad(sound / max(np.abs(sound).max(), 1e-9) * PEAK, AROUND)
        padded += rng.normal(0, HISS, len(padded))
        decoder.start_utt()
        decoder.process_raw(padded.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        best = decoder.hyp()
        yield DIGITS[WORDS.index(best.hypstr)] if best and best.hypstr else ""


def column(labels: list[str], heard: list[str]) -> str:
    """Return accuracy, its interval, and the most frequent mistakes, as two cells."""
    pairs = Counter(zip(labels, heard, strict=True))
    right = sum(count for (label, digit), count in pairs.items() if label == digit)
    low, high = wilson(right, len(labels))
    wrong = [pair for pair in pairs.most_common() if pair[0][0] != pair[0][1]][:SHOWN]
    mistakes = ", ".join(f"{label} as {digit or '-'}: {n}" for (label, digit), n in wrong)
    share = right / len(labels)
    return f"{share:.2%} ({100 * low:.2f}-{100 * high:.2f}) | {mistakes}"


if __name__ == "__main__":
    run_script(main)
