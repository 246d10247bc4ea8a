"""MD5 digests of files and folders, as DVC computes them and dvc.lock lists them."""

import hashlib
import json
from pathlib import Path


def digest(path: Path) -> str:
    """Return the MD5 of a file, or of a folder's list of files with theirs and ``.dir``.

    It is a fingerprint to compare with dvc.lock, not a protection against forgery.
    """
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, _md5).hexdigest()
    files = sorted(
        (file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file()
    )
    listing = [{"md5": digest(file), "relpath": name} for name, file in files]
    text = json.dumps(listing, sort_keys=True).encode()
    return f"{_md5(text).hexdigest()}.dir"


def _md5(content: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(content, usedforsecurity=False)
