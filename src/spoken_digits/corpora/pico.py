"""pico: synthetic speakers of another kind, SVOX Pico's. No download, no recordings of others.

Pico's six voices are statistics of recordings of people, where espeak-ng's are formants by rule. A
speaker is one of them with another vocal tract, pitch and rate. English is also spoken by the
voices of other languages, as their speakers would pronounce it.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import py_nanotts
from numpy.typing import NDArray

from spoken_digits.corpora import pico_process
from spoken_digits.corpora.packing import BadRecording
from spoken_digits.corpora.phrases import Phrase
from spoken_digits.corpora.pronunciation import RESPELT, with_foreign_sounds
from spoken_digits.corpora.spoken_words import SpokenWords, spoken_words
from spoken_digits.corpora.synthesis import (
    for_each_speaker,
    one_alternative,
    recorded,
    recording_names,
    say,
)
from spoken_digits.corpora.transcription import REFERENCE, Phonemes, split_stress
from spoken_digits.params import Voices
from spoken_digits.shards import write_shard
from spoken_digits.vocabulary import Vocabulary, Word

_VOICES = {
    # English ones three times as likely as the others, each.
    "en": (*("en-US", "en-GB") * 3, "de-DE", "fr-FR", "es-ES", "it-IT"),
    "de": ("de-DE",),
    "fr": ("fr-FR",),
    "es": ("es-ES",),
    "it": ("it-IT",),
}
"""Pico's voices that speak a language."""
_XSAMPA = {"de": {"r": "R"}, "fr": {"r": "R"}}
"""Phonemes of with_foreign_sounds that Pico's voice of a language calls otherwise."""
_VOWELS = "aeiouEIOU@"
_ENDINGS = ("", ".")  # intonations
_VOLUME = 0.18  # of its own, at which it clips
_SILENCE, _SOFT, _SPEECH = 20, 70, 1500  # of 32768; noise after a word stays below _SPEECH
_PAUSE = 0.15  # s: after this comes no more of a word, but noise and the click of a full stop


def collect(settings: Voices, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Synthesise the corpus: one shard a speaker, ``<target>/p000.zip`` and so on.

    Every speaker says each word of the vocabulary ``takes`` times and ``other_takes`` other words,
    each time at another rate and pitch. Raises UserError for a word that cannot be spoken,
    SynthesisError if Pico, or espeak-ng, which knows how words sound, does not run on this machine.
    """
    words = spoken_words(vocabulary, [])
    for_each_speaker(
        "pico", settings.speakers, lambda speaker: _write_speaker(speaker, settings, words, target)
    )
    return []  # nothing can be wrong with what is made here


def _write_speaker(speaker: int, settings: Voices, words: SpokenWords, target: Path) -> None:
    voice, tract, rng = _voice(speaker, words)
    names, clips = _script(speaker, voice, tract, rng, settings, words)
    language = words.vocabulary.language
    sounds = [
        _trim(sound, _may_pause(clip["text"], language))
        for clip, sound in zip(clips, _said(speaker, voice, clips), strict=True)
    ]
    write_shard(
        target / f"p{speaker:03d}.zip",
        zip(names, (recorded(sound, _rate(tract)) for sound in sounds), strict=True),
    )


def say_phrases(speaker: int, phrases: Sequence[Phrase], words: SpokenWords) -> list[bytes]:
    """Return a speaker's recordings of whole phrases, each said in one go, as WAV files.

    Raises SynthesisError as ``collect`` does.
    """
    voice, tract, rng = _voice(speaker, words)
    rng = random.Random(f"pico phrases {speaker}")
    speed, pitch = rng.uniform(0.75, 1.25), rng.uniform(0.6, 1.15)
    clips = [
        {
            "text": _phrase_text(one, words, voice, rng),
            "speed": speed * rng.uniform(0.85, 1.15) / tract,
            "pitch": pitch * rng.uniform(0.9, 1.1),
        }
        for one in phrases
    ]
    sounds = [_trim(sound, may_pause=True) for sound in _said(speaker, voice, clips)]
    return [recorded(sound, _rate(tract)) for sound in sounds]


def _phrase_text(said: Phrase, words: SpokenWords, voice: str, rng: random.Random) -> str:
    texts = []
    for part in said:
        text = part.said
        if part.word is not None:
            text = _text(Word(part.word.label, (part.said,)), words, voice, rng)
        texts.append(text + ("," if part.pause else ""))
    return " ".join(texts) + rng.choice(_ENDINGS)


def _voice(speaker: int, words: SpokenWords) -> tuple[str, float, random.Random]:
    """Return a speaker's voice, the factor of all its frequencies, and what chance goes on."""
    rng = random.Random(f"pico {speaker}")
    voice = rng.choice(_VOICES[words.vocabulary.language])
    return voice, rng.randint(32, 46) / 40, rng  # such rates are soon resampled


def _rate(tract: float) -> int:
    # Played faster, a voice has a shorter vocal tract; its speed has been made up for.
    return round(pico_process.SAMPLE_RATE * tract)


def _said(speaker: int, voice: str, clips: list[dict[str, Any]]) -> list[NDArray[np.int16]]:
    package = Path(py_nanotts.__file__).parents[1]
    job = {"package": str(package), "voice": voice, "volume": _VOLUME, "clips": clips}
    return say(pico_process.__file__, job, f"Pico failed for voice {speaker} ({voice})")


def _script(
    speaker: int,
    voice: str,
    tract: float,
    rng: random.Random,
    settings: Voices,
    words: SpokenWords,
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names of a speaker's recordings, and the clips to synthesise."""
    vocabulary = words.vocabulary
    speed, pitch = rng.uniform(0.7, 1.1), rng.uniform(0.6, 1.15)  # of the voice's own
    texts = [
        _text(word, words, voice, rng) for _ in range(settings.takes) for word in vocabulary.words
    ]
    others = rng.choices(words.others, k=settings.other_takes)
    names = recording_names("pico", f"p{speaker:03d}", vocabulary.labels, settings.takes, others)
    clips = [
        {
            "text": text + rng.choice(_ENDINGS),
            "speed": speed * rng.uniform(0.85, 1.15) / tract,
            "pitch": pitch * rng.uniform(0.9, 1.1),
        }
        for text in texts + others
    ]
    return names, clips


def _text(word: Word, words: SpokenWords, voice: str, rng: random.Random) -> str:
    """Return what a voice is given to say a word: text, or phonemes as Pico's markup has them."""
    said = one_alternative(word, rng)
    language = voice.split("-")[0]
    if language == words.vocabulary.language:
        return said
    respelt = RESPELT[language].get(said.casefold())
    if respelt is not None:
        return respelt
    english = words.transcripts[REFERENCE["en"]][said]
    return _markup(with_foreign_sounds(english, language, rng), language)


def _markup(phonemes: Phonemes, language: str) -> str:
    """Return phonemes as Pico's markup has them: X-SAMPA, a tag a word, syllables' stress first."""
    own = _XSAMPA.get(language, {})
    words: list[list[str]] = [[]]
    for phoneme in phonemes:
        if phoneme == " ":
            words.append([])
            continue
        mark, bare = split_stress(phoneme)
        word = words[-1]
        if "'" in mark:
            word.insert(_onset(word), '"')
        word.append(own.get(bare, bare))
    return " ".join(f"<phoneme ph='{''.join(word)}'/>" for word in words)


def _onset(before: Sequence[str]) -> int:
    """Return where in a word a syllable begins whose vowel comes after these phonemes."""
    start = len(before)
    if start and before[start - 1] in ("i", "u"):  # glides: yes, twelve
        start -= 1
    if start and before[start - 1][0] not in _VOWELS:
        start -= 1
    return start if any(one[0] in _VOWELS for one in before[:start]) else 0


def _may_pause(text: str, language: str) -> bool:
    """Return whether Pico may pause within what it says, as in Italian "otto".

    It may in English that is read by its spelling as well. There the first pause has always ended
    the word, and the recordings that were made so stay as they are.
    """
    return language != "en" or text.startswith("<")


def _trim(samples: NDArray[np.int16], may_pause: bool = False) -> NDArray[np.int16]:
    """Cut off the silence around a word, and the noise that Pico makes after it."""
    level = np.abs(samples.astype(np.int32))
    pause = round(_PAUSE * pico_process.SAMPLE_RATE)
    loud = np.flatnonzero(level > _SOFT)
    if not len(loud):
        return samples
    pauses = np.flatnonzero(np.diff(loud) > pause)
    if may_pause and len(speech := np.flatnonzero(level[loud] > _SPEECH)):
        pauses = pauses[pauses >= speech[-1]]
    end = loud[pauses[0] if len(pauses) else -1] + pause
    heard = np.flatnonzero(level[:end] > _SILENCE)
    return samples[heard[0] : heard[-1] + 1]
