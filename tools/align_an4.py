"""Find where AN4's words that are no digits lie, and put them into an4-words.csv.

  pip install -r benchmarks/requirements.txt
  CORPUS_MIRROR=/media/usb PYTHONPATH=src python tools/align_an4.py

PocketSphinx aligns the transcription of each utterance with its sound, with its own acoustic model
of English and AN4's dictionary. What the table says of digits stays as it is. It prints how many of
them begin in the frame where this alignment has them too.

Left out are words of less than 100 ms or more than a second, words that begin like a digit or "oh"
(sixty, forty, the letter O), the neighbours of these and of digits, and utterances that cannot be
aligned to their end.
"""

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import report_errors, run_script

if __name__ == "__main__":  # --help does not wait for what is imported below
    with report_errors():
        argparse.ArgumentParser(
            description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        ).parse_args()

from pocketsphinx import Decoder
from tqdm import tqdm

from spoken_digits.corpora.an4 import OH, PLACES, Place, Places, read_places
from spoken_digits.corpora.archives import read_archive
from spoken_digits.corpora.english_digits import ENGLISH_DIGITS
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.files import write_text
from spoken_digits.params import load_params
from spoken_digits.sound.decode import decode

DICTIONARY, TRANSCRIPTION = "an4/etc/an4.dic", "an4/etc/an4_train.transcription"
DIGITS = {*ENGLISH_DIGITS, OH}
LENGTHS = range(10, 101)  # frames of 10 ms

Phones = tuple[str, ...]


def main() -> None:
    address = load_params().download.an4.archive
    files = with_archive("an4", address, lambda path: dict(read_archive(path, is_needed)))
    alike = like_digits(files[DICTIONARY].decode())
    transcription = files[TRANSCRIPTION].decode()
    aligned: dict[str, Sequence[Place]] = {}
    with tempfile.NamedTemporaryFile(suffix=".dic") as dictionary:
        dictionary.write(files[DICTIONARY])
        dictionary.flush()
        decoder = Decoder(lm=None, dict=dictionary.name, loglevel="FATAL")
    sounds = {
        PurePosixPath(name).stem: content
        for name, content in files.items()
        if name.endswith(".sph")
    }
    for said, utterance in tqdm(
        re.findall(r"<s> (.*) </s> \((.*)\)", transcription), unit=" utterances", disable=None
    ):
        words = said.split()
        found = list(align(decoder, words, sounds[utterance]))
        if [place.word for place in found] == [word.lower() for word in words]:
            aligned[utterance] = found
        else:
            print(f"{utterance}: cannot be aligned to its end")
    known = read_places()
    same = list(digits_in_both(known, aligned))
    print(f"{sum(same)} of {len(same)} digits begin in the same frame")
    table: dict[str, list[Place]] = defaultdict(list)
    for utterance, of in known.items():
        table[utterance] += [place for place in of if place.word in DIGITS]
    for utterance, places in aligned.items():
        table[utterance] += others(places, alike)
    write_text(PLACES, as_csv(table))
    print(PLACES)


def is_needed(name: str) -> bool:
    return name in (DICTIONARY, TRANSCRIPTION) or ("/an4_clstk/" in name and name.endswith(".sph"))


def like_digits(dictionary: str) -> set[str]:
    """Return the words whose pronunciation begins as that of a digit or of "oh" does."""
    pronunciations: dict[str, list[Phones]] = defaultdict(list)
    for line in dictionary.splitlines():
        word, *phones = line.split()
        pronunciations[re.sub(r"\(\d+\)", "", word).lower()].append(tuple(phones))
    digits = [phones for digit in DIGITS for phones in pronunciations[digit]]
    return {
        word
        for word, ways in pronunciations.items()
        if any(way[: len(digit)] == digit for way in ways for digit in digits)
    }


def align(decoder: Decoder, words: Sequence[str], content: bytes) -> Iterator[Place]:
    """Yield where each word is; fewer words if the alignment does not come to the end."""
    samples, _ = decode(content, "an utterance")
    grammar = f"#JSGF V1.0;\ngrammar said;\npublic <said> = {' '.join(words)};\n"
    decoder.add_jsgf_string("said", grammar)
    decoder.activate_search("said")
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()
    for segment in decoder.seg() or ():
        if segment.word[0].isalpha():  # no silence
            word = re.sub(r"\(\d+\)", "", segment.word).lower()
            yield Place(word, segment.start_frame, segment.end_frame + 1)


def digits_in_both(known: Places, aligned: Mapping[str, Sequence[Place]]) -> Iterator[bool]:
    """Yield of each digit that is in the table and aligned whether both begin it in one frame."""
    for utterance, found in known.items():
        starts = {(place.word, place.first) for place in aligned.get(utterance, ())}
        for place in found:
            if starts and place.word in DIGITS:
                yield (place.word, place.first) in starts


def others(found: Sequence[Place], alike: set[str]) -> list[Place]:
    """Return the words of an utterance that keep clear of digits, and are of a likely length."""
    return [
        place
        for number, place in enumerate(found)
        if place.end - place.first in LENGTHS
        and not alike & {near.word for near in found[max(number - 1, 0) : number + 2]}
    ]


def as_csv(table: Mapping[str, list[Place]]) -> str:
    """Return what ``read_places`` reads, in order of speaker and utterance."""
    lines = ["utterance,words"]
    for utterance in sorted(table, key=lambda name: (name.split("-")[1], name)):
        places = sorted(table[utterance], key=lambda place: place.first)
        words = " ".join(f"{place.word}:{place.first}-{place.end}" for place in places)
        lines += [f"{utterance},{words}"] if words else []
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    run_script(main)
