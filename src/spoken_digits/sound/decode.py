"""Sound files to samples and back: any WAV, FLAC, OGG or MP3 becomes mono 16-bit samples."""

import io
import struct

import numpy as np
import soundfile
from numpy.typing import NDArray

from spoken_digits.errors import UserError
from spoken_digits.sound.resample import resample

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
"""What is taken for a sound file where folders and archives are searched."""
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000
"""Sample rates that are believed, Hz."""

_FULL_SCALE = 32768
_UNKNOWN_SIZE = 0x7F000000  # what recorders that write to a pipe put for the size is above this
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")  # RIFF, fmt and data: 44 bytes, nothing between


class RecordingError(UserError):
    """A sound file that cannot be decoded, or holds no sound."""


def decode(content: bytes, name: str) -> tuple[NDArray[np.int16], int]:
    """Decode a sound file's bytes: mono samples (n,), n > 0, and their rate in Hz.

    Any format that libsndfile reads, any bit depth; channels are averaged. Mono PCM 16-bit comes
    back unchanged. Raises RecordingError naming ``name`` if it cannot be decoded, is cut short, is
    empty, or holds values that are no numbers.
    """
    try:
        return _read_canonical(content)
    except ValueError:
        pass
    if not content:
        raise RecordingError(f"{name}: an empty file")
    if content[:4] == b"RIFF" and len(content) < _riff_size(content) < _UNKNOWN_SIZE:
        raise RecordingError(f"{name}: cut short, {len(content)} of {_riff_size(content)} bytes")
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            promised, rate = file.frames, file.samplerate
            channels = file.read(dtype="float64", always_2d=True)  # (n, channels)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise RecordingError(f"{name}: not a sound file that can be read ({reason})") from None
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise RecordingError(
            f"{name}: a sample rate of {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz can be right"
        )
    if len(channels) < promised:
        raise RecordingError(f"{name}: cut short, {len(channels)} of {promised} samples")
    if len(channels) == 0:
        raise RecordingError(f"{name}: holds no sound, 0 samples")
    if not np.isfinite(channels).all():
        raise RecordingError(f"{name}: holds samples that are not finite numbers")
    mono = np.rint(channels.mean(axis=1) * _FULL_SCALE)
    return np.clip(mono, -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16), rate


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


def canonical_wav(content: bytes, name: str) -> bytes:
    """Return a sound file's bytes as wav_bytes writes them; such bytes are returned as they are.

    Raises RecordingError as decode does.
    """
    try:
        _read_canonical(content)
    except ValueError:
        return wav_bytes(*decode(content, name))
    return content


def waveform(samples: NDArray[np.int16], rate: int) -> NDArray[np.float64]:
    """Bring samples (n,) at ``rate`` Hz to 16 kHz, -1..1."""
    resampled = resample(samples, rate)
    resampled /= _FULL_SCALE
    return resampled


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


def _riff_size(content: bytes) -> int:
    return int.from_bytes(content[4:8], "little")


def _header(size: int, rate: int) -> bytes:
    fmt = (b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return _HEADER.pack(b"RIFF", size + 36, b"WAVE", *fmt, b"data", size)
