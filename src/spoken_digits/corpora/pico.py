"""pico: synthetic speakers of another kind, SVOX Pico's. No download, no recordings of others.

Pico's six voices are statistics of recordings of people, where espeak-ng's are formants by rule. A
speaker is one of them with another vocal tract, pitch and rate. The voices of other languages read
the digits as their speakers would pronounce them.
"""

import random
from pathlib import Path
from typing import Any

import numpy as np
import py_nanotts
from numpy.typing import NDArray

from spoken_digits.corpora import pico_process
from spoken_digits.corpora.packing import BadRecording
from spoken_digits.corpora.synthesis import (
    DIGIT_WORDS,
    OTHER_WORDS,
    for_each_speaker,
    recording_names,
    say,
)
from spoken_digits.params import Voices
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import wav_bytes

# English three times as likely as the others, each.
_VOICES = (*("en-US", "en-GB") * 3, "de-DE", "fr-FR", "es-ES", "it-IT")
_ENDINGS = ("", ".")  # intonations
_VOLUME = 0.18  # of its own, at which it clips
_SILENCE, _SOFT = 20, 70  # of 32768
_PAUSE = 0.15  # s: after this comes no more of a word, but noise and the click of a full stop


def collect(settings: Voices, target: Path) -> list[BadRecording]:
    """Synthesise the corpus: one shard a speaker, ``<target>/p000.zip`` and so on.

    Every speaker says each digit ``takes`` times and ``other_takes`` other words, each time at
    another rate and pitch. Raises SynthesisError if Pico does not run on this machine.
    """
    for_each_speaker(
        "pico", settings.speakers, lambda speaker: _write_speaker(speaker, settings, target)
    )
    return []  # nothing can be wrong with what is made here


def _write_speaker(speaker: int, settings: Voices, target: Path) -> None:
    rng = random.Random(f"pico {speaker}")
    voice = rng.choice(_VOICES)
    tract = rng.randint(32, 46) / 40  # all frequencies, by this; such rates are soon resampled
    names, clips = _script(speaker, voice, tract, rng, settings)
    package = Path(py_nanotts.__file__).parents[1]
    job = {"package": str(package), "voice": voice, "volume": _VOLUME, "clips": clips}
    spoken = say(pico_process.__file__, job, f"Pico failed for voice {speaker} ({voice})")
    # Played faster, a voice has a shorter vocal tract; its speed has been made up for.
    rate = round(pico_process.SAMPLE_RATE * tract)
    write_shard(
        target / f"p{speaker:03d}.zip",
        [(name, wav_bytes(_trim(clip), rate)) for name, clip in zip(names, spoken, strict=True)],
    )


def _script(
    speaker: int, voice: str, tract: float, rng: random.Random, settings: Voices
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names of a speaker's recordings, and the clips to synthesise."""
    digits = DIGIT_WORDS[voice.split("-")[0]].split()
    speed, pitch = rng.uniform(0.7, 1.1), rng.uniform(0.6, 1.15)  # of the voice's own
    texts = digits * settings.takes
    others = rng.choices(OTHER_WORDS, k=settings.other_takes)
    names = recording_names("pico", f"p{speaker:03d}", settings.takes, others)
    clips = [
        {
            "text": text + rng.choice(_ENDINGS),
            "speed": speed * rng.uniform(0.85, 1.15) / tract,
            "pitch": pitch * rng.uniform(0.9, 1.1),
        }
        for text in texts + others
    ]
    return names, clips


def _trim(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    level = np.abs(samples.astype(np.int32))
    pause = round(_PAUSE * pico_process.SAMPLE_RATE)
    loud = np.flatnonzero(level > _SOFT)
    if not len(loud):
        return samples
    pauses = np.flatnonzero(np.diff(loud) > pause)
    end = loud[pauses[0] if len(pauses) else -1] + pause
    heard = np.flatnonzero(level[:end] > _SILENCE)
    return samples[heard[0] : heard[-1] + 1]
