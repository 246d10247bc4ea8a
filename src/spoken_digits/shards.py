"""Shards: ZIP files of recordings or images, the same bytes on every machine.

A shard holds one speaker's recordings (or a group's, where a corpus has many speakers). Its
members are stored uncompressed, in order of their names, with fixed dates and modes, so its
bytes depend on nothing but its members. One file a speaker, since DVC spends milliseconds on
every file it tracks: 30,000 loose ones cost it 20 s a stage.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from spoken_digits.errors import UserError
from spoken_digits.files import file_digest, naming, replacing

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that ZIP can hold
_REGULAR_FILE_0644 = 0o100644 << 16
_UNIX = 3
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, sizes of the name and the extra field


class ShardError(UserError):
    """A shard that is missing, damaged or not a ZIP file."""


def write_shard(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write (name, content) pairs as one shard, whole or not at all.

    Raises ValueError if a name comes twice.
    """
    ordered = sorted(members)
    names = [name for name, _ in ordered]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{path}: the same name twice: {', '.join(twice)}")
    with replacing(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name, content in ordered:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _REGULAR_FILE_0644
            archive.writestr(info, content)


def read_shard(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield a shard's (name, content) pairs in order of their names, each checked by its CRC.

    Raises ShardError if the file is missing or damaged.
    """
    try:
        with naming(path), path.open("rb") as file, zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                yield info.filename, _read_stored(file, info)
    except FileNotFoundError:
        raise _missing(path) from None
    except (zipfile.BadZipFile, struct.error, ValueError) as error:
        raise ShardError(
            f"{path}: damaged ({error}). Delete it and make it again with: dvc repro"
        ) from None


def _missing(path: Path) -> ShardError:
    return ShardError(f"{path}: no such shard. Make it with: dvc repro")


def _read_stored(file: BinaryIO, info: zipfile.ZipInfo) -> bytes:
    # Not archive.read, which takes a third longer for members as small as these.
    if info.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"{info.filename} is compressed")
    file.seek(info.header_offset)
    signature, *sizes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    file.seek(sum(sizes), 1)
    content = file.read(info.file_size)
    if signature != b"PK\3\4" or zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
    return content


def shard_digest(path: Path) -> str:
    """Return the SHA-256 of a shard's bytes. Raises ShardError if the file is missing."""
    try:
        return file_digest(path)
    except FileNotFoundError:
        raise _missing(path) from None


def list_shards(root: Path) -> list[Path]:
    """Return every ``<root>/<corpus>/<shard>.zip``, sorted.

    Raises ShardError if there is none.
    """
    shards = sorted(root.glob("*/*.zip"))
    if not shards:
        raise ShardError(f"{root}: no shards (<corpus>/<shard>.zip) here. Make them: dvc repro")
    return shards


def member_names(path: Path) -> list[str]:
    """Return the names of a shard's members, without reading their content.

    Raises ShardError if the file is missing or damaged.
    """
    try:
        with naming(path), zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile as error:
        raise ShardError(f"{path}: not a readable shard ({error})") from None
