"""What stretches of speech are made of: recordings as levels in dB, and their labels."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.recordings import find_recordings, grouped
from spoken_digits.params import Spectrogram
from spoken_digits.picture.stream import QUIETEST_DB, STEP_DB, as_bytes, decibels
from spoken_digits.recording import Recording
from spoken_digits.shards import read_shard
from spoken_digits.sizes import SIZE
from spoken_digits.sound.decode import read_wav, waveform
from spoken_digits.workers import run_tasks

_SOUNDING = round(35 / STEP_DB)  # below the loudest frame: what is quieter is not the word
_MARGIN = 3  # frames kept on either side of it


class Clip(NamedTuple):
    """A recording as stretches are joined from it."""

    levels: NDArray[np.uint8]
    """(100, frames), as picture/stream.py keeps them."""
    labels: tuple[int, ...]
    """The numbers of the labels that are said, in their order; none if it is other speech."""
    corpus: str
    speaker: str


def read_clips(
    root: Path,
    wanted: Mapping[Recording, tuple[int, ...]],
    settings: Spectrogram,
    trim: bool,
    workers: int | None = None,
) -> list[Clip]:
    """Return recordings under ``root`` as clips, with these labels, in their order.

    ``trim``: without the silence around. Raises ShardError if one is missing.
    """
    places = find_recordings(root, wanted)
    groups = grouped(range(len(wanted)), places.shard.__getitem__)
    shards = [
        _Shard(
            places.shards[places.shard[group[0]]],
            tuple(places.recordings[index].name for index in group),
            settings,
            trim,
        )
        for group in groups
    ]
    found = run_tasks(_levels, shards, workers=workers, label="levels", unit="shard")
    levels = {
        index: bands
        for group, of_shard in zip(groups, found, strict=True)
        for index, bands in zip(group, of_shard, strict=True)
    }
    return [
        Clip(levels[index], labels, one.corpus, one.speaker)
        for index, (one, labels) in enumerate(wanted.items())
    ]


class _Shard(NamedTuple):
    path: Path
    names: tuple[str, ...]
    settings: Spectrogram
    trim: bool


def _levels(shard: _Shard) -> list[NDArray[np.uint8]]:
    wanted, found = set(shard.names), {}
    for name, content in read_shard(shard.path):
        if name in wanted:
            bands = as_bytes(decibels(waveform(*read_wav(content)), shard.settings))
            found[name] = _trimmed(bands) if shard.trim else bands
    return [found[name] for name in shard.names]


def _trimmed(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    loudest = levels.max(axis=0).astype(int)  # (frames,)
    sounding = np.flatnonzero(loudest > loudest.max(initial=0) - _SOUNDING)
    if not len(sounding):
        return levels
    return levels[:, max(sounding[0] - _MARGIN, 0) : sounding[-1] + _MARGIN + 1].copy()


def laid_out(clips: Sequence[Clip], before: int, frames: int) -> NDArray[np.float32]:
    """Return clips in dB, one a row, each with ``before`` frames of silence, (n, 100, frames)."""
    levels = np.full((len(clips), SIZE, frames), QUIETEST_DB, np.float32)
    for row, clip in zip(levels, clips, strict=True):
        row[:, before : before + clip.levels.shape[1]] = in_db(clip.levels)
    return levels


def in_db(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return levels in dB of what picture/stream.py keeps as bytes."""
    bands: NDArray[np.float32] = levels * np.float32(STEP_DB) + np.float32(QUIETEST_DB)
    return bands


def by_corpus(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """Return clips by their corpus, in order of its name."""
    groups = grouped(clips, lambda clip: clip.corpus)
    return {group[0].corpus: group for group in sorted(groups, key=lambda group: group[0].corpus)}
