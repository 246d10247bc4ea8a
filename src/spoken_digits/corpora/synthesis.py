"""What the synthetic corpora share: what is said, and a process for each speaker."""

import json
import math
import random
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
from spoken_digits.recording import Recording
from spoken_digits.sound.decode import wav_bytes
from spoken_digits.vocabulary import OTHER, Word, slug

SHORTEST_S = 0.1
"""What a recording lasts at least; validate.min_seconds of params.yaml is that."""
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


def recording_names(
    corpus: str, speaker: str, labels: Sequence[str], takes: int, others: Sequence[str]
) -> list[str]:
    """Return the names of a speaker's recordings: the labels of every take, then other words."""
    said = [(label, take) for take in range(takes) for label in labels]
    said += [(f"{OTHER}-{slug(word)}", take) for take, word in enumerate(others)]
    return [Recording(corpus, label, speaker, take).name for label, take in said]


def one_alternative(word: Word, rng: random.Random) -> str:
    """Return what is said for a word; draw only if it can be said in several ways."""
    return word.said[0] if len(word.said) == 1 else rng.choice(word.said)


def say(program: str, job: dict[str, Any], failure: str) -> list[NDArray[np.int16]]:
    """Run a synthesiser's program on its job; return its clips, (n,).

    A synthesiser carries state from one clip to the next, which a fresh process undoes, so that a
    speaker's clips are the same bytes each time. Raises SynthesisError as ``run`` does.
    """
    return _split_clips(run(program, job, failure))


def recorded(samples: NDArray[np.int16], rate: int) -> bytes:
    """Return a clip, (n,), as a WAV file; one that is very short ("the") is followed by silence."""
    missing = math.ceil(SHORTEST_S * rate) - len(samples)
    return wav_bytes(np.pad(samples, (0, max(missing, 0))), rate)


def run(program: str, job: dict[str, Any], failure: str) -> bytes:
    """Run a synthesiser's program on its job; return what it writes to standard output.

    Raises SynthesisError, which starts with ``failure``, if the program fails.
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
    return process.stdout


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
