"""hibari: synthetic speakers by a neural network. No download, no recordings of others.

hibari-tts has one voice in its package, an American woman's, distilled from Kokoro-82M; its others
would be downloads and are not used. A speaker is that voice with another vocal tract, pitch and
rate, and an accent of English, native or foreign, whose phonemes espeak-ng and pronunciation.py
give. The voice speaks no other language.
"""

import random
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.corpora.hibari_voice import SAMPLE_RATE, synthesise
from spoken_digits.corpora.misaki import misaki
from spoken_digits.corpora.packing import BadRecording
from spoken_digits.corpora.phrases import Phrase
from spoken_digits.corpora.pronunciation import RESPELT, pronounced, varied, with_foreign_sounds
from spoken_digits.corpora.spoken_words import SpokenWords, spoken_words
from spoken_digits.corpora.synthesis import one_alternative, recorded, recording_names
from spoken_digits.corpora.transcription import REFERENCE
from spoken_digits.params import Voices
from spoken_digits.shards import write_shard
from spoken_digits.vocabulary import Vocabulary, Word
from spoken_digits.workers import run_tasks

_NATIVE = ("gmw/en-US", "gmw/en-US", "gmw/en")
"""espeak-ng's voices whose pronunciations are natives'."""
_FOREIGN_SHARE = 0.3
_VARIED_SHARE = 0.6
_ASPIRATED = re.compile("(?<=[ptk])h")  # as the network says a plosive of itself
_ENDINGS = ("", ".", ".", "?", "!", ",")  # intonations
_PITCH = 205  # Hz, of the voice itself, on average
_LOUDNESS = 40_000  # of 32,768, for 1: the loudest is 0.6
_SILENCE = 60  # of 32,768


class _Speaker(NamedTuple):
    tract: float
    """All frequencies, by this: 1 over the length of the vocal tract."""
    speed: float
    pitch: float
    """Hz."""
    accent: str
    """A voice of espeak-ng for a native, a language of pronunciation.py for a foreigner."""


def collect(settings: Voices, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Synthesise the corpus: one shard a speaker, ``<target>/h000.zip`` and so on.

    Every speaker says each word of the vocabulary ``takes`` times and ``other_takes`` other words,
    each time at another rate and pitch. Raises UserError for a word that cannot be spoken,
    SynthesisError if hibari's voice, or espeak-ng, which knows how words sound, is not there.
    """
    words = spoken_words(vocabulary, _NATIVE)
    run_tasks(
        partial(_write_speaker, settings=settings, words=words, target=target),
        range(settings.speakers),
        workers=None,
        label="hibari",
        unit="voice",
    )
    return []  # nothing can be wrong with what is made here


def _write_speaker(number: int, settings: Voices, words: SpokenWords, target: Path) -> None:
    rng = random.Random(f"hibari {number}")
    speaker = _speaker(rng)
    vocabulary = words.vocabulary
    said = [
        _said(word, words, speaker.accent, rng)
        for _ in range(settings.takes)
        for word in vocabulary.words
    ]
    others = rng.choices(words.others, k=settings.other_takes)
    said += [_as_said(word, words, speaker.accent, rng) for word in others]
    names = recording_names("hibari", f"h{number:03d}", vocabulary.labels, settings.takes, others)
    write_shard(
        target / f"h{number:03d}.zip",
        [
            (name, recorded(_clip(phonemes, speaker, rng), _rate(speaker)))
            for name, phonemes in zip(names, said, strict=True)
        ],
    )


def say_phrases(speaker: int, phrases: Sequence[Phrase], words: SpokenWords) -> list[bytes]:
    """Return a speaker's recordings of whole phrases, each said in one go, as WAV files.

    Raises SynthesisError as ``collect`` does.
    """
    who = _speaker(random.Random(f"hibari {speaker}"))
    rng = random.Random(f"hibari phrases {speaker}")
    clips = [_clip(_phrase(one, words, who.accent, rng), who, rng) for one in phrases]
    return [recorded(clip, _rate(who)) for clip in clips]


def _phrase(phrase: Phrase, words: SpokenWords, accent: str, rng: random.Random) -> str:
    """Return how a phrase is said in an accent, in misaki's letters."""
    return " ".join(
        (
            _said(Word(part.word.label, (part.said,)), words, accent, rng)
            if part.word
            else _as_said(part.said, words, accent, rng)
        )
        + ("," if part.pause else "")
        for part in phrase
    )


def _speaker(rng: random.Random) -> _Speaker:
    kind = rng.choices(["male", "female", "child"], [50, 40, 10])[0]
    # Tracts are fortieths, since such rates are soon resampled.
    tract, pitch = {
        "male": (rng.randint(31, 36), rng.uniform(85, 155)),
        "female": (rng.randint(37, 43), rng.uniform(155, 250)),
        "child": (rng.randint(43, 48), rng.uniform(220, 320)),
    }[kind]
    foreign = rng.random() < _FOREIGN_SHARE
    return _Speaker(
        tract / 40,
        rng.uniform(0.65, 1.2),
        pitch,
        rng.choice(sorted(RESPELT) if foreign else _NATIVE),
    )


def _rate(speaker: _Speaker) -> int:
    # Played faster, a voice has a shorter vocal tract; its speed and pitch are made up for.
    return round(SAMPLE_RATE * speaker.tract)


def _said(word: Word, words: SpokenWords, accent: str, rng: random.Random) -> str:
    """Return what a speaker says for a word of the vocabulary, in misaki's letters.

    A change that drops an r is not made: four by an American without r is foe, or far.
    """
    said = one_alternative(word, rng)
    plain = _as_said(said, words, accent, rng)
    if accent in RESPELT or rng.random() >= _VARIED_SHARE:
        return plain
    phonemes = pronounced(said, rng)
    if phonemes is None:
        others = words.sounds_of_others(word.label, accent)
        phonemes = varied(words.transcripts[accent][said], "en", others, rng)
    changed = misaki(_ASPIRATED.sub("", phonemes))
    return plain if changed.count("ɹ") < plain.count("ɹ") else changed


def _as_said(text: str, words: SpokenWords, accent: str, rng: random.Random) -> str:
    """Return how a text is said in an accent, in misaki's letters."""
    if accent in RESPELT:
        english = words.transcripts[REFERENCE["en"]][text]
        return misaki("".join(with_foreign_sounds(english, accent, rng)))
    return misaki("".join(words.transcripts[accent][text]))


def _clip(phonemes: str, speaker: _Speaker, rng: random.Random) -> NDArray[np.int16]:
    sound = synthesise(
        phonemes + rng.choice(_ENDINGS),
        speed=speaker.speed * rng.uniform(0.8, 1.25) / speaker.tract,
        pitch=speaker.pitch / _PITCH / speaker.tract * rng.uniform(0.9, 1.1),
        liveliness=rng.uniform(0.4, 1.6),
    )
    samples = np.rint(sound * _LOUDNESS).clip(-32_768, 32_767).astype(np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples
