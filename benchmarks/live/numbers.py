"""How numbers are read, through the stream: AN4's people, and FSDD's takes joined by a script.

Usage:  CORPUS_MIRROR=... PYTHONPATH=src:benchmarks python benchmarks/live/numbers.py --model M

AN4's are the 181 utterances of digits alone, in which "oh" counts as 0; by default those of the
speakers that split: params.yaml as it stands puts into the test subset. FSDD's are numbers of 4 and
7 digits, with pauses and without, as benchmarks/live/strings.py joins them.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from common.streams import Sound, corpus_mirror, fsdd, take_range
from numpy.typing import NDArray
from strings import LENGTHS, PAUSES_S, choose, make_number

from spoken_digits.corpora import an4
from spoken_digits.corpora.phrases import OTHER_SPEECH
from spoken_digits.corpora.speaker_digests import read_digests
from spoken_digits.dataset.split import assign
from spoken_digits.evaluation.numbers import Reading, scores
from spoken_digits.export.sequence_inference import NumberModel, load_number_model
from spoken_digits.live.loop import NUMBER_PAUSE_S
from spoken_digits.live.number_loop import numbers_in
from spoken_digits.live.number_reader import NumberReader
from spoken_digits.model.ctc import Edits, edits
from spoken_digits.params import load_params
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import decode, waveform
from spoken_digits.transcripts import Utterance
from spoken_digits.vocabulary import digits

BLOCK = SAMPLE_RATE // 10
AN4 = "an4_sphere.tar.gz"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("models/numbers.onnx"))
    parser.add_argument("--all-speakers", action="store_true", help="of AN4, not the tested alone")
    parser.add_argument("--speakers", default=r"\w+", help="of FSDD, comma-separated")
    parser.add_argument("--takes", default="0-4", help="first-last, of FSDD")
    parser.add_argument("--numbers", type=int, default=50, help="of each length and pause")
    args = parser.parse_args()
    mirror = corpus_mirror("AN4's and FSDD's archives")
    model = load_number_model(args.model)
    print("| numbers | n | digits | wrong % (95%) | s, d, i % | whole % (95%) |")
    print("|---|---|---|---|---|---|")
    found = scores(read_an4(model, mirror / AN4, args.all_speakers))
    kinds = ", ".join(
        f"{found[kind]:.1%}".rstrip("%") for kind in ("substitutions", "deletions", "insertions")
    )
    print(
        f"| AN4, {found['speakers']} speakers | {found['utterances']} | {found['words']} | "
        f"{100 * found['error']:.1f} ({100 * found['error_low']:.1f}-"
        f"{100 * found['error_high']:.1f}) | {kinds} | {100 * found['whole']:.1f} "
        f"({100 * found['whole_low']:.1f}-{100 * found['whole_high']:.1f}) |",
        flush=True,
    )
    by_speaker: dict[str, list[tuple[str, Sound]]] = {}
    for label, who, sound in fsdd(mirror, take_range(args.takes), args.speakers.replace(",", "|")):
        by_speaker.setdefault(who, []).append((label, sound))
    for pause in PAUSES_S:
        for length in LENGTHS:
            print(joined(model, by_speaker, pause, length, args.numbers), flush=True)


def read_an4(model: NumberModel, archive: Path, all_speakers: bool) -> list[Reading]:
    """Read AN4's numbers of digits alone."""
    spoken = an4.whole_utterances(archive, read_digests(an4.DIGESTS))
    labels = {word.said[0]: word.label for word in digits().words} | {an4.OH: "0"}
    takes: Counter[str] = Counter()
    utterances = []
    for one in spoken:
        said = tuple(labels.get(word, OTHER_SPEECH) for word in one.words)
        utterances.append((Utterance("an4", one.speaker, takes[one.speaker], said), one.content))
        takes[one.speaker] += 1
    of = assign([one.recording for one, _ in utterances], (), load_params().split)
    readings = []
    for utterance, content in utterances:
        tested = all_speakers or of[utterance.recording] == "test"
        if tested and OTHER_SPEECH not in utterance.said:
            sound = waveform(*decode(content, utterance.name))
            readings.append(Reading(utterance, read(model, sound), len(sound) / SAMPLE_RATE))
    return readings


def read(model: NumberModel, sound: NDArray[np.floating]) -> tuple[str, ...]:
    """Return the digits that are read in a stream, whatever numbers they make up."""
    samples = sound.astype(np.float32)
    blocks = (samples[start : start + BLOCK] for start in range(0, len(samples), BLOCK))
    reader = NumberReader(model, NUMBER_PAUSE_S)
    return tuple(word.label for number in numbers_in(reader, blocks) for word in number.words)


def joined(
    model: NumberModel,
    by_speaker: dict[str, list[tuple[str, Sound]]],
    pause: float,
    length: int,
    numbers: int,
) -> str:
    """Return a row of the table: FSDD's takes, joined as strings.py joins them."""
    rng = np.random.default_rng([length, round(pause * 1000)])
    wrong = []
    for _ in range(numbers):
        said, stream = make_number(choose(by_speaker, length, rng), pause, rng)
        wrong.append(edits(tuple(said), read(model, stream)))
    kinds = Edits(*np.sum(wrong, axis=0).tolist())
    count = numbers * length
    whole = sum(one.total == 0 for one in wrong)
    each = ", ".join(f"{100 * kind / count:.1f}" for kind in kinds)
    return (
        f"| FSDD, {length} digits, {1000 * pause:.0f} ms | {numbers} | {count} | "
        f"{100 * kinds.total / count:.1f} | {each} | {100 * whole / numbers:.0f} |"
    )


if __name__ == "__main__":
    main()
