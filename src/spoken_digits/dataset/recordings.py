"""Raw recordings out of their shards, by row of the split or of the predictions."""

import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from spoken_digits.dataset.split import Recording, list_recordings
from spoken_digits.shards import ShardError


class Row(Protocol):
    """What names a recording."""

    @property
    def corpus(self) -> str:
        """The corpus, as params.yaml names it."""

    @property
    def name(self) -> str:
        """The recording's name in its shard, <label>_<speaker>_<take>.wav."""


def find_recordings(root: Path, rows: Iterable[Row]) -> list[Recording]:
    """Return where each row's recording is, and its CRC-32, in the order of ``rows``.

    Reads the shards' directories only. Raises ShardError if a recording is in no shard.
    """
    known = {
        (recording.corpus, recording.name.wav): recording for recording in list_recordings(root)
    }
    try:
        return [known[row.corpus, row.name] for row in rows]
    except KeyError as error:
        corpus, name = error.args[0]
        raise ShardError(
            f"{root}: {corpus}/{name} of the split is in no shard. Make both again: dvc repro"
        ) from None


def read_recordings(root: Path, rows: Iterable[Row]) -> list[bytes]:
    """Return the WAV files of ``rows``, in their order; each shard is opened once.

    Raises ShardError if a shard is damaged or a recording is in none.
    """
    wanted: dict[Path, list[tuple[int, str]]] = defaultdict(list)
    for index, recording in enumerate(find_recordings(root, rows)):
        wanted[recording.shard].append((index, recording.name.wav))
    contents: dict[int, bytes] = {}
    for shard, members in wanted.items():
        try:
            with zipfile.ZipFile(shard) as archive:
                contents |= {index: archive.read(name) for index, name in members}
        except (zipfile.BadZipFile, OSError) as error:
            raise ShardError(f"{shard}: damaged ({error}). Make it again: dvc repro") from None
    return [contents[index] for index in range(len(contents))]
