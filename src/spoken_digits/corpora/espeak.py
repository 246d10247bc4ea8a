"""espeak: synthetic speakers, the embedded default corpus. No download, no recordings of others.

A speaker is a voice that espeak-ng did not have before: an accent (English, or another
language's voice that reads the digits as its speakers would pronounce them), and random vocal
tract, pitch, glottal source, breath, roughness and rate. All of it follows from the speaker's
number, so a corpus of more speakers holds the smaller one unchanged.
"""

import json
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import espeakng_loader
import joblib
import numpy as np
from tqdm import tqdm

from spoken_digits.audio import wav_bytes
from spoken_digits.corpora import espeak_process
from spoken_digits.errors import UserError
from spoken_digits.params import Espeak
from spoken_digits.shards import write_shard

_ENGLISH = (
    *("gmw/en-US",) * 4,  # repeated: as likely as all British accents together
    "gmw/en",
    "gmw/en-GB-scotland",
    "gmw/en-GB-x-gbclan",
    "gmw/en-GB-x-rp",
    "gmw/en-GB-x-gbcwmd",
    "gmw/en-029",
    "gmw/en-US-nyc",
)
_ENGLISH_DIGITS = "zero one two three four five six seven eight nine".split()
_FOREIGN = {  # the English digits, spelt so that the language's own voice says them
    "gmw/de": "siero wann tu sri fohr feif six sewen eht nein",
    "roa/fr": "zirau ouane tou sri fôr faïve sixe sévène eïte naïne",
    "roa/es": "sirou uan tuu zri for faif siks seven eit nain",
    "roa/it": "ziro uan tuu tri for faiv sics seven eit nain",
    "grk/el": "ζίροου ουάν τουου θρι φορ φάιβ σιξ σέβεν έιτ νάιν",
    "gmw/nl": "ziero wan toe srie foor faif siks sevven eet nain",
    "zlw/pl": "ziroł łan tu fri for fajw siks sewen ejt najn",
    "roa/pt-BR": "zirou uã tu tri fór faive sikes séven eite naine",
    "inc/hi": "ज़ीरो वन टू थ्री फोर फाइव सिक्स सेवन एट नाइन",
    "trk/tr": "ziro van tuu tri for fayv siks sevın eyt nayn",
    "zle/ru": "зироу уан тууу сри фор файв сикс севен эйт найн",
    "gmq/sv": "siro oann to tri får fajv siks seven ejt najn",
    "urj/fi": "siirou van tuu trii foor faiv siks seven eit nain",
    "poz/id": "ziro wan tuu tri for faif siks seven eit nain",
}
_FOREIGN_SHARE = 0.35
# Ways to say each digit, in espeak-ng's phonemes: one of every group, the commoner ones repeated;
# _ is nothing, and h after a plosive aspirates it.
_PRONUNCIATIONS = (
    ("z z z z s", "'i@ 'I@ 'i: 'I 'E", "r r r R", "oU oU @U o:"),
    ("w", "'V 'V 'V '0 'A: '@ 'aa", "n n n m"),
    ("t th th tS", "'u: 'u: 'u: 'U 'u:@ j'u:"),
    ("T T T T f t t s", "r r r R w", "'i: 'i: 'i: 'i:@"),
    ("f", "'O: 'O@ 'o@ 'o: 'oU@", "r r _"),
    ("f", "'aI 'aI 'aI@ 'VI 'A:I 'a:I 'A:", "v v f f"),
    ("s", "'I 'I 'I 'i: 'E", "k k k kh g", "s s s _"),
    ("s s s z", "'E 'E 'E 'e: 'a", "v v v b", "@ @ I E _", "n n n m"),
    ("'eI 'eI 'eI 'e: 'EI 'E:", "t th th ts d"),
    ("n", "'aI 'aI 'aI@ 'VI 'A:I 'a:I 'A:", "n"),
)
_PRONOUNCED_SHARE = 0.6
_ENDINGS = ("", ".", "?", "!", ",")  # intonations
_OTHER_WORDS = (
    "yes no up down left right on off stop go cat dog bird bed house tree happy wow marvin sheila "
    "hello music light open close start play pause next back volume water table window morning "
    "evening people really about because kitchen orange yellow number please sorry thanks okay "
    "maybe never always under over garden summer winter paper river mother father sister brother "
    "alpha bravo delta echo hotel india kilo lima oscar papa quebec romeo tango victor whiskey "
    "the and with from this that there where when what who which while after before again "
    "forward follow learn visual backward tomato market doctor travel simple circle purple "
    "ten eleven twelve twenty hundred wonder heaven fighter sick mine tea fear zebra sixty"
).split()
_WAY_ON = "Use recordings instead, e.g. corpora: [fsdd]"


class EspeakError(UserError):
    """espeak-ng cannot be run."""


def collect(settings: Espeak, target: Path) -> None:
    """Synthesise the corpus: one shard a speaker, ``<target>/v000.zip`` and so on.

    Every speaker says each digit ``takes`` times and ``other_takes`` other words, each time at
    another rate and pitch. Raises EspeakError if espeak-ng does not run on this machine.
    """
    with (
        ThreadPoolExecutor(joblib.cpu_count()) as pool,  # threads that wait for processes
        tqdm(total=settings.speakers, desc="espeak", unit="voice", disable=None) as bar,
    ):
        for _ in pool.map(
            lambda speaker: _write_speaker(speaker, settings, target), range(settings.speakers)
        ):
            bar.update()


def _write_speaker(speaker: int, settings: Espeak, target: Path) -> None:
    accent, names, clips = _script(speaker, settings)
    with tempfile.TemporaryDirectory() as directory:
        try:
            _copy_voice_data(Path(directory), accent, _variant(speaker))
        except OSError as error:
            raise EspeakError(f"espeak-ng's data cannot be read: {error}. {_WAY_ON}") from None
        job = {
            "library": espeakng_loader.get_library_path(),
            "data": directory,
            "voice": f"{accent}+speaker",
            "clips": clips,
        }
        process = subprocess.run(
            # Isolated and without site-packages, to start in 20 ms rather than 100.
            [sys.executable, "-I", "-S", espeak_process.__file__],
            input=json.dumps(job).encode(),
            capture_output=True,
            check=False,
        )
    if process.returncode != 0:
        reason = process.stderr.decode(errors="replace").strip().splitlines()
        raise EspeakError(
            f"espeak-ng failed for voice {speaker} ({accent}): "
            f"{reason[-1] if reason else f'exit status {process.returncode}'}. {_WAY_ON}"
        )
    members = zip(names, _split_clips(process.stdout), strict=True)
    write_shard(
        target / f"v{speaker:03d}.zip",
        [(name, wav_bytes(clip, espeak_process.SAMPLE_RATE)) for name, clip in members],
    )


def _script(speaker: int, settings: Espeak) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Return a speaker's accent, the names of its recordings, and the clips to synthesise."""
    rng = random.Random(f"speaker {speaker}")
    foreign = rng.random() < _FOREIGN_SHARE
    accent = rng.choice(list(_FOREIGN) if foreign else _ENGLISH)
    digits = _FOREIGN[accent].split() if foreign else _ENGLISH_DIGITS
    rate = rng.uniform(100, 210)  # words a minute
    names = [
        f"{digit}_v{speaker:03d}_{take}.wav"
        for take in range(settings.takes)
        for digit in range(10)
    ]
    texts = [
        _pronounce(digit, rng)
        if not foreign and rng.random() < _PRONOUNCED_SHARE
        else digits[digit] + rng.choice(_ENDINGS)
        for _ in range(settings.takes)
        for digit in range(10)
    ]
    others = random.Random(f"other words {speaker}").choices(_OTHER_WORDS, k=settings.other_takes)
    names += [f"other-{word}_v{speaker:03d}_{take}.wav" for take, word in enumerate(others)]
    texts += [word + rng.choice(_ENDINGS) for word in others]
    clips = [
        {
            "text": text,
            "rate": round(min(max(rate * rng.uniform(0.75, 1.25), 80), 240)),
            "volume": round(rng.uniform(25, 60)),  # louder ones clip in some voices
            "pitch": round(min(max(rng.gauss(50, 18), 0), 99)),
            "range": round(rng.uniform(10, 99)),
        }
        for text in texts
    ]
    return accent, names, clips


def _pronounce(digit: int, rng: random.Random) -> str:
    phonemes = [rng.choice(group.split(" ")) for group in _PRONUNCIATIONS[digit]]
    return f"[[{''.join(phonemes).replace('_', '')}]]"


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
    language = accent.split("/")[1].split("-")[0]
    # English too: it says what is in Latin letters for voices of other alphabets.
    dictionaries = {f"{language}_dict", "en_dict"}
    needed = {"phondata", "phonindex", "phontab", "intonations", *dictionaries}
    for name in sorted(needed | {f"lang/{accent}", "lang/gmw/en"}):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    voice = target / "voices" / "!v" / "speaker"
    voice.parent.mkdir(parents=True)
    voice.write_text(variant, encoding="utf-8", newline="\n")


def _split_clips(stream: bytes) -> list[np.ndarray]:
    """Cut espeak_process's output into clips, int16 (n,), without the silence around each."""
    clips = []
    position = 0
    while position < len(stream):
        (count,) = struct.unpack_from("<I", stream, position)
        samples = np.frombuffer(stream, np.int16, count, position + 4)
        position += 4 + 2 * count
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENCE)
        clips.append(samples[loud[0] : loud[-1] + 1] if len(loud) else samples)
    return clips


_SILENCE = 30  # of 32768
