"""Ask espeak-ng how words are pronounced: its phonemes, in its own mnemonics.

A mnemonic is ASCII: ``r'aIt`` is "right", with the stress mark before the stressed vowel. They are
documented in espeak-ng's docs/phonemes.md; that of English, voice by voice, in docs/phontab.md.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping

import espeakng_loader

from spoken_digits.corpora import transcription_process
from spoken_digits.corpora.synthesis import run
from spoken_digits.errors import UserError
from spoken_digits.vocabulary import Vocabulary

Phonemes = tuple[str, ...]
"""A text's, each with its stress mark before it, and " " between words: ("r", "'aI", "t")."""
Transcripts = Mapping[str, Mapping[str, Phonemes]]
"""Phonemes by voice of espeak-ng ("gmw/en") and by text."""

REFERENCE = {"en": "gmw/en", "de": "gmw/de", "fr": "roa/fr", "es": "roa/es", "it": "roa/it"}
"""A language's voice whose phonemes say which words sound alike."""
_STRESS = re.compile(r"([',%=]*)(.*)")  # primary, secondary, none
_SWITCH = re.compile(r"\([a-z-]+\)")  # to the phonemes of another language, and back
_SEPARATOR = "\N{MIDDLE DOT}"  # between phonemes; none has it in its name
_PAUSE = re.compile(r"_.*|\|+|;")


def transcribe(texts: Iterable[str], voices: Iterable[str]) -> Transcripts:
    """Return how each of espeak-ng's voices pronounces each text.

    Raises SynthesisError if espeak-ng does not run on this machine.
    """
    job = {
        "library": espeakng_loader.get_library_path(),
        "data": str(espeakng_loader.get_data_path()),
        "voices": sorted(set(voices)),
        "texts": sorted(set(texts)),
        "separator": _SEPARATOR,
    }
    found = json.loads(run(transcription_process.__file__, job, "espeak-ng failed"))
    return {
        voice: {text: _take_apart(phonemes) for text, phonemes in spoken.items()}
        for voice, spoken in found.items()
    }


def _take_apart(phonemes: str) -> Phonemes:
    separated = _SWITCH.sub("", phonemes).replace(" ", f"{_SEPARATOR} {_SEPARATOR}")
    parts = [part for part in separated.split(_SEPARATOR) if part]
    return tuple(part for part in parts if not _PAUSE.fullmatch(part))


def split_stress(phoneme: str) -> tuple[str, str]:
    """Return the stress mark before a phoneme, "" if there is none, and the phoneme."""
    match = _STRESS.fullmatch(phoneme)
    assert match is not None  # both parts may be empty
    return match[1], match[2]


def sound(phonemes: Phonemes) -> str:
    """Return what two texts that sound alike have in common: phonemes without stress and length."""
    return "".join(re.sub(r"[:0-9# ]", "", split_stress(one)[1]) for one in phonemes)


def check_speakable(vocabulary: Vocabulary, transcripts: Mapping[str, Phonemes]) -> None:
    """Raise UserError, naming the label, for words of which a synthesiser would say nothing.

    espeak-ng spells out letters that its language lacks ("Chinese letter"), so letters of other
    scripts count as nothing.
    """
    for word in vocabulary.words:
        for said in word.said:
            foreign = [sign for sign in said if sign.isalpha() and not _is_latin(sign)]
            if foreign or not sound(transcripts[said]):
                raise UserError(
                    f"params.yaml: vocabulary: {word.label!r}: {said!r} cannot be spoken by the "
                    f"voices of voices.language: {vocabulary.language}. Say what they can read: "
                    f"{word.label}=what is said"
                )


def _is_latin(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith("LATIN ")
