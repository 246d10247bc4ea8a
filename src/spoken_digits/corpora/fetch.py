"""Get an archive: from the mirror, the cache, a local path, or by HTTP with resume and retries."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from filelock import FileLock
from tqdm import tqdm

from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.errors import UserError, explain
from spoken_digits.files import local_path
from spoken_digits.kept import cache_directory

Result = TypeVar("Result")

ATTEMPTS = 4
"""How often in a row a transfer may fail without a new byte."""
FIRST_WAIT_S = 1.0
"""The wait before the second attempt, s; doubles with each one."""
TIMEOUT_S = (10, 30)
"""How long a server may take to connect, and then between two bytes, s."""

_INSTEAD = (
    "use recordings of your own with -S 'corpora=[folder]' -S download.folder.path=PATH; "
    "or synthesise them with -S 'corpora=[espeak,pico]'"
)
_CHUNK = 2**16
_GONE = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


class FetchError(UserError):
    """An archive that cannot be had."""


def with_archive(
    corpus: str, address: str, use: Callable[[Path], Result], instead: str = _INSTEAD
) -> Result:
    """Return ``use(path)`` of the archive at ``address``, a URL or a local path.

    CORPUS_MIRROR, a directory or a base URL, is tried first, by the archive's file name. What
    comes by HTTP is kept in the cache directory: SPOKEN_DIGITS_CACHE, or the user's own. If
    ``use`` raises ArchiveError for a file in the cache, the file is thrown away, fetched once
    more, and used again. Raises FetchError if the archive cannot be had, with what the user can do
    ``instead`` of giving it.
    """
    path = _find(corpus, address, instead)
    try:
        return use(path)
    except ArchiveError as error:
        if not path.is_relative_to(cache_directory()):
            raise
        path.unlink()
        print(f"{error}\n{corpus}: thrown away; fetching it once more", file=sys.stderr)
    path = _find(corpus, address, instead)
    try:
        return use(path)
    except ArchiveError:
        if path.is_relative_to(cache_directory()):
            path.unlink()
        raise


def as_folder(path: Path) -> str:
    """Say how an archive is used that is a changed copy of the known one."""
    if path.is_relative_to(cache_directory()):  # it is thrown away
        return (
            "If it is a changed copy that you mean to use, fetch it and name it with "
            "-S 'corpora=[folder]' -S download.folder.path=PATH"
        )
    return (
        "If it is a changed copy that you mean to use, take it as it is with "
        f"-S 'corpora=[folder]' -S download.folder.path={path.absolute()}"
    )


def is_url(address: str) -> bool:
    """Tell http(s) addresses from local paths."""
    return address.startswith(("http://", "https://"))


def file_names(address: str) -> list[str]:
    """Return the names that the archive at an address may have in a mirror, the likeliest first.

    GitHub serves ``<repository>/archive/<commit>.zip`` as ``<repository>-<commit>.zip``. Raises
    FetchError if it is no address.
    """
    try:
        parts = unquote(urlsplit(address).path if is_url(address) else address).split("/")
    except ValueError as error:
        raise FetchError(f"{address}: no address of the web ({error}). Mend it") from None
    name = parts[-1]
    if is_url(address) and len(parts) >= 3 and parts[-2] == "archive":
        return [f"{parts[-3]}-{name}", name]
    return [name]


def _find(corpus: str, address: str, instead: str) -> Path:
    """Return the archive's path in the mirror, in the cache, or where ``address`` says."""
    names = file_names(address)
    mirror = os.environ.get("CORPUS_MIRROR", "")
    sources = [f"{mirror.rstrip('/')}/{name}" for name in names] if mirror else []
    if is_url(mirror):
        sources = sources[:1]  # asking takes long where no server answers
    failures = []
    for source in (*sources, address):
        try:
            if is_url(source):
                return _cached(source, names[0])
            if local_path(source).is_file():
                return local_path(source)
            failures.append(f"{source} (not there)")
        except FetchError as error:
            failures.append(str(error))
    raise FetchError(
        f"{corpus}: could not reach {', nor '.join(failures)}. Ways on: set CORPUS_MIRROR to a "
        f"directory or URL that holds {names[0]}; {instead}"
    )


def _cached(url: str, name: str) -> Path:
    """Return the cache's copy of a URL, fetching it if there is none."""
    path = cache_directory() / hashlib.sha256(url.encode()).hexdigest()[:16] / (name or "archive")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):  # another experiment may be fetching it
            if not path.exists():
                _download(url, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise FetchError(
            f"{explain(error)}; or name another place in SPOKEN_DIGITS_CACHE"
        ) from None
    return path


def _download(url: str, path: Path) -> None:
    """Fetch a URL to a path, whole or not at all; a part stays beside it to resume from."""
    partial, validator = path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.tag")
    failed, wait, most = 0, FIRST_WAIT_S, _size(partial)
    while True:
        try:
            _transfer(url, partial, validator)
            break
        except _TransferError as error:
            failed = 1 if _size(partial) > most else failed + 1
            most = max(most, _size(partial))
            wait = FIRST_WAIT_S if failed == 1 else wait * 2
            if failed >= ATTEMPTS:
                raise FetchError(f"{url} ({error}, {ATTEMPTS} times)") from None
            print(f"{url}: {error}; trying again in {wait:g} s", file=sys.stderr)
            time.sleep(wait)
    partial.replace(path)
    validator.unlink(missing_ok=True)


class _TransferError(Exception):
    """A transfer that failed in a way that may pass."""


def _transfer(url: str, partial: Path, validator: Path) -> None:
    """Make one attempt: append to ``partial`` if the server still has the same file."""
    have = _size(partial)
    tag = validator.read_text(encoding="ascii") if have and validator.exists() else ""
    # Without a strong tag nothing says that the rest belongs to what is there: start anew.
    wish = {"Range": f"bytes={have}-", "If-Range": tag} if tag else {}
    try:
        with requests.get(
            url, headers={"Accept-Encoding": "identity", **wish}, stream=True, timeout=TIMEOUT_S
        ) as response:
            if response.status_code == 416 and wish:
                partial.unlink()
                raise _TransferError("the server has another file now")
            if response.status_code in _TRY_AGAIN:
                raise _TransferError(f"{response.status_code} {response.reason}")
            if response.status_code not in (200, 206):
                raise FetchError(f"{url} ({response.status_code} {response.reason})")
            total = _total(response)
            if response.status_code == 206:
                if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                    partial.unlink()
                    raise _TransferError("the server sent another range than was asked for")
            else:
                have = 0
                validator.write_text(_strong_tag(response), encoding="ascii")
            _check_space(partial, (total or 0) - have)
            with (
                partial.open("ab" if have else "wb") as file,
                tqdm(
                    desc=partial.stem,
                    total=total,
                    initial=have,
                    unit="B",
                    unit_scale=True,
                    disable=None,
                ) as bar,
            ):
                # Raw: a server may call a .tar.gz a gzip-encoded .tar, and must not be believed.
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    file.write(chunk)
                    bar.update(len(chunk))
    except _GONE as error:
        raise _TransferError(_reason(error)) from None
    except requests.RequestException as error:
        raise FetchError(f"{url} ({error})") from None
    if total is not None and _size(partial) != total:
        if _size(partial) > total:
            partial.unlink()
        raise _TransferError(f"{_size(partial)} of {total} bytes came")


def _total(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    if response.status_code == 206:
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(length) if length.isdecimal() else None


def _strong_tag(response: requests.Response) -> str:
    tag = response.headers.get("ETag", "")
    if tag.startswith('"') and tag.isascii():
        return tag
    modified = response.headers.get("Last-Modified", "")
    return modified if modified.isascii() else ""


def _check_space(partial: Path, needed: int) -> None:
    free = shutil.disk_usage(partial.parent).free
    if needed > free:
        raise FetchError(
            f"{partial.parent} has room for {free / 1e9:.1f} GB, {needed / 1e9:.1f} GB are needed; "
            "set SPOKEN_DIGITS_CACHE to a directory with more"
        )


def _reason(error: Exception) -> str:
    """Say in a few words why nothing came."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    text = repr(error)
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy that https_proxy or http_proxy names does not answer; see your settings"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "no such host, or no network"
    if "refused" in text:
        return "connection refused"
    if "unreachable" in text:
        return "network unreachable"
    return "the connection broke"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
