"""an4: words cut out of CMU AN4, in which 74 people say numbers and spell, 16 kHz.

Free for any purpose with its notice (``an4/LICENSE`` in the archive). Its training part is used,
verified speaker by speaker. Its test part (``an4/wav/an4test_clstk``) is not: of its speakers there
are neither digests nor places of words here.

**Where a word is** says ``an4-words.csv``, in frames of 10 ms. It comes from aligning AN4's
transcription with the sound (forced alignment by PocketSphinx with AN4's dictionary), so it was
made by a recogniser: of 1,954 digits, 1,917 were recognised again by the same acoustic model. Words
of less than 100 ms are left out. The places of words that are no digits are what
``tools/align_an4.py`` finds. They keep clear of digits: neither a word that begins like a digit
(sixty, the letter O) nor the neighbours of one or of a digit are used.

**How it is cut**: people run words together; three of four digits follow the word before without a
pause. So a word is cut exactly there, and its first and last 30 ms are faded. Of 1,643 digits, the
model released as 1.0.0, trained on none of them, has right at its likeliest digit:

    added on either side    0 ms    30 ms    60 ms   100 ms
    faded over 30 ms       96.7%    91.7%    87.0%    81.6%
    not faded              94.6%    88.6%    83.8%    78.8%

What is added is mostly the neighbour's sound. Little is lost without it: in the spectrograms of 20
digits the places are within 60 ms of where the sound changes, and after a pause they are before it
(the first 30 ms of 367 digits are, in the median, 36 dB below the loudest 10 ms).

**"oh"** is a way to say 0, so it is no other word; nor is it the word zero. It is used only if the
vocabulary says so: ``0=zero|oh``.
"""

import csv
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.corpora.archives import ArchiveError, base_name, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.packing import BadRecording, pack
from spoken_digits.corpora.speaker_digests import (
    Expected,
    check_all_there,
    check_speaker,
    read_digests,
    summed,
)
from spoken_digits.params import Archive
from spoken_digits.recording import Recording, parse_name
from spoken_digits.sound.decode import decode, wav_bytes
from spoken_digits.sound.file_names import is_recording
from spoken_digits.vocabulary import Vocabulary

DIGESTS = Path(__file__).with_name("an4-speakers.csv")
PLACES = Path(__file__).with_name("an4-words.csv")
FRAME_S = 0.01
FADE_S = 0.03
OH = "oh"

TRANSCRIPTION = "an4/etc/an4_train.transcription"
TRANSCRIPTION_SHA256 = "6773e208c26be55101aac7a982983706bc6fcae1375fcff938008bddb7f9a286"

_SAID = re.compile(r"<s> (.*) </s> \((\S+)\)")
_UTTERANCE = re.compile(r"(?:.*/)?wav/an4_clstk/([^/]+)/([^/]+)\.sph")


class Place(NamedTuple):
    """Where a word is in its utterance: frames first to end - 1."""

    word: str
    first: int
    end: int


Places = Mapping[str, tuple[Place, ...]]
"""The words of each utterance, in their order."""


def read_places(path: Path = PLACES) -> Places:
    """Read CSV: utterance,words, where words are ``<word>:<first>-<end>`` between blanks."""
    places = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found = re.findall(r"(\w+):(\d+)-(\d+)", row["words"])
            places[row["utterance"]] = tuple(
                Place(word, int(first), int(end)) for word, first, end in found
            )
    return places


WORDS = frozenset(place.word for places in read_places().values() for place in places)


def collect(settings: Archive, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Fetch, verify, cut and pack the corpus: ``<target>/<speaker>.zip``.

    Raises FetchError if the archive cannot be had, ArchiveError, naming the speaker, if one is
    missing or unknown or has other recordings than the table of digests says.
    """
    digests, places = read_digests(DIGESTS), read_places()
    return with_archive(
        "an4",
        settings.archive,
        lambda path: pack_archive(path, digests, places, vocabulary, target),
    )


def pack_archive(
    path: Path,
    expected: Mapping[str, Expected],
    places: Places,
    vocabulary: Vocabulary,
    target: Path,
) -> list[BadRecording]:
    """Do what ``collect`` does with an archive that is there, for other digests and places."""
    utterances: dict[str, dict[str, bytes]] = defaultdict(dict)
    for member, content in read_archive(path, _is_utterance):
        utterances[speaker_of(member)][base_name(member)] = content
    _verify(path, utterances, expected)
    words = _words(utterances, places, vocabulary)
    return pack("an4", words, lambda name: parse_name("an4", name), target)


class Spoken(NamedTuple):
    """An utterance as it was recorded, and its words in lower case."""

    speaker: str
    name: str
    content: bytes
    words: tuple[str, ...]


def whole_utterances(path: Path, expected: Mapping[str, Expected]) -> list[Spoken]:
    """Return all utterances of an archive, verified, in order of speaker and name.

    Raises ArchiveError as ``collect`` does, and if the transcription is another.
    """
    utterances: dict[str, dict[str, bytes]] = defaultdict(dict)
    said: dict[str, tuple[str, ...]] = {}
    for member, content in read_archive(
        path, lambda name: name == TRANSCRIPTION or _is_utterance(name)
    ):
        if member != TRANSCRIPTION:
            utterances[speaker_of(member)][base_name(member)] = content
            continue
        if hashlib.sha256(content).hexdigest() != TRANSCRIPTION_SHA256:
            raise ArchiveError(f"an4: {path}: {TRANSCRIPTION} is not the one of AN4")
        for text, name in _SAID.findall(content.decode("ascii")):
            said[f"{name}.sph"] = tuple(text.lower().split())
    if not said:
        raise ArchiveError(f"an4: {path}: no {TRANSCRIPTION} in it")
    _verify(path, utterances, expected)
    return [
        Spoken(speaker, name, content, said[name])
        for speaker, contents in sorted(utterances.items())
        for name, content in sorted(contents.items())
    ]


def _is_utterance(name: str) -> bool:
    return bool(_UTTERANCE.fullmatch(name)) and is_recording(name)


def speaker_of(member: str) -> str:
    """Return the speaker of ``an4/wav/an4_clstk/<speaker>/<utterance>.sph``."""
    return member.split("/")[-2]


def _verify(
    path: Path, utterances: Mapping[str, Mapping[str, bytes]], expected: Mapping[str, Expected]
) -> None:
    if unknown := sorted(utterances.keys() - expected.keys()):
        raise ArchiveError(f"an4: {path}: speakers nobody expects: {', '.join(unknown)}")
    check_all_there("an4", path, sorted(expected), utterances)
    for speaker, contents in sorted(utterances.items()):
        check_speaker("an4", path, speaker, summed(contents), expected[speaker])


def _words(
    utterances: Mapping[str, Mapping[str, bytes]], places: Places, vocabulary: Vocabulary
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each word's recording."""
    takes: Counter[tuple[str, str]] = Counter()  # of a label and a speaker, so far
    for speaker, contents in sorted(utterances.items()):
        for name, content in sorted(contents.items()):
            samples, rate = decode(content, name)
            for place in places.get(name.removesuffix(".sph"), ()):
                recording = Recording("an4", vocabulary.label_of(place.word), speaker, take=0)
                if place.word == OH and not recording.is_word:
                    continue
                take = takes[recording.label, speaker]
                takes[recording.label, speaker] += 1
                yield recording._replace(take=take).name, wav_bytes(cut(samples, rate, place), rate)


def cut(samples: NDArray[np.int16], rate: int, place: Place) -> NDArray[np.int16]:
    """Return a word of an utterance (n,), at ``rate`` Hz: (m,), faded at both ends."""
    frame, fade = round(FRAME_S * rate), round(FADE_S * rate)
    word = samples[place.first * frame : place.end * frame].astype(np.float64)
    ramp = (np.arange(fade) + 0.5) / fade
    word[:fade] *= ramp
    word[-fade:] *= ramp[::-1]
    return np.rint(word).astype(np.int16)
