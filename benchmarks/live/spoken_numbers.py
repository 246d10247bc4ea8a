"""How numbers are read by what --string runs: AN4's people, FSDD's takes joined, and no numbers.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/spoken_numbers.py

AN4's are the utterances of digits alone, "oh" being 0, by the speakers that the released network
was not trained on, also with white noise 10 dB below and with babble, eight voices of FSDD, 20 dB
below. FSDD's are numbers of 4 and 7 digits by one speaker each, with pauses of 150 ms and none, of
takes 0-4, the official test, and some in babble. "Double five" is said by voices of espeak that the
network was not trained on. The rest is ten minutes of music, babble and Speech Commands' words that
are no digits (noise.py), in which each digit is one too many. A digit that is unsure, ?, is wrong.

This is the test subset: what it says may guide no choice. --subset validation says the same of the
other subset, by which training ended, and of FSDD's takes 5-9.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from common.streams import ROOT, Sound, babblers, corpus_mirror, fsdd, noise, speech_commands
from noise import make
from numpy.typing import NDArray

from spoken_digits.corpora import an4, espeak
from spoken_digits.corpora.phrases import (
    DOUBLES,
    OTHER_SPEECH,
    Phrase,
    also_said,
    labels_by_said,
    phrase,
    transcript,
)
from spoken_digits.corpora.speaker_digests import read_digests
from spoken_digits.corpora.spoken_words import spoken_words
from spoken_digits.dataset.split import assign
from spoken_digits.evaluation.numbers import Reading, scores
from spoken_digits.export import released
from spoken_digits.export.sequence_inference import NumberModel, load_number_model
from spoken_digits.live.number_loop import numbers_in
from spoken_digits.live.number_output import written
from spoken_digits.live.number_reader import NumberReader
from spoken_digits.params import load_params
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import decode, waveform
from spoken_digits.transcripts import Utterance
from spoken_digits.vocabulary import digits

AN4 = "an4_sphere.tar.gz"
BLOCK = SAMPLE_RATE // 10
PAUSES_S, LENGTHS = (0.15, 0.0), (4, 7)
ROOM = 1e-4  # a quiet room's noise, re full scale
WHITE, BABBLE = 10 ** (-10 / 20), 10 ** (-20 / 20)  # re the recording
TAKES = {"test": range(5), "validation": range(5, 10)}
"""Of FSDD."""

Disturbed = Callable[[Sound, np.random.Generator], Sound]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / released.NUMBERS)
    parser.add_argument("--subset", choices=("validation", "test"), default="test")
    parser.add_argument("--numbers", type=int, default=50, help="of each length and pause")
    parser.add_argument("--seconds", type=int, default=600, help="of sound without numbers")
    args = parser.parse_args()
    mirror = corpus_mirror("the archives of AN4, FSDD and the Speech Commands subset")
    model = load_number_model(args.model)
    print("| numbers | n | digits | wrong % (95%) | left out, added % | whole % (95%) |")
    print("|---|---|---|---|---|---|")
    voices = babblers(mirror)
    for name, kind, level in (
        ("AN4", "white", 0.0),
        ("AN4, noise at 10 dB", "white", WHITE),
        ("AN4, babble at 20 dB", "babble", BABBLE),
    ):
        disturbed = partial(disturb, kind, level, voices)
        print(row(name, list(of_an4(model, mirror / AN4, args.subset, disturbed))), flush=True)
    by_speaker: dict[str, list[tuple[str, Sound]]] = {}
    for label, who, sound in fsdd(mirror, TAKES[args.subset]):
        by_speaker.setdefault(who, []).append((label, sound))
    for pause in PAUSES_S:
        for length in LENGTHS:
            name = f"FSDD, {length} digits, {1000 * pause:.0f} ms"
            print(row(name, list(joined(model, by_speaker, pause, length, args.numbers))))
    in_babble = partial(disturb, "babble", BABBLE, voices)
    found = list(joined(model, by_speaker, PAUSES_S[0], 4, args.numbers, in_babble))
    print(row("FSDD, 4 digits, 150 ms, babble at 20 dB", found), flush=True)
    print(row('espeak, with a "double"', list(doubled(model, args.subset))))
    print("\n| without numbers | seconds | digits claimed |\n|---|---|---|")
    files = dict(speech_commands(mirror))
    others = [one for one in in_subset([*files], args.subset) if not one.is_word]
    words = [waveform(*decode(files[one], one.name)) for one in others]
    for kind in ("music", "babble", "words"):
        other = make(kind, args.seconds // 3, words, np.random.default_rng(0))
        print(f"| {kind} | {args.seconds // 3} | {len(read(model, other))} |", flush=True)


def disturb(
    kind: str, level: float, voices: list[Sound], sound: Sound, rng: np.random.Generator
) -> Sound:
    """Add noise of a kind, ``level`` times as loud as the recording."""
    added: Sound = level * sound.std() * noise(kind, len(sound), rng, voices)
    return sound + added


def of_an4(
    model: NumberModel,
    archive: Path,
    subset: str,
    disturbed: Disturbed,
) -> Iterator[Reading]:
    """Read AN4's numbers of digits alone by a subset's speakers."""
    spoken = an4.whole_utterances(archive, read_digests(an4.DIGESTS))
    labels = labels_by_said(digits())
    takes: Counter[str] = Counter()
    utterances = []
    for one in spoken:
        said = tuple(labels.get(word, OTHER_SPEECH) for word in one.words)
        utterances.append((Utterance("an4", one.speaker, takes[one.speaker], said), one.content))
        takes[one.speaker] += 1
    chosen = set(in_subset([one.recording for one, _ in utterances], subset))
    rng = np.random.default_rng(0)
    for utterance, content in utterances:
        if utterance.recording in chosen and utterance.is_number:
            sound = waveform(*decode(content, utterance.name))
            heard = read(model, disturbed(sound, rng))
            yield Reading(utterance, heard, len(sound) / SAMPLE_RATE)


def doubled(model: NumberModel, subset: str) -> Iterator[Reading]:
    """Read numbers with a "double", two by each of espeak's voices of a subset."""
    count = load_params(ROOT / "params.yaml").download.espeak.speakers
    words = spoken_words(digits(), espeak.voices_of("en"), also=also_said("en"))
    voices = [Recording("espeak", "0", f"v{voice:03d}", 0) for voice in range(count)]
    for speaker in (voice.speaker for voice in in_subset(voices, subset)):
        rng = random.Random(f"doubled {speaker}")
        phrases = [_with_double(rng), _with_double(rng)]
        recordings = espeak.say_phrases(int(speaker[1:]), phrases, words)
        for take, (said, wav) in enumerate(zip(phrases, recordings, strict=True)):
            sound = waveform(*decode(wav, speaker))
            utterance = Utterance("espeak", speaker, take, transcript(said))
            yield Reading(utterance, read(model, sound), len(sound) / SAMPLE_RATE)


def _with_double(rng: random.Random) -> Phrase:
    while True:
        said = phrase(digits(), ("other",), rng)
        if OTHER_SPEECH not in transcript(said) and any(one.said == DOUBLES["en"] for one in said):
            return said


def in_subset(recordings: list[Recording], subset: str) -> list[Recording]:
    """Return those that were in a subset when the released network was trained."""
    split = load_params(ROOT / "params.yaml").split
    split = split.model_copy(update={"scheme": released.NUMBERS_PARAMS["split.scheme"]})
    return list(assign(recordings, (), split).part(subset))


def joined(
    model: NumberModel,
    by_speaker: dict[str, list[tuple[str, Sound]]],
    pause: float,
    length: int,
    numbers: int,
    disturbed: Disturbed | None = None,
) -> Iterator[Reading]:
    """Read numbers that are joined from a speaker's recordings of single digits."""
    rng = np.random.default_rng([length, round(pause * 1000)])
    speakers = sorted(by_speaker)
    quiet = np.zeros(round(pause * SAMPLE_RATE))
    for number in range(numbers):
        who = speakers[rng.integers(len(speakers))]
        recordings = by_speaker[who]
        chosen = [recordings[i] for i in rng.integers(len(recordings), size=length)]
        parts = [part for _, sound in chosen for part in (sound, quiet)]
        stream = np.concatenate([np.zeros(SAMPLE_RATE), *parts, np.zeros(SAMPLE_RATE)])
        stream += ROOM * rng.standard_normal(len(stream))
        said = tuple(label for label, _ in chosen)
        if disturbed is not None:
            stream = disturbed(stream, np.random.default_rng(number))
        heard = read(model, stream)
        yield Reading(Utterance("fsdd", who, number, said), heard, 1.0)


def read(model: NumberModel, sound: NDArray[np.floating]) -> tuple[str, ...]:
    """Return the digits of all numbers in a stream, as --string writes them."""
    samples = sound.astype(np.float32)
    blocks = (samples[start : start + BLOCK] for start in range(0, len(samples), BLOCK))
    reject = load_params(ROOT / "params.yaml").live.reject
    numbers = numbers_in(NumberReader(model, reject), blocks)
    return tuple("".join(written(number.words, "digit", reject) for number in numbers))


def row(name: str, readings: list[Reading]) -> str:
    """Return a row of the table."""
    of = scores(readings)
    return (
        f"| {name} | {of['utterances']} | {of['words']} | "
        f"{100 * of['error']:.1f} ({100 * of['error_low']:.1f}-{100 * of['error_high']:.1f}) | "
        f"{100 * of['deletions']:.1f}, {100 * of['insertions']:.1f} | "
        f"{100 * of['whole']:.0f} ({100 * of['whole_low']:.0f}-{100 * of['whole_high']:.0f}) |"
    )


if __name__ == "__main__":
    main()
