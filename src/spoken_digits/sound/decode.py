"""Sound files to samples and back: the one reader of files, for stages and programs alike.

Any file that libsndfile reads is decoded, block by block, and what its header promises is checked
and not believed: how long a recording is, is what was decoded. Mono 16-bit samples come out.
"""

import io
import math
import os
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.files import shown
from spoken_digits.sound.containers import (
    ENDLESS,
    CutShortError,
    File,
    Notice,
    checked,
    is_other_than_mp3,
)
from spoken_digits.sound.mixing import Mixer
from spoken_digits.sound.resample import resample

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Sample rates that are believed, Hz."""
LONGEST_S = 600.0
"""A recording of one word is not longer, s: what decode takes, and so the memory that it needs."""
MAX_PIPE_BYTES = 2**30
"""What is read from a pipe, which must go into memory."""

_FULL_SCALE = 32768
_BLOCK = 65_536  # samples that are decoded at a time
_MOST = 2**48  # more samples than any file has: libsndfile's way to say that it does not know
_REASONS = {
    7: "it ends before its sound",
    24: "an impossible rate or number of channels",
    149: "Format not recognised",  # of a file that macOS left in the current folder, ._
}
"""What some of libsndfile's error codes mean here, where its own words mislead."""
_STANDARD_ERROR = threading.Lock()
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")  # RIFF, fmt and data: 44 bytes, nothing between


class RecordingError(UserError):
    """A sound file that cannot be decoded, or holds no sound."""


class TooLongError(RecordingError):
    """A sound file that lasts too long to be one word."""


def print_notice(text: str) -> None:
    """Print what a user should know of a file that is heard all the same."""
    print(f"notice: {text}", file=sys.stderr, flush=True)


@contextmanager
def open_sound(path: Path) -> Iterator[BinaryIO]:
    """Open a file in which one can go back: what is no regular file, such as a pipe, is read first.

    Raises RecordingError that names the file if it cannot be opened or read, here or in the block.
    """
    name = shown(path)
    try:
        with path.open("rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                yield file
                return
            content = file.read(MAX_PIPE_BYTES + 1)
    except OSError as error:
        raise RecordingError(f"{name}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:  # a name that no file can have
        raise RecordingError(f"{name}: cannot be read ({error})") from None
    if len(content) > MAX_PIPE_BYTES:
        raise RecordingError(f"{name}: more than {MAX_PIPE_BYTES} bytes. Save it as a file first")
    yield io.BytesIO(content)


class Reader:
    """A sound file's samples, decoded block by block in memory that does not grow."""

    def __init__(
        self,
        file: File,
        name: str,
        notice: Notice = print_notice,
        longest_s: float = math.inf,
    ) -> None:
        """Open a file in which one can go back, and which is called ``name`` in messages.

        Raises RecordingError if it is empty, no sound file, cut short, or has an odd rate.
        """
        self.name = name
        self._longest_s = longest_s
        try:
            self._view = checked(file, name, notice)
        except CutShortError as error:
            raise self._error(f"cut short, {error}") from None
        if len(self._view) == 0:
            raise self._error("an empty file")
        self._loud = not is_other_than_mp3(self._view.bytes_at(0, 4))
        with self._decoder() as decoder:
            self.rate: int = decoder.samplerate
            self.channels: int = decoder.channels
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise self._error(
                f"a sample rate of {self.rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz can be right"
            )

    def mono(self, size: int = _BLOCK) -> Iterator[NDArray[np.float64]]:
        """Yield all samples, (n,) with n <= ``size``, -1..1, the channels mixed.

        Raises RecordingError if there are none or fewer than promised, or if one is no number;
        TooLongError if they last more than ``longest_s``.
        """
        mixer = Mixer(self.channels)
        stream = len(self._view) >= ENDLESS
        if self.channels > 1 and not stream:
            for block in self._blocks(max(1, _BLOCK // self.channels)):
                mixer.listen(block)
        for block in self._blocks(size):
            if stream:
                mixer.listen(block)
            yield mixer.mix(block)

    def samples(self) -> NDArray[np.int16]:
        """Return all samples, (n,), n > 0, as 16 bits. Raises RecordingError as ``mono`` does."""
        return np.concatenate([_as_16_bits(block) for block in self.mono()])

    def _blocks(self, size: int) -> Iterator[NDArray[np.float64]]:
        """Yield all samples, (n, channels)."""
        count = 0
        with self._decoder() as decoder:
            known = self._view.length_known and decoder.frames < _MOST
            promised = decoder.frames if known else 0
            # Not more than promised: what comes after the sound need not be decodable.
            while wanted := min(size, promised - count) if promised else size:
                try:
                    with _quiet(self._loud):
                        block = decoder.read(wanted, dtype="float64", always_2d=True)
                except (soundfile.LibsndfileError, RuntimeError):
                    raise self._error(
                        "cut short or damaged, it cannot be decoded to its end"
                    ) from None
                if self._view.error is not None:
                    raise self._view.error
                if len(block) == 0:
                    break
                if not np.isfinite(block).all():
                    raise self._error("holds samples that are not finite numbers")
                count += len(block)
                if count > self._longest_s * self.rate:
                    raise _too_long(self.name, self._longest_s)
                yield block
        if count < promised:
            raise self._error(f"cut short, {count} of {promised} samples")
        if count == 0:
            raise self._error("holds no sound, 0 samples")

    @contextmanager
    def _decoder(self) -> Iterator["_Decoder"]:
        self._view.seek(0)
        try:
            with _quiet(self._loud):
                decoder = _Decoder(self._view)
        except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
            if self._view.error is not None:
                raise self._view.error from None
            theirs = getattr(error, "error_string", str(error)).rstrip(".")
            reason = _REASONS.get(getattr(error, "code", 0), theirs)
            raise self._error(f"not a sound file that can be read ({reason})") from None
        try:
            yield decoder
        finally:
            with _quiet(self._loud):
                decoder.close()

    def _error(self, what: str) -> RecordingError:
        return RecordingError(f"{self.name}: {what}")


class _Decoder(soundfile.SoundFile):  # type: ignore[misc]
    """libsndfile, read from front to back: it cannot go to every place that soundfile asks for."""

    def seekable(self) -> bool:
        return False


def mix(channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a waveform of several channels, (n, channels), as one, (n,)."""
    mixer = Mixer(channels.shape[1])
    mixer.listen(channels)
    return mixer.mix(channels)


def decode(
    content: bytes, name: str, notice: Notice = print_notice
) -> tuple[NDArray[np.int16], int]:
    """Decode a sound file's bytes: mono samples (n,), n > 0, and their rate in Hz.

    Any format that libsndfile reads, any bit depth; channels are mixed. Mono PCM 16-bit comes back
    unchanged. Calls ``notice`` if the header says something wrong and the sound is heard all the
    same. Raises RecordingError naming ``name`` if it cannot be decoded, is cut short, is empty,
    holds values that are no numbers, or lasts longer than LONGEST_S.
    """
    try:
        samples, rate = _read_canonical(content)
    except ValueError:
        reader = Reader(io.BytesIO(content), name, notice, LONGEST_S)
        return reader.samples(), reader.rate
    if len(samples) > LONGEST_S * rate:
        raise _too_long(name, LONGEST_S)
    return samples, rate


def read_wav(content: bytes) -> tuple[NDArray[np.int16], int]:
    """Return the samples (n,) and rate in Hz of a WAV file as wav_bytes writes it.

    The samples are a read-only view of ``content``. Raises RecordingError for any other file.
    """
    try:
        return _read_canonical(content)
    except ValueError as error:
        raise RecordingError(f"not a mono PCM 16-bit WAV of this project: {error}") from None


def wav_bytes(samples: NDArray[np.int16], rate: int) -> bytes:
    """Write mono samples (n,) as a WAV file's bytes: PCM 16-bit after a header of 44 bytes."""
    data = samples.astype("<i2", copy=False).tobytes()
    return _header(len(data), rate) + data


def canonical_wav(content: bytes, name: str, notice: Notice = print_notice) -> bytes:
    """Return a sound file's bytes as wav_bytes writes them.

    Calls ``notice`` and raises RecordingError as decode does.
    """
    return wav_bytes(*decode(content, name, notice))


def waveform(samples: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    """Bring samples (n,) at ``rate`` Hz to 16 kHz, -1..1."""
    resampled = resample(samples, rate)
    resampled /= _FULL_SCALE
    return resampled


@contextmanager
def _quiet(loud: bool) -> Iterator[None]:
    """Keep what libmpg123 writes on standard error off the screen: nothing else keeps it quiet.

    It complains of many MP3 files that are as they should be.
    """
    if not loud:
        yield
        return
    with _STANDARD_ERROR, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        try:
            kept = os.dup(2)
        except OSError:  # it is closed
            yield
            return
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _as_16_bits(block: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(block * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def _too_long(name: str, longest_s: float) -> TooLongError:
    return TooLongError(f"{name}: more than {longest_s:g} s long, so not one word")


def _read_canonical(content: bytes) -> tuple[NDArray[np.int16], int]:
    if len(content) < _HEADER.size:
        raise ValueError(f"{len(content)} bytes")
    rate: int = _HEADER.unpack_from(content)[7]
    size = len(content) - _HEADER.size
    if size == 0:
        raise ValueError("0 samples")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"{rate} Hz")
    if size % 2 or content[: _HEADER.size] != _header(size, rate):
        raise ValueError("another header")
    return np.frombuffer(content, "<i2", offset=_HEADER.size).astype(np.int16, copy=False), rate


def _header(size: int, rate: int) -> bytes:
    fmt = (b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return _HEADER.pack(b"RIFF", size + 36, b"WAVE", *fmt, b"data", size)
