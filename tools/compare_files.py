"""Where two versions of a pipeline's output first differ."""

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any


def first_difference(root: Path, clone: Path, path: str, old: str | None, new: str | None) -> str:
    """Say where an output that was rebuilt in ``clone`` leaves what ``root`` has of it.

    ``old`` and ``new`` are DVC's hashes of the whole. The committed bytes may be in root's cache
    or, for small files, in Git; if they are nowhere, says so.
    """
    if old is None or new is None:
        return f"{path} is {'new' if old is None else 'missing'}"
    before = committed_bytes(root, path, old)
    if before is None:
        return f"{path} (the committed bytes are not here to look into; get them with: dvc pull)"
    if not old.endswith(".dir"):
        return f"{path} {differing_bytes(before, (clone / path).read_bytes())}"
    after = cached(clone, new)
    if after is None:
        return path
    was, now = listing(before), listing(after)
    for name in sorted(was | now):
        if was.get(name) != now.get(name):
            if name not in was or name not in now:
                return f"{path}/{name} is {'new' if name not in was else 'missing'}"
            file = committed_bytes(root, f"{path}/{name}", was[name])
            if file is None:
                return f"{path}/{name}"
            return f"{path}/{name} {differing_bytes(file, (clone / path / name).read_bytes())}"
    return path


def differing_bytes(before: bytes, after: bytes) -> str:
    """Name the first byte that differs; in shards also the member that holds it."""
    if zipfile.is_zipfile(io.BytesIO(before)) and zipfile.is_zipfile(io.BytesIO(after)):
        was, now = members(before), members(after)
        for name in sorted(was | now):
            if was.get(name) != now.get(name):
                if name not in was or name not in now:
                    return f"member {name} is {'new' if name not in was else 'missing'}"
                return f"member {name} {_place(was[name], now[name])}"
    return _place(before, after)


def _place(before: bytes, after: bytes) -> str:
    shared = min(len(before), len(after))
    at = next((i for i in range(shared) if before[i] != after[i]), shared)
    length = f"{len(before)}" + (f", now {len(after)}" if len(before) != len(after) else "")
    return f"at byte {at} of {length}"


def members(archive: bytes) -> dict[str, bytes]:
    """Return a shard's members and their content."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def committed_bytes(root: Path, path: str, digest: str) -> bytes | None:
    """Return what was committed as ``path``, from the cache or from Git."""
    found = cached(root, digest)
    if found is not None:
        return found
    shown = subprocess.run(["git", "show", f"HEAD:./{path}"], cwd=root, capture_output=True)
    return shown.stdout if shown.returncode == 0 else None


def cached(root: Path, digest: str) -> bytes | None:
    file = cache_directory(root) / "files" / "md5" / digest[:2] / digest[2:]
    return file.read_bytes() if file.is_file() else None


def cache_directory(root: Path) -> Path:
    asked = subprocess.run(["dvc", "cache", "dir"], cwd=root, capture_output=True, text=True)
    return root / asked.stdout.strip() if asked.returncode == 0 else root / ".dvc" / "cache"


def listing(directory: bytes) -> dict[str, str]:
    entries: list[dict[str, Any]] = json.loads(directory)
    return {entry["relpath"]: entry["md5"] for entry in entries}
