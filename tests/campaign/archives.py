"""Archives that are damaged, or made to do harm, given to the stage download."""

import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from campaign import places, programs
from campaign.rule import REFUSED, Outcome, Try, judge
from machine import tree
from projects import set_params
from support import recordings

BOTH = (0, *REFUSED)
Members = Iterable[tuple[zipfile.ZipInfo | str, bytes]]

CUTS, FLIPS = 20, 34
"""Of each kind of archive."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield cuts, flipped bits, and members that no recording is."""
    good = recordings("anna")
    some = dict(list(good.items())[:3])
    wholes = {
        "zip": a_zip(good.items()),
        "zip of deflated files": a_zip(good.items(), zipfile.ZIP_DEFLATED),
        "tar": a_tar(good),
        "tar.gz": a_tar(good, "gz"),
        "tar.xz": a_tar(some, "xz"),
        "tar.bz2": a_tar(some, "bz2"),
    }
    for kind, whole in wholes.items():
        end = len(whole.rstrip(b"\0"))  # a tar ends with blocks of nothing
        for size in sorted(chance.sample(range(end), CUTS)):
            yield Try(
                "an archive cut short",
                f"{kind} after {size} of {len(whole)} bytes",
                partial(download, top, partial(cut, whole, size), REFUSED),
            )
    for kind, whole in wholes.items():
        for _ in range(FLIPS):
            place, bit = chance.randrange(len(whole)), chance.randrange(8)
            yield Try(
                "a bit flipped in an archive",
                f"{kind}, bit {bit} of byte {place}",
                partial(download, top, partial(flipped, whole, place, bit), BOTH),
            )
    for case, content in hostile(good):
        yield Try("a hostile archive", case, partial(download, top, content, REFUSED))
    for case, content in odd(good):
        yield Try("an odd archive", case, partial(download, top, content, BOTH))


def download(
    top: Path, archive: Callable[[], bytes], codes: tuple[int, ...], folder: Path
) -> Outcome:
    """Let the stage download read an archive, in a project that has recordings already."""
    project = places.copy(places.with_data(top), folder)
    set_params(project, {"download.folder.path": "archive"})
    (project / "archive").write_bytes(archive())
    before, around = tree(project), tree(folder)
    done = programs.run("download.py", project=project)
    outcome = judge(done, project, before, codes=codes, names=r"(?i)archive|\.wav|vocabulary")
    if escaped := [name for name in tree(folder) if name not in around and "project/" not in name]:
        outcome.wrong.append(f"written outside: {escaped}")
    return outcome


def hostile(good: Mapping[str, bytes]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield archives that must be refused: what they are, and a function that makes them."""
    name, content = next(iter(good.items()))
    for outside in (f"../{name}", f"/{name}", f"a/../../{name}", f"C:\\{name}", f"..\\{name}"):
        yield f"zip with {outside}", partial(a_zip, [(outside, content)])
        yield f"tar with {outside}", partial(a_tar, {outside: content})
    for what, kind in (
        ("link", stat.S_IFLNK),
        ("device", stat.S_IFCHR),
        ("pipe", stat.S_IFIFO),
    ):
        info = zipfile.ZipInfo(name)
        info.external_attr = (kind | 0o644) << 16
        yield f"zip with a {what}", partial(a_zip, [(info, b"/etc/passwd")])
    for what, type_ in (
        ("symbolic link", tarfile.SYMTYPE),
        ("hard link", tarfile.LNKTYPE),
        ("device", tarfile.CHRTYPE),
        ("block device", tarfile.BLKTYPE),
        ("pipe", tarfile.FIFOTYPE),
    ):
        yield f"tar with a {what}", partial(a_tar, {name: b""}, type=type_, linkname="/etc/passwd")
    yield "zip with 300,000 members", lambda: a_zip((f"{n}.wav", b"") for n in range(300_000))
    yield "zip bomb", lambda: a_zip([(name, bytes(2**28))], zipfile.ZIP_DEFLATED)
    yield "tar.gz bomb", lambda: a_tar({name: bytes(2**28)}, "gz")
    yield "encrypted zip", lambda: encrypted(a_zip([(name, content)]))
    yield "zip with a lie about its size", lambda: lying(a_zip([(name, content)]))
    yield "not an archive", lambda: b"<!DOCTYPE html><title>404</title>" * 100
    yield "0 bytes", lambda: b""
    yield "one byte", lambda: b"P"
    yield "an archive in an archive", lambda: a_zip([("all.zip", a_zip(good.items()))])


def odd(good: Mapping[str, bytes]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield archives that may be read or refused, as long as it is said which."""
    name, content = next(iter(good.items()))
    yield "zip with a name twice", lambda: a_zip([*good.items(), (name, content)])
    yield "zip with a name in two cases", lambda: a_zip([*good.items(), (name.upper(), content)])
    for text in ("0_é_0.wav", "0_\u202egnp_0.wav", "0_a b_0.wav", "0_a\n_0.wav", "0_" + "a" * 250):
        yield f"zip with {text!r}", partial(a_zip, [*good.items(), (text, content)])
        yield f"tar with {text!r}", partial(a_tar, {**good, text: content})
    yield (
        "zip with a name in cp437",
        lambda: a_zip([*good.items(), ("0_bxn_0.wav", content)]).replace(b"0_bxn", b"0_b\xe9n"),
    )
    yield (
        "tar with a name in Latin-1",
        lambda: a_tar(
            {**good, "0_bén_0.wav": content}, encoding="latin-1", layout=tarfile.GNU_FORMAT
        ),
    )
    yield "zip after other bytes", lambda: b"#!/bin/sh\n" + a_zip(good.items())
    yield "zip with a comment", lambda: a_zip(good.items(), comment=b"x" * 60_000)
    yield (
        "zip with folders and notes",
        lambda: a_zip(
            [*((f"a/b/{one}", wav) for one, wav in good.items()), ("a/", b""), ("README", b"hello")]
        ),
    )


def cut(whole: bytes, size: int) -> bytes:
    """Return the beginning of a file."""
    return whole[:size]


def flipped(whole: bytes, place: int, bit: int) -> bytes:
    """Change a bit of a byte."""
    content = bytearray(whole)
    content[place] ^= 1 << bit
    return bytes(content)


def a_zip(members: Members, how: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """Make a ZIP of (name or ZipInfo, content) pairs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.comment = comment
        for name, content in members:
            archive.writestr(name, content, how)
    return file.getvalue()


def a_tar(
    members: Mapping[str, bytes],
    how: str = "",
    encoding: str = "utf-8",
    layout: int = tarfile.PAX_FORMAT,
    **settings: object,
) -> bytes:
    """Make a tar, compressed or not, whose members have these attributes of TarInfo."""
    file = io.BytesIO()
    opened: Any = tarfile.open  # whose types know no mode that is computed
    with opened(fileobj=file, mode=f"w:{how}", encoding=encoding, format=layout) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for attribute, value in settings.items():
                setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def encrypted(archive: bytes) -> bytes:
    """Set the bit that says that members are encrypted."""
    content = bytearray(archive)
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def lying(archive: bytes) -> bytes:
    """Let the directory say that the first member has 10 bytes."""
    content = bytearray(archive)
    place = content.index(b"PK\1\2") + 24
    content[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(content)
