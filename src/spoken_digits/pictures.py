"""Shards of recordings become shards of pictures."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits import audio, frontend
from spoken_digits.params import Spectrogram
from spoken_digits.recording import RecordingName, parse_name
from spoken_digits.shards import read_shard, write_shard


class Conversion(NamedTuple):
    """One task: the shard of recordings to read, the shard of pictures to write, the settings."""

    recordings: Path
    pictures: Path
    settings: Spectrogram


def convert_shard(task: Conversion) -> list[RecordingName]:
    """Take the picture of every recording in a shard; return their names.

    A picture depends on its own recording and the settings only: not on its neighbours, the
    number of workers or the machine. Raises RecordingError that names the recording that is no
    WAV of this project, ShardError for a shard that is missing or damaged.
    """
    names, members = [], []
    for wav_name, content in read_shard(task.recordings):
        name = parse_name(wav_name)
        try:
            waveform = audio.waveform(*audio.read_wav(content))
        except audio.RecordingError as error:
            raise audio.RecordingError(f"{task.recordings}: {wav_name}: {error}") from None
        members.append((name.png, png(frontend.image(waveform, task.settings))))
        names.append(name)
    write_shard(task.pictures, members)
    return names


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a grey picture, (rows, columns), as PNG.

    At compression level 0: fastest, and the bytes are the same whatever zlib wrote them.
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()
