"""Where the time goes: each step of the data path alone, on one shard, in one process.

Prints a line a step: name, milliseconds of CPU a clip (best of some rounds).
"""

import argparse
import hashlib
import io
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from spoken_digits.params import load_params
from spoken_digits.picture import convert, mel
from spoken_digits.recording import parse_name
from spoken_digits.shards import read_shard, write_shard
from spoken_digits.sizes import SIZE
from spoken_digits.sound import decode
from spoken_digits.sound.one_second import one_second

ROUNDS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shard", type=Path, help="a shard of recordings")
    shard: Path = parser.parse_args().shard
    settings = load_params().spectrogram

    recordings = list(read_shard(shard))
    contents = [content for _, content in recordings]
    sounds = [decode.read_wav(content) for content in contents]
    waveforms = [decode.waveform(*sound) for sound in sounds]
    seconds = np.stack([one_second(waveform) for waveform in waveforms])
    images = mel.images(seconds, settings)
    members = [
        (parse_name("benchmark", name).png, convert.png(image))
        for (name, _), image in zip(recordings, images, strict=True)
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in recordings:
            archive.writestr(name, content)

    def inflate() -> None:
        with zipfile.ZipFile(buffer) as archive:
            for name in archive.namelist():
                archive.read(name)

    def report(step: str, function: Callable[[], object]) -> None:
        function()
        best = min(_cpu(function) for _ in range(ROUNDS))
        print(f"{step}\t{best / len(recordings) * 1000:.4f}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "shard.zip"
        report("download: inflate the archive", inflate)
        report("download: SHA-256", lambda: [hashlib.sha256(c).digest() for c in contents])
        report("download: write the shard", lambda: write_shard(target, recordings))
        task = convert.Conversion(shard, target, settings)
        report("spectrogram: all of it", lambda: convert.convert_shard(task))
        report("spectrogram: read the shard", lambda: list(read_shard(shard)))
        report("spectrogram: of that, CRC-32", lambda: [zlib.crc32(c) for c in contents])
        report("spectrogram: resample", lambda: [decode.waveform(*sound) for sound in sounds])
        report("spectrogram: fit to one second", lambda: [one_second(w) for w in waveforms])
        report("spectrogram: pictures", lambda: mel.images(seconds, settings))
        frames = np.random.default_rng(0).standard_normal((SIZE, mel.N_FFT))
        spectrum = np.empty((SIZE, mel.N_FFT // 2 + 1), np.complex128)
        report(
            "spectrogram: of that, Fourier transforms, if all 100 frames sounded",
            lambda: [np.fft.rfft(frames, out=spectrum) for _ in contents],
        )
        report("spectrogram: PNG", lambda: [convert.png(image) for image in images])
        report("spectrogram: write the shard", lambda: write_shard(target, members))
        report(
            "train: read and decode PNGs",
            lambda: [np.asarray(Image.open(io.BytesIO(c))) for _, c in read_shard(target)],
        )
        report("DVC: MD5 of the recordings", lambda: [hashlib.md5(c).digest() for c in contents])


def _cpu(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


if __name__ == "__main__":
    main()
