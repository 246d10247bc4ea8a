"""What the header of a sound file says of its length, and how much there really is.

A recorder that is killed, or writes to a pipe, leaves a length of 0 or one that is far too large,
and libsndfile believes it. ``checked`` compares both, and gives libsndfile a view of the file with
the true length in place of the wrong one.

Formats: Microsoft's RIFF/WAVE (and RF64, EBU Tech 3306), Sony's W64, Apple's AIFF and CAF, Sun's
AU, NIST SPHERE, Ogg (RFC 3533), ID3 tags.
"""

import io
import math
import os
from collections.abc import Callable
from typing import Any, BinaryIO, Literal, NamedTuple

Notice = Callable[[str], None]
"""Takes a sentence on a file that is heard all the same; the sentence begins with its name."""

File = BinaryIO | io.RawIOBase
"""A file or a stream in which one can go back."""

ENDLESS = 2**62
"""The size of a stream, in bytes: nobody knows where it ends."""

_SLACK = 8  # bytes: some writers count a header of 8 bytes, or the one that makes a chunk even
_UNKNOWN = 2**31 - 2**24  # a size of 32 bits from here on: the writer did not know it
_UNKNOWN_64 = 2**62
_ID3V1 = 128  # bytes of the tag that ends an MP3
_OGG_HEADER = 27  # bytes of a page's header, before the sizes of its segments
_OGG_LONGEST = 65_307  # bytes of a page
_OGG_LAST = 0x04  # a flag of the last page


class CutShortError(Exception):
    """There is less sound than the header says; the text says how much."""


class _Field(NamedTuple):
    """Where a number is in a file."""

    offset: int
    width: int
    order: Literal["little", "big"]
    unknown: int
    """From here on it stands for a length that was not known."""


class _Layout(NamedTuple):
    """How a file of chunks, each a name, a size and a content, is laid out."""

    first: int
    """Where the first chunk is."""
    name: int
    """Bytes of a chunk's name."""
    size: int
    """Bytes of its size."""
    order: Literal["little", "big"]
    sound: tuple[bytes, ...]
    """What the chunk with the sound is called."""
    unknown: int = _UNKNOWN
    even: int = 1
    """Chunks begin at multiples of so many bytes."""
    counts_itself: bool = False
    """Whether a size includes the chunk's name and size."""

    @property
    def header(self) -> int:
        return self.name + self.size


_RIFF = _Layout(12, 4, 4, "little", (b"data",), even=2)
_W64_NAME = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"  # how the names of chunks end
_LAYOUTS = {
    b"RIFF": _RIFF,
    b"RIFX": _RIFF._replace(order="big"),
    b"RF64": _RIFF,
    b"BW64": _RIFF,
    b"FORM": _RIFF._replace(order="big", sound=(b"SSND", b"BODY")),
    b"caff": _Layout(8, 4, 8, "big", (b"data",), _UNKNOWN_64),
    b"riff": _Layout(
        40, 16, 8, "little", (b"data" + _W64_NAME,), _UNKNOWN_64, even=8, counts_itself=True
    ),
}
_MAGIC = (*_LAYOUTS, b"fLaC", b"OggS", b".snd", b"NIST")


class View(io.RawIOBase):
    """A part of a file, some bytes of it replaced.

    libsndfile reads it from C code, where an exception would be printed and forgotten, so ``error``
    keeps what the system said.
    """

    def __init__(self, file: File, start: int, end: int) -> None:
        self.error: OSError | None = None
        self.length_known = True
        """Whether the header says, rightly or not, how much sound there is."""
        self._file, self._start, self._end = file, start, end
        self._replaced: list[tuple[int, bytes]] = []
        self._at = 0

    def __len__(self) -> int:
        return self._end - self._start

    def replace(self, offset: int, content: bytes) -> None:
        """Show other bytes from ``offset`` on."""
        self._replaced.append((offset, content))

    def end_at(self, offset: int) -> None:
        """End the view there."""
        self._end = min(self._end, self._start + offset)

    def bytes_at(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset`` on; fewer where the file ends."""
        self.seek(offset)
        return self.read(size) or b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position, and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with what comes next, and return how many bytes came."""
        target = memoryview(buffer).cast("B")
        try:
            self._file.seek(self._start + self._at)
            content = self._file.read(max(0, min(len(target), len(self) - self._at))) or b""
        except OSError as error:
            self.error = error
            return 0
        target[: len(content)] = content
        for offset, other in self._replaced:
            first, last = max(offset, self._at), min(offset + len(other), self._at + len(content))
            if first < last:
                target[first - self._at : last - self._at] = other[first - offset : last - offset]
        self._at += len(content)
        return len(content)


def begins_as_sound(head: bytes) -> bool:
    """Tell a sound file with a header from raw samples by its first HEAD bytes."""
    return head.startswith((*_MAGIC, b"ID3")) or _is_mp3(head)


HEAD = 4096
"""Enough for begins_as_sound: an MP3 frame is 1,441 bytes long at the most."""


def may_be_mp3(head: bytes) -> bool:
    """Tell whether the first 4 bytes are those of an MP3 frame."""
    return _mp3_frame(head) > 0


def is_other_than_mp3(head: bytes) -> bool:
    """Tell whether the first 4 bytes are those of a format that is no MP3."""
    return head.startswith(_MAGIC)


def begins_as_wav(head: bytes) -> bool:
    """Tell whether a file is a WAV, which can be decoded as it comes."""
    return head.startswith((b"RIFF", b"RF64", b"RIFX"))


def checked(file: File, name: str, notice: Notice) -> View:
    """Return a file as libsndfile is to read it: its tags left off, its length the true one.

    Calls ``notice`` for each thing that the header has wrong. Raises CutShortError if there is less
    than the header says. A file that is no sound is returned as it is.
    """
    size = file.seek(0, os.SEEK_END)
    whole = View(file, 0, size)
    start = _id3_size(whole)
    if not whole.bytes_at(start, 20).startswith(_MAGIC):
        start = 0  # of an MP3, which is read with its tag
    tagged = start + _ID3V1 < size < ENDLESS and whole.bytes_at(size - _ID3V1, 3) == b"TAG"
    view = View(file, start, size - _ID3V1 if tagged else size)
    magic = view.bytes_at(0, 4)
    if magic == b"OggS":
        _check_pages(view, name, notice)
    elif magic == b".snd":
        start = int.from_bytes(view.bytes_at(4, 4))
        _check_size(view, _Field(8, 4, "big", _UNKNOWN), start, None, name, notice)
    elif magic == b"NIST":
        _check_sphere(view)
    elif magic in _LAYOUTS:
        _check_chunks(view, magic, name, notice)
    view.seek(0)
    return view


def _check_chunks(view: View, magic: bytes, name: str, notice: Notice) -> None:
    layout = _LAYOUTS[magic]
    at, field = layout.first, None
    while len(header := view.bytes_at(at, layout.header)) == layout.header:
        chunk, size = header[: layout.name], int.from_bytes(header[layout.name :], layout.order)
        if chunk == b"ds64":  # RF64 keeps the sizes that need 64 bits in here
            field = _Field(at + layout.header + 8, 8, layout.order, _UNKNOWN_64)
        if chunk in layout.sound:
            own = _Field(at + layout.name, layout.size, layout.order, layout.unknown)
            _check_size(view, field or own, at + layout.header, layout, name, notice)
            return
        at = _next(layout, at, size)


def _check_size(
    view: View, field: _Field, start: int, layout: _Layout | None, name: str, notice: Notice
) -> None:
    """Compare a size with the sound from ``start`` on; mend it, or raise CutShortError."""
    counted = layout.header if layout and layout.counts_itself else 0
    content = view.bytes_at(field.offset, field.width)
    promised = max(int.from_bytes(content, field.order) - counted, 0)
    there = max(len(view) - start, 0)
    if len(view) >= ENDLESS:
        if _SLACK < promised < field.unknown:
            return
        view.length_known = False
    elif promised >= field.unknown:
        pass
    elif promised > there + _SLACK:
        raise CutShortError(f"{there} of {promised} bytes of sound")
    elif promised + _SLACK < there:
        after = start + promised
        if _is_chunks(view, layout, after + (-after % layout.even if layout else 0)):
            return
        if promised > _SLACK:
            notice(
                f"{name}: the {there - promised} bytes after those that its header calls sound are "
                "not heard"
            )
            view.end_at(start + promised)
            return
        notice(
            f"{name}: its header says that there is no sound, as a recorder leaves it that was "
            f"killed; the {there} bytes that follow are heard"
        )
    elif promised <= there:
        return
    most = 2 ** (8 * field.width) - 1
    view.replace(field.offset, min(there + counted, most).to_bytes(field.width, field.order))


def _is_chunks(view: View, layout: _Layout | None, at: int) -> bool:
    """Tell whether what follows the sound is chunks to the end, with names that can be read."""
    while layout and len(view) - at > _SLACK:
        header = view.bytes_at(at, layout.header)
        if len(header) < layout.header or not all(0x20 <= byte < 0x7F for byte in header[:4]):
            return False
        at = _next(layout, at, int.from_bytes(header[layout.name :], layout.order))
    return layout is not None and at <= len(view) + _SLACK


def _next(layout: _Layout, at: int, size: int) -> int:
    after = at + (max(size, layout.header) if layout.counts_itself else layout.header + size)
    return after + -after % layout.even


def _check_sphere(view: View) -> None:
    """Compare what a NIST SPHERE file's header says of uncompressed samples with its length."""
    lines = view.bytes_at(0, 1024).decode("ascii", "replace").splitlines()
    fields = {words[0]: words[2] for line in lines if len(words := line.split()) == 3}
    try:
        start = int(lines[1])
        wanted = ("sample_count", "channel_count", "sample_n_bytes")
        promised = math.prod(int(fields[key]) for key in wanted)
    except (IndexError, KeyError, ValueError):
        return  # libsndfile says what is wrong
    there = max(len(view) - start, 0)
    if fields.get("sample_coding", "pcm") == "pcm" and there < promised:
        raise CutShortError(f"{there} of {promised} bytes of sound")


def _check_pages(view: View, name: str, notice: Notice) -> None:
    """Look at an Ogg file's last page: is all of it there, and does it say that it is the last?"""
    if len(view) >= ENDLESS:
        return
    tail = view.bytes_at(max(0, len(view) - 2 * _OGG_LONGEST), 2 * _OGG_LONGEST)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    segments = page[_OGG_HEADER:][: page[26]] if len(page) >= _OGG_HEADER else b""
    size = _OGG_HEADER + len(segments) + sum(segments)
    if len(page) < size or len(segments) < page[26]:
        raise CutShortError("its last page is not whole")
    if not page[5] & _OGG_LAST:
        notice(f"{name}: its end is missing, as when a recorder was killed; what is there is heard")


def _id3_size(view: View) -> int:
    """Return the length of the ID3v2 tag that a file begins with: 10 bytes and its content."""
    header = view.bytes_at(0, 10)
    if not header.startswith(b"ID3") or len(header) < 10:
        return 0
    size = 0
    for byte in header[6:]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _is_mp3(head: bytes) -> bool:
    """Tell whether bytes begin with the header of an MPEG layer III frame, and another after it.

    Two, since one may be chance in raw samples.
    """
    size = _mp3_frame(head)
    return bool(size) and head[size + 1 : size + 2] == head[1:2] and bool(_mp3_frame(head[size:]))


def _mp3_frame(head: bytes) -> int:
    """Return the size of the MPEG layer III frame whose header this is, in bytes; 0 for none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate == 3 or bitrate in (0, 15):
        return 0
    kbits = _KBITS_1 if version == 3 else _KBITS_2
    hertz = (44_100, 48_000, 32_000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 144 if version == 3 else 72  # of a frame, an eighth
    return samples * 1000 * kbits[bitrate - 1] // hertz + (head[2] >> 1 & 1)


_KBITS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1
_KBITS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5
