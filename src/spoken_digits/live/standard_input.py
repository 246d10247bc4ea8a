"""Standard input as a stream: a sound file, known by its first bytes, or raw samples."""

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from spoken_digits.live.long_files import blocks_of, quiet
from spoken_digits.live.loop import notice_of_zeros
from spoken_digits.live.microphone import Block, DeviceError
from spoken_digits.sound.containers import (
    ENDLESS,
    HEAD,
    Notice,
    begins_as_sound,
    begins_as_wav,
    may_be_mp3,
)
from spoken_digits.sound.decode import MAX_PIPE_BYTES, Reader, RecordingError

NAME = "standard input"
_KEPT = 2**16  # bytes: a WAV's header, with what may be in it before the sound


def blocks(file: BinaryIO, notice: Notice) -> Iterator[Block | DeviceError]:
    """Yield what is heard on a pipe, at 16 kHz, as it comes.

    A WAV is decoded as it comes, any other sound file when it has ended. What begins like none is
    raw PCM, 16 kHz mono signed 16-bit little-endian. Raises RecordingError as Reader does.
    """
    head = file.read(4)
    if may_be_mp3(head):
        head += file.read(HEAD - len(head))
    if not begins_as_sound(head):
        yield from notice_of_zeros(_raw(head, file), notice)
        return
    if begins_as_wav(head):
        reader = Reader(_Pipe(head, file), NAME, notice)
    else:
        content = head + file.read(MAX_PIPE_BYTES + 1)
        if len(content) > MAX_PIPE_BYTES:
            raise RecordingError(f"{NAME}: more than {MAX_PIPE_BYTES} bytes. Save it as a file")
        reader = Reader(io.BytesIO(content), NAME, notice)
    yield from notice_of_zeros(_decoded(reader), notice)


def _decoded(reader: Reader) -> Iterator[Block]:
    """Yield what a reader decodes, and quiet; then raise what is wrong, if anything is."""
    wrong = None
    try:
        for samples in blocks_of(reader):
            yield Block(samples, None)
    except RecordingError as error:
        wrong = error
    for samples in quiet():
        yield Block(samples, None)
    if wrong is not None:
        raise wrong


def _raw(head: bytes, file: BinaryIO) -> Iterator[Block]:
    rest = b""
    content = head
    while content:
        content = rest + content
        whole = len(content) // 2 * 2
        rest = content[whole:]
        samples = np.frombuffer(content[:whole], "<i2").astype(np.float32) / np.float32(32768)
        yield Block(samples, None)
        content = file.read1(3200)  # type: ignore[attr-defined]


class _Pipe(io.RawIOBase):
    """A pipe in which one can go back to its first _KEPT bytes, and seems to have no end.

    What lies further ahead than that is not there yet.
    """

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._kept = bytearray(head)
        self._file = file
        self._come = len(head)
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: ENDLESS}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._at + size
        content = bytes(self._kept[self._at : end])
        if self._come < end and (self._at <= self._come or end <= _KEPT):
            more = self._file.read(end - self._come)
            if self._come < _KEPT:
                self._kept += more
                content = bytes(self._kept[self._at : end])
            else:
                content += more
            self._come += len(more)
        self._at += len(content)
        return content
