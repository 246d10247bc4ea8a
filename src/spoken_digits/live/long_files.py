"""Files of any length as a stream: all the words said in them."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from spoken_digits.errors import UserError
from spoken_digits.live.listener import Listener, Word
from spoken_digits.live.loop import NUMBER_PAUSE_S, joined
from spoken_digits.live.stream_resampler import Resampler
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import HIGHEST_RATE, LOWEST_RATE

_BLOCK_S = 0.1


class LongFileError(UserError):
    """A sound file that cannot be heard to its end."""


def read_blocks(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a sound file's samples at 16 kHz, mono, a tenth of a second at a time.

    Raises LongFileError if it cannot be decoded, is empty, or holds values that are no numbers.
    """
    try:
        if path.stat().st_size == 0:
            raise LongFileError(f"{path}: an empty file")
        with soundfile.SoundFile(path) as file:
            if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
                raise LongFileError(f"{path}: a sample rate of {file.samplerate} Hz")
            if file.frames == 0:
                raise LongFileError(f"{path}: holds no sound, 0 samples")
            resampler = Resampler(file.samplerate)
            size = max(1, round(file.samplerate * _BLOCK_S))
            hidden = file.frames < 20 * file.samplerate or not sys.stderr.isatty()
            with tqdm(total=file.frames, unit="samples", unit_scale=True, disable=hidden) as bar:
                for block in file.blocks(size, dtype="float32", always_2d=True):
                    if not np.isfinite(block).all():
                        raise LongFileError(f"{path}: holds samples that are not finite numbers")
                    yield resampler.feed(block.mean(axis=1))
                    bar.update(len(block))
    except OSError as error:
        raise LongFileError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise LongFileError(f"{path}: not a sound file that can be read ({reason})") from None


def words_in(listener: Listener, blocks: Iterator[NDArray[np.float32]]) -> Iterator[Word]:
    """Yield everything said in a stream, words of the vocabulary and other things."""
    for samples in blocks:
        for utterance in listener.feed(samples):
            yield from listener.words(utterance, None)
    # A second of quiet, so that the end of the file is no end of a word.
    for samples in itertools.repeat(np.zeros(SAMPLE_RATE // 10, np.float32), 10):
        for utterance in listener.feed(samples):
            yield from listener.words(utterance, None)
    for utterance in listener.finish():
        yield from listener.words(utterance, None)


def numbers(words: Iterable[Word]) -> str:
    """Put words together (``joined``); a pause of more than 1.5 s is a blank."""
    groups: list[list[str]] = []
    last = 0.0
    for word in words:
        if word.verdict.label is not None:
            if not groups or word.start - last > NUMBER_PAUSE_S:
                groups.append([])
            groups[-1].append(word.verdict.label)
            last = word.end
    return " ".join(map(joined, groups))
