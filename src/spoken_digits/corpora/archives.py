"""Read files out of ZIP and tar archives that strangers made, without unpacking them to disk."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, cast

from tqdm import tqdm

from spoken_digits.errors import UserError

MAX_MEMBERS = 250_000
MAX_MEMBER_BYTES = 64 * 2**20
MAX_BYTES = 16 * 2**30
"""Bounds on an archive; Speech Commands, the largest known, is below half of each."""

_UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)


class ArchiveError(UserError):
    """An archive that is damaged, unsafe, or holds something else than it should."""


def read_archive(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the wanted files in a ZIP or tar (plain, gz, bz2, xz) archive.

    Shows a progress bar. Raises ArchiveError if the archive is damaged or neither, if a name
    leads out of it, if a wanted member is a link, a device or encrypted, or if there are more
    members or bytes than MAX_MEMBERS, MAX_MEMBER_BYTES and MAX_BYTES allow.
    """
    if zipfile.is_zipfile(path):
        with open_zip(path) as archive:
            names = [name for name in safe_names(path, archive) if wanted(name)]
            for name in tqdm(names, desc=path.name, unit=" files", disable=None):
                yield name, read_member(path, archive, name)
    else:
        yield from _read_tar(path, wanted)


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a ZIP archive. Raises ArchiveError if it is none."""
    try:
        return zipfile.ZipFile(path)
    except _UNREADABLE as error:
        raise _damaged(path, error) from None


def safe_names(path: Path, archive: zipfile.ZipFile) -> list[str]:
    """Return the names of a ZIP's files, in its order. Raises ArchiveError as read_archive does."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    _check_bounds(path, len(files), sum(info.file_size for info in files))
    for info in files:
        _check_name(path, info.filename)
    return [info.filename for info in files]


def read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """Read one file of a ZIP; several threads may. Raises ArchiveError as read_archive does."""
    info = archive.getinfo(name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _not_a_file(path, name)
    if info.flag_bits & 1:
        raise ArchiveError(f"{path}: {name} is encrypted. Make the archive without a password")
    try:
        with archive.open(info) as member:
            # The size in the header may be a lie: count what really comes out.
            content = member.read(MAX_MEMBER_BYTES + 1)
    except (*_UNREADABLE, NotImplementedError) as error:
        raise _damaged(path, error) from None
    _check_member(path, name, len(content))
    return content


def _read_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    try:
        with (
            path.open("rb") as raw,
            tqdm.wrapattr(
                raw, "read", total=path.stat().st_size, desc=path.name, disable=None
            ) as counted,
            _Bounded(path, _decompressed(cast(IO[bytes], counted))) as stream,
            tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:") as archive,
        ):
            size = 0
            for count, info in enumerate(archive, 1):
                size += info.size
                _check_bounds(path, count, size)
                _check_name(path, info.name)
                if info.isdir() or not wanted(info.name):
                    continue
                if not info.isreg() or info.sparse is not None:
                    raise _not_a_file(path, info.name)
                _check_member(path, info.name, info.size)
                member = archive.extractfile(info)
                assert member is not None  # it is a regular file
                content = member.read()
                if len(content) < info.size:
                    raise EOFError(f"{info.name} ends early")
                yield info.name, content
            if stream.last != bytes(tarfile.BLOCKSIZE):  # what ends every tar
                raise EOFError("it ends early")
    except _UNREADABLE as error:
        raise _damaged(path, error) from None


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if magic.startswith(b"BZh"):
        return bz2.open(raw)
    if magic.startswith(b"\xfd7zXZ\0"):
        return lzma.open(raw)
    return raw


class _Bounded(io.RawIOBase):
    """A stream that refuses to be read in huge pieces, as a header that lies about itself is."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path, self._stream = path, stream
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if size > MAX_MEMBER_BYTES:
            raise ArchiveError(f"{self._path}: a header of {size} bytes; this is no honest archive")
        self.last = self._stream.read(size)
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _check_name(path: Path, name: str) -> None:
    windows = PureWindowsPath(name)
    if name.startswith("/") or windows.drive or windows.root or ".." in windows.parts:
        raise ArchiveError(f"{path}: the member {name!r} leads out of the archive; refused")


def _check_bounds(path: Path, count: int, size: int) -> None:
    if count > MAX_MEMBERS:
        raise ArchiveError(f"{path}: more than {MAX_MEMBERS} members; refused")
    if size > MAX_BYTES:
        raise ArchiveError(f"{path}: unpacks to more than {MAX_BYTES} bytes; refused")


def _check_member(path: Path, name: str, size: int) -> None:
    if size > MAX_MEMBER_BYTES:
        raise ArchiveError(
            f"{path}: {name} unpacks to more than {MAX_MEMBER_BYTES} bytes; no recording of a word "
            "is that long; refused"
        )


def _not_a_file(path: Path, name: str) -> ArchiveError:
    return ArchiveError(f"{path}: {name} is a link or a device, not a file; refused")


def _damaged(path: Path, error: Exception) -> Exception:
    """Return what is to be raised: an ArchiveError, or the system's error as it is."""
    if isinstance(error, OSError) and error.errno is not None:  # gzip and bz2 give no number
        return error
    return ArchiveError(f"{path}: not a ZIP or tar archive, or damaged ({error})")


def base_name(name: str) -> str:
    """Return the last part of a member's name."""
    return PurePosixPath(name).name
