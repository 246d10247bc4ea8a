"""Which files are recordings, by their names: one rule for folders, archives and programs."""

import os
from pathlib import Path, PurePosixPath
from typing import NamedTuple

SUFFIXES = tuple(
    ".wav .flac .ogg .mp3 .opus .oga .wave .mp2 .aif .aiff .aifc .au .snd .caf .w64 .rf64 "
    ".sph".split()
)
"""What is taken for a recording where folders and archives are searched; capitals as well."""
OTHER_SUFFIXES = frozenset(
    ".3gp .aa .aac .aax .ac3 .alac .amr .ape .asf .avi .awb .dff .dsf .dss .dts .eac3 .gsm .m4a "
    ".m4b .m4p .m4r .m4v .mid .midi .mka .mkv .mov .mp1 .mp4 .mpc .mpeg .mpg .pcm .qcp .ra .raw "
    ".rm .shn .spx .tak .tta .voc .vox .weba .webm .wma .wv".split()
)
"""Sound too, or film with sound; none of it is read."""


class Found(NamedTuple):
    """What is in a directory: paths relative to it, with /, sorted."""

    recordings: list[str]
    passed_over: dict[str, str]
    """What looks like sound and is not taken, and why."""


def is_recording(name: str) -> bool:
    """Tell whether a file, by its path with /, is taken for a recording."""
    return not is_resource_fork(name) and not _is_hidden(name) and _suffix(name) in SUFFIXES


def why_not(name: str) -> str:
    """Say why a file that looks like sound is not taken; "" of recordings and of what is no sound.

    What macOS puts beside a file (``._7_anna_0.wav``) is no sound.
    """
    suffix = _suffix(name)
    if is_resource_fork(name) or suffix not in OTHER_SUFFIXES.union(SUFFIXES):
        return ""
    if _is_hidden(name):
        return "hidden, as a name that begins with a dot says"
    if suffix in OTHER_SUFFIXES:
        return f"{suffix} cannot be read. Convert it to WAV, for example with ffmpeg"
    return ""


def search(directory: Path) -> Found:
    """Look for recordings in a directory and all below it. Links are followed, each place once."""
    found = Found([], {})
    places: set[tuple[int, int]] = set()

    def not_read(error: OSError) -> None:
        name = os.path.relpath(error.filename or directory, directory)
        found.passed_over[name] = f"cannot be read ({error.strerror or error})"

    for folder, below, files in os.walk(directory, onerror=not_read, followlinks=True):
        place = os.stat(folder)  # noqa: PTH116 (os.walk gives strings)
        if (place.st_dev, place.st_ino) in places:
            below.clear()
            continue
        places.add((place.st_dev, place.st_ino))
        below.sort()
        for file in files:
            path = Path(folder, file)
            name = path.relative_to(directory).as_posix()
            if reason := why_not(name):
                found.passed_over[name] = reason
            elif not is_recording(name):
                continue
            elif path.is_file() or path.is_symlink():  # a link to nowhere: reading it says so
                found.recordings.append(name)
            else:
                found.passed_over[name] = "no regular file"
    found.recordings.sort()
    return found


def is_resource_fork(name: str) -> bool:
    """Tell what macOS puts beside a file, in archives and on other file systems."""
    *folders, file = PurePosixPath(name).parts or ("",)
    return file.startswith("._") or not {"__MACOSX", ".AppleDouble"}.isdisjoint(folders)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") and part not in (".", "..") for part in parts)
