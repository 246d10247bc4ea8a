"""Shards of recordings become shards of pictures."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits import kept
from spoken_digits.params import Spectrogram
from spoken_digits.picture import mel
from spoken_digits.recording import Recording, parse_name
from spoken_digits.shards import member_names, read_shard, shard_digest, write_shard
from spoken_digits.sizes import SECOND
from spoken_digits.sound import decode
from spoken_digits.sound.one_second import one_second

_AT_ONCE = 64  # recordings; their waveforms take 8 MB


class Conversion(NamedTuple):
    """One task: the shard of recordings to read, the shard of pictures to write, the settings."""

    recordings: Path
    pictures: Path
    settings: Spectrogram
    code: str | None = None
    """A digest of the code that takes pictures, by which they are kept; None: they are not."""

    @property
    def key(self) -> str:
        """What the pictures are kept under. Raises ShardError if the recordings are missing."""
        assert self.code is not None
        settings = self.settings.model_dump_json()
        return kept.key_of(self.code, settings, shard_digest(self.recordings))


def known_pictures(task: Conversion) -> list[Recording] | None:
    """Fetch the pictures that were taken before; return of which recordings, None if of none."""
    if task.code is None or not kept.fetch("pictures", task.key, task.pictures):
        return None
    corpus = task.recordings.parent.name
    return [parse_name(corpus, name) for name in member_names(task.recordings)]


def convert_shard(task: Conversion) -> list[Recording]:
    """Take the picture of every recording in a shard, ``<corpus>/<shard>.zip``; return which.

    A picture depends on its own recording and the settings only: not on its neighbours, the
    number of workers or the machine. Raises RecordingError that names the recording that is no
    WAV of this project, ShardError for a shard that is missing or damaged.
    """
    members = list(_take(task.recordings, task.settings))
    write_shard(task.pictures, [(recording.png, content) for recording, content in members])
    if task.code is not None:
        kept.keep("pictures", task.key, task.pictures)
    return [recording for recording, _ in members]


def _take(shard: Path, settings: Spectrogram) -> Iterator[tuple[Recording, bytes]]:
    waiting: list[Recording] = []
    seconds = np.empty((_AT_ONCE, SECOND))

    def pictures() -> Iterator[tuple[Recording, bytes]]:
        images = mel.images(seconds[: len(waiting)], settings)
        yield from zip(waiting, map(png, images), strict=True)
        waiting.clear()

    for name, content in read_shard(shard):
        try:
            waveform = decode.waveform(*decode.read_wav(content))
        except decode.RecordingError as error:
            raise decode.RecordingError(f"{shard}: {name}: {error}") from None
        one_second(waveform, out=seconds[len(waiting)])
        waiting.append(parse_name(shard.parent.name, name))
        if len(waiting) == _AT_ONCE:
            yield from pictures()
    yield from pictures()


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a grey picture, (rows, columns), as PNG, uncompressed.

    Written here rather than by Pillow (W3C PNG, 3rd edition; RFC 1950 and 1951): it takes a fifth
    of the time, and the bytes are the same whatever versions of Pillow and zlib are there.
    """
    rows, columns = picture.shape
    filtered = np.zeros((rows, columns + 1), np.uint8)  # a row starts with its filter: 0, none
    filtered[:, 1:] = picture
    data = filtered.tobytes()
    blocks = [data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK)]
    stored = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block
        for block in blocks
    )
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)  # 8 bits, grey
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(data))),
            _chunk(b"IEND", b""),
        )
    )


_BLOCK = 0xFFFF  # most bytes in a stored block


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
