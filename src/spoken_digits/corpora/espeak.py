"""espeak: synthetic speakers, an embedded default corpus. No download, no recordings of others.

A speaker is a voice that espeak-ng did not have before: an accent, and random vocal tract, pitch,
glottal source, breath, roughness and rate. English is also spoken by voices of other languages, as
their speakers would pronounce it. All of it follows from the speaker's number, so a corpus of more
speakers holds the smaller one unchanged.
"""

import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from spoken_digits.corpora import espeak_process
from spoken_digits.corpora.packing import BadRecording
from spoken_digits.corpora.phrases import Phrase
from spoken_digits.corpora.pronunciation import RESPELT, pronounced, varied, with_foreign_sounds
from spoken_digits.corpora.spoken_words import SpokenWords, spoken_words
from spoken_digits.corpora.synthesis import (
    WAY_ON,
    SynthesisError,
    for_each_speaker,
    one_alternative,
    recorded,
    recording_names,
    say,
)
from spoken_digits.corpora.transcription import REFERENCE
from spoken_digits.params import Voices
from spoken_digits.shards import write_shard
from spoken_digits.vocabulary import Vocabulary, Word

_NATIVE = {
    "en": (
        *("gmw/en-US",) * 4,  # repeated: as likely as all British accents together
        "gmw/en",
        "gmw/en-GB-scotland",
        "gmw/en-GB-x-gbclan",
        "gmw/en-GB-x-rp",
        "gmw/en-GB-x-gbcwmd",
        "gmw/en-029",
        "gmw/en-US-nyc",
    ),
    "de": ("gmw/de",),
    "fr": ("roa/fr", "roa/fr-BE", "roa/fr-CH"),
    "es": ("roa/es", "roa/es-419"),
    "it": ("roa/it",),
}
"""espeak-ng's voices of a language."""
_FOREIGN = (  # which say English as their speakers would pronounce it
    "gmw/de",
    "roa/fr",
    "roa/es",
    "roa/it",
    "grk/el",
    "gmw/nl",
    "zlw/pl",
    "roa/pt-BR",
    "inc/hi",
    "trk/tr",
    "zle/ru",
    "gmq/sv",
    "urj/fi",
    "poz/id",
)
_FOREIGN_SHARE = 0.35
_ENDINGS = ("", ".", "?", "!", ",")  # intonations
_PAUSES = (",", ",", ";", " -")  # within a phrase
_QUICKER = 1.15  # words in a row are said faster than alone
_SILENCE = 30  # of 32768
_VARIED_SHARE = 0.6


def collect(settings: Voices, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Synthesise the corpus: one shard a speaker, ``<target>/v000.zip`` and so on.

    Every speaker says each word of the vocabulary ``takes`` times and ``other_takes`` other words,
    each time at another rate and pitch. Raises UserError for a word that cannot be spoken,
    SynthesisError if espeak-ng does not run on this machine.
    """
    words = spoken_words(vocabulary, _NATIVE[vocabulary.language])
    for_each_speaker(
        "espeak",
        settings.speakers,
        lambda speaker: _write_speaker(speaker, settings, words, target),
    )
    return []  # nothing can be wrong with what is made here


def _write_speaker(speaker: int, settings: Voices, words: SpokenWords, target: Path) -> None:
    accent, names, clips = _script(speaker, settings, words)
    write_shard(
        target / f"v{speaker:03d}.zip", zip(names, _recorded(speaker, accent, clips), strict=True)
    )


def voices_of(language: str) -> tuple[str, ...]:
    """Return espeak-ng's voices of a language."""
    return _NATIVE[language]


def say_phrases(speaker: int, phrases: Sequence[Phrase], words: SpokenWords) -> list[bytes]:
    """Return a speaker's recordings of whole phrases, each said in one go, as WAV files.

    Raises SynthesisError as ``collect`` does.
    """
    accent, foreign, rate, _ = _voice(speaker, words)
    rng = random.Random(f"phrases {speaker}")
    clips = [
        _clip(_phrase_text(one, words, accent, foreign, rng), rate * _QUICKER, rng)
        for one in phrases
    ]
    return _recorded(speaker, accent, clips)


def _phrase_text(
    said: Phrase, words: SpokenWords, accent: str, foreign: bool, rng: random.Random
) -> str:
    texts = []
    for part in said:
        text = part.said
        if part.word is not None:
            word = Word(part.word.label, (part.said,))
            text = (_foreign_text if foreign else _native_text)(word, words, accent, rng)
            text = text.rstrip("".join(_ENDINGS))
        texts.append(text + (rng.choice(_PAUSES) if part.pause else ""))
    return " ".join(texts) + rng.choice(_ENDINGS)


def _recorded(speaker: int, accent: str, clips: list[dict[str, Any]]) -> list[bytes]:
    with tempfile.TemporaryDirectory() as directory:
        try:
            _copy_voice_data(Path(directory), accent, _variant(speaker))
        except FileNotFoundError as error:
            raise SynthesisError(f"espeak-ng's data cannot be read: {error}. {WAY_ON}") from None
        job = {
            "library": espeakng_loader.get_library_path(),
            "data": directory,
            "voice": f"{accent}+speaker",
            "clips": clips,
        }
        spoken = say(
            espeak_process.__file__, job, f"espeak-ng failed for voice {speaker} ({accent})"
        )
    return [recorded(_trim(clip), espeak_process.SAMPLE_RATE) for clip in spoken]


def _script(
    speaker: int, settings: Voices, words: SpokenWords
) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Return a speaker's accent, the names of its recordings, and the clips to synthesise."""
    vocabulary = words.vocabulary
    accent, foreign, rate, rng = _voice(speaker, words)
    text_of = _foreign_text if foreign else _native_text
    texts = [
        text_of(word, words, accent, rng)
        for _ in range(settings.takes)
        for word in vocabulary.words
    ]
    others = random.Random(f"other words {speaker}").choices(words.others, k=settings.other_takes)
    names = recording_names("espeak", f"v{speaker:03d}", vocabulary.labels, settings.takes, others)
    texts += [word + rng.choice(_ENDINGS) for word in others]
    return accent, names, [_clip(text, rate, rng) for text in texts]


def _voice(speaker: int, words: SpokenWords) -> tuple[str, bool, float, random.Random]:
    """Return a speaker's accent, whether it is foreign, words a minute, and what chance goes on."""
    language = words.vocabulary.language
    rng = random.Random(f"speaker {speaker}")
    foreign = rng.random() < _FOREIGN_SHARE and language == "en"
    accent = rng.choice(_FOREIGN if foreign else _NATIVE[language])
    return accent, foreign, rng.uniform(100, 210), rng


def _clip(text: str, rate: float, rng: random.Random) -> dict[str, Any]:
    return {
        "text": text,
        "rate": round(min(max(rate * rng.uniform(0.75, 1.25), 80), 240)),
        "volume": round(rng.uniform(25, 60)),  # louder ones clip in some voices
        "pitch": round(min(max(rng.gauss(50, 18), 0), 99)),
        "range": round(rng.uniform(10, 99)),
    }


def _native_text(word: Word, words: SpokenWords, accent: str, rng: random.Random) -> str:
    """Return what a native voice is given to say a word: text, or phonemes within [[ and ]]."""
    said = one_alternative(word, rng)
    if rng.random() >= _VARIED_SHARE:
        return said + rng.choice(_ENDINGS)
    language = words.vocabulary.language
    phonemes = pronounced(said, rng) if language == "en" else None
    if phonemes is None:
        others = words.sounds_of_others(word.label, accent)
        phonemes = varied(words.transcripts[accent][said], language, others, rng)
    return f"[[{phonemes}]]"


def _foreign_text(word: Word, words: SpokenWords, accent: str, rng: random.Random) -> str:
    """Return what a voice of another language is given to say an English word."""
    said = one_alternative(word, rng)
    language = _language(accent)
    respelt = RESPELT[language].get(said.casefold())
    if respelt is None:
        english = words.transcripts[REFERENCE["en"]][said]
        respelt = f"[[{''.join(with_foreign_sounds(english, language, rng))}]]"
    return respelt + rng.choice(_ENDINGS)


def _variant(speaker: int) -> str:
    """Return a speaker's voice variant file: vocal tract, pitch, glottal source, breath."""
    rng = random.Random(f"voice {speaker}")
    kind = rng.choices(["male", "female", "child"], [50, 40, 10])[0]
    tract, low = {
        "male": (rng.gauss(0.99, 0.05), rng.uniform(60, 130)),
        "female": (rng.gauss(1.13, 0.05), rng.uniform(140, 230)),
        "child": (rng.gauss(1.26, 0.06), rng.uniform(200, 300)),
    }[kind]
    lines = [
        "language variant",
        "name speaker",
        f"gender {'male' if kind == 'male' else 'female'}",
        f"pitch {low:.0f} {low * rng.uniform(1.15, 1.7):.0f}",
        f"flutter {rng.choice([0, 2, 2, 4, 8])}",
        f"roughness {rng.choice([0, 1, 2, 2, 3])}",
        f"voicing {rng.uniform(80, 140):.0f}",
        f"consonants {rng.uniform(70, 250):.0f} {rng.uniform(70, 250):.0f}",
    ]
    for formant in range(9):
        frequency = 100 * tract * rng.gauss(1, 0.06 if formant else 0.02)
        height, width = rng.uniform(60, 130), rng.uniform(70, 180)  # % of the voice's own
        lines.append(f"formant {formant} {frequency:.0f} {height:.0f} {width:.0f}")
    if rng.random() < 0.4:  # another glottal source, by Klatt's synthesiser
        lines.append(f"klatt {rng.randint(1, 6)}")
    elif rng.random() < 0.4:
        lines.append("breath " + " ".join(f"{rng.uniform(0, 25):.0f}" for _ in range(8)))
    if rng.random() < 0.5:
        tone = [f"{hz} {rng.uniform(40, 255):.0f}" for hz in (200, 800, 1800, 3500)]
        lines.append("tone " + " ".join(tone))
    if rng.random() < 0.3:
        lines.append(f"echo {rng.uniform(20, 140):.0f} {rng.uniform(5, 20):.0f}")
    return "\n".join(lines) + "\n"


def _copy_voice_data(target: Path, accent: str, variant: str) -> None:
    """Lay out what espeak-ng needs for one voice. It looks through all it finds when it starts."""
    source = Path(espeakng_loader.get_data_path())
    # English too: it says what is in Latin letters for voices of other alphabets.
    dictionaries = {f"{_language(accent)}_dict", "en_dict"}
    needed = {"phondata", "phonindex", "phontab", "intonations", *dictionaries}
    for name in sorted(needed | {f"lang/{accent}", "lang/gmw/en"}):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    voice = target / "voices" / "!v" / "speaker"
    voice.parent.mkdir(parents=True)
    voice.write_text(variant, encoding="utf-8", newline="\n")


def _trim(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def _language(accent: str) -> str:
    return accent.split("/")[1].split("-")[0]
