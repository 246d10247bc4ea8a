"""What the synthetic corpora share: the words that are said, and a process for each speaker."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.errors import UserError
from spoken_digits.recording import DIGITS, OTHER, Recording

DIGIT_WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "siero wann tu sri fohr feif six sewen eht nein",
    "fr": "zirau ouane tou sri fôr faïve sixe sévène eïte naïne",
    "es": "sirou uan tuu tri for faif siks seven eit nain",
    "it": "ziro uan tuu tri for faiv sics seven eit nain",
    "el": "ζίροου ουάν τουου θρι φορ φάιβ σιξ σέβεν έιτ νάιν",
    "nl": "ziero wan toe srie foor faif siks sevven eet nain",
    "pl": "ziroł łan tu fri for fajw siks sewen ejt najn",
    "pt": "zirou uã tu tri fór faive sikes séven eite naine",
    "hi": "ज़ीरो वन टू थ्री फोर फाइव सिक्स सेवन एट नाइन",
    "tr": "ziro van tuu tri for fayv siks sevın eyt nayn",
    "ru": "зироу уан тууу сри фор файв сикс севен эйт найн",
    "sv": "siro oann to tri får fajv siks seven ejt najn",
    "fi": "siirou van tuu trii foor faiv siks seven eit nain",
    "id": "ziro wan tuu tri for faif siks seven eit nain",
}
"""The English digits, by language, spelt so that the language's own voice says them."""
OTHER_WORDS = (
    "yes no up down left right on off stop go cat dog bird bed house tree happy wow marvin sheila "
    "hello music light open close start play pause next back volume water table window morning "
    "evening people really about because kitchen orange yellow number please sorry thanks okay "
    "maybe never always under over garden summer winter paper river mother father sister brother "
    "alpha bravo delta echo hotel india kilo lima oscar papa quebec romeo tango victor whiskey "
    "the and with from this that there where when what who which while after before again "
    "forward follow learn visual backward tomato market doctor travel simple circle purple "
    "ten eleven twelve twenty hundred wonder heaven fighter sick mine tea fear zebra sixty"
).split()
WAY_ON = "Use recordings instead, e.g. corpora: [fsdd]"


class SynthesisError(UserError):
    """A synthesiser that cannot be run."""


def for_each_speaker(corpus: str, speakers: int, write: Callable[[int], None]) -> None:
    """Call ``write`` with every speaker's number, as many at once as there are cores."""
    with (
        ThreadPoolExecutor(joblib.cpu_count()) as pool,  # threads that wait for processes
        tqdm(total=speakers, desc=corpus, unit="voice", disable=None) as bar,
    ):
        for _ in pool.map(write, range(speakers)):
            bar.update()


def recording_names(corpus: str, speaker: str, takes: int, others: Sequence[str]) -> list[str]:
    """Return the names of a speaker's recordings: the digits of every take, then other words."""
    said = [(digit, take) for take in range(takes) for digit in DIGITS]
    said += [(f"{OTHER}-{word}", take) for take, word in enumerate(others)]
    return [Recording(corpus, label, speaker, take).name for label, take in said]


def say(program: str, job: dict[str, Any], failure: str) -> list[NDArray[np.int16]]:
    """Run a synthesiser's program on its job; return its clips, (n,).

    A synthesiser carries state from one clip to the next, which a fresh process undoes, so that a
    speaker's clips are the same bytes each time. Raises SynthesisError, which starts with
    ``failure``, if the program fails.
    """
    process = subprocess.run(
        # Isolated and without site-packages, to start in 20 ms rather than 100.
        [sys.executable, "-I", "-S", program],
        input=json.dumps(job).encode(),
        capture_output=True,
        check=False,
    )
    if process.returncode != 0:
        reason = process.stderr.decode(errors="replace").strip().splitlines()
        raise SynthesisError(
            f"{failure}: {reason[-1] if reason else f'exit status {process.returncode}'}. {WAY_ON}"
        )
    return _split_clips(process.stdout)


def _split_clips(stream: bytes) -> list[NDArray[np.int16]]:
    """Cut a program's output into clips: each is its length, 32 bits, and its 16-bit samples."""
    clips = []
    position = 0
    while position < len(stream):
        (count,) = struct.unpack_from("<I", stream, position)
        samples = np.frombuffer(stream, np.int16, count, position + 4)
        position += 4 + 2 * count
        clips.append(samples)
    return clips
