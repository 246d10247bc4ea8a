"""Whole numbers and other phrases as people say them: what the sequence network learns from.

``<target>/<corpus>/<speaker>.zip`` holds a speaker's recordings, and ``transcripts.csv`` what is
said in each. Synthetic voices join words as people do: their words run into each other, the pitch
falls, and there are pauses between groups. AN4's people read numbers, spelt, and said dates.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from spoken_digits.corpora import an4, espeak, hibari, pico
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.phrases import (
    OTHER_SPEECH,
    Phrase,
    also_said,
    labels_by_said,
    phrase,
    transcript,
)
from spoken_digits.corpora.speaker_digests import read_digests
from spoken_digits.corpora.spoken_words import SpokenWords, spoken_words
from spoken_digits.corpora.synthesis import for_each_speaker
from spoken_digits.params import Download, Sequences
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import canonical_wav
from spoken_digits.transcripts import Utterance, write_transcripts
from spoken_digits.vocabulary import Vocabulary

Say = Callable[[int, Sequence[Phrase], SpokenWords], list[bytes]]
_SYNTHETIC: dict[str, tuple[str, Say]] = {
    "espeak": ("v", espeak.say_phrases),
    "pico": ("p", pico.say_phrases),
    "hibari": ("h", hibari.say_phrases),
}


def collect(
    settings: Sequences, download: Download, vocabulary: Vocabulary, target: Path
) -> list[Utterance]:
    """Fill a directory with the phrases of all corpora that ``settings`` names; return them.

    Raises UserError and what it stands for as the corpora's own ``collect``.
    """
    said: list[Utterance] = []
    for corpus in settings.corpora:
        if corpus == "an4":
            said += _an4(download.an4.archive, vocabulary, target / corpus)
        else:
            speakers: int = getattr(download, corpus).speakers
            said += _synthetic(corpus, speakers, settings.takes, vocabulary, target / corpus)
    write_transcripts(target / "transcripts.csv", said)
    return said


def _synthetic(
    corpus: str, speakers: int, takes: int, vocabulary: Vocabulary, target: Path
) -> list[Utterance]:
    letter, say = _SYNTHETIC[corpus]
    language = vocabulary.language
    words = spoken_words(vocabulary, espeak.voices_of(language), also=also_said(language))
    said: dict[int, list[Utterance]] = {}

    def write(number: int) -> None:
        speaker = f"{letter}{number:03d}"
        rng = random.Random(f"{corpus} {speaker} phrases")
        phrases = [phrase(vocabulary, words.others, rng) for _ in range(takes)]
        said[number] = [
            Utterance(corpus, speaker, take, transcript(one)) for take, one in enumerate(phrases)
        ]
        recordings = say(number, phrases, words)
        names = [one.name for one in said[number]]
        write_shard(target / f"{speaker}.zip", zip(names, recordings, strict=True))

    for_each_speaker(f"{corpus} phrases", speakers, write)
    return [one for number in sorted(said) for one in said[number]]


def _an4(archive: str, vocabulary: Vocabulary, target: Path) -> list[Utterance]:
    digests = read_digests(an4.DIGESTS)
    spoken = with_archive(
        "an4",
        archive,
        lambda path: an4.whole_utterances(path, digests),
        instead="or leave an4 out of sequence.corpora in params.yaml",
    )
    labels = labels_by_said(vocabulary)
    by_speaker: dict[str, list[tuple[Utterance, bytes]]] = defaultdict(list)
    for one in spoken:
        mine = by_speaker[one.speaker]
        said = tuple(labels.get(word, OTHER_SPEECH) for word in one.words)
        utterance = Utterance("an4", one.speaker, len(mine), said)
        mine.append((utterance, canonical_wav(one.content, one.name)))
    for speaker, recordings in by_speaker.items():
        write_shard(
            target / f"{speaker}.zip", [(utterance.name, wav) for utterance, wav in recordings]
        )
    return [utterance for recordings in by_speaker.values() for utterance, _ in recordings]
