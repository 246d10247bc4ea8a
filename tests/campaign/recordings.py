"""Sound files of every kind, and files of ours that are damaged, given to programs and stages."""

import io
import json
import math
import random
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from campaign import places, programs
from campaign.archives import cut, flipped
from campaign.rule import REFUSED, Outcome, Try, changed, judge
from machine import tree
from numpy.typing import NDArray
from support import speak

from spoken_digits.sound.decode import wav_bytes

BOTH = (0, *REFUSED)
Make = Callable[[], bytes]
HEARD = (0,)
FILES = ("data/raw/folder/anna.zip", "data/spectrograms/folder/anna.zip", "data/split.csv")
"""What stages hand to each other, and the stage validate reads all of."""
REPORT = "metrics/validate.json"
"""Which the stage writes whether it passes or fails."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield files that must be heard, files that must not, and damaged ones."""
    for format_, subtype in every_subtype():
        for rate, channels in ((16_000, 1), (44_100, 2)):
            make: Make = partial(written, format_, subtype, rate, channels)
            if soundfile.check_format(format_, subtype) and can_be_written(make):
                case = f"{format_} {subtype}, {rate} Hz, {channels} channels"
                yield Try("a subtype of libsndfile", case, partial(hear, top, make, HEARD))
    for case, make, codes in of_odd_sizes():
        yield Try("an odd recording", case, partial(hear, top, make, codes))
    whole = {
        f"{format_} {subtype}": written(format_, subtype, 16_000, 1)
        for format_, subtype in (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"),
                                 ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"))
    }  # fmt: skip
    for name, content in whole.items():
        for size in sorted(chance.sample(range(len(content)), 10)):
            case = f"{name} after {size} of {len(content)} bytes"
            yield Try(
                "a recording cut short", case, partial(hear, top, partial(cut, content, size), BOTH)
            )
        for _ in range(30):  # half of them in the header, where it matters
            place = chance.randrange(chance.choice((64, len(content))))
            bit = chance.randrange(8)
            yield Try(
                "a bit flipped in a recording",
                f"{name}, bit {bit} of byte {place}",
                partial(hear, top, partial(flipped, content, place, bit), BOTH),
            )
    for file in FILES:
        for _ in range(40):
            share, bit = chance.random(), chance.randrange(8)
            yield Try(
                "a shard, PNG or CSV damaged",
                f"{file}, bit {bit} at {share:.4f} of it",
                partial(read_again, top, file, share, bit),
            )
        for _ in range(10):
            share = chance.random()
            yield Try(
                "a shard, PNG or CSV cut short",
                f"{file}, at {share:.4f} of it",
                partial(read_again, top, file, share, None),
            )


def hear(top: Path, make: Callable[[], bytes], codes: tuple[int, ...], folder: Path) -> Outcome:
    """Let predict_live hear a file, and the stage download take it: they must say the same."""
    project = places.copy(places.with_data(top), folder)
    (project / "w.wav").write_bytes(make())
    before = tree(project)
    done = programs.run("predict_live.py", "--json", "w.wav", project=project)
    outcome = judge(done, project, before, codes=codes, names=r"w\.wav")
    if done.code == 0 and ("NaN" in done.out or not json.loads(done.out)):
        outcome.wrong.append(f"heard: {done.out}")
    (project / "w.wav").rename(project / "recordings" / "3_carl_0.wav")
    before = tree(project)
    taken = programs.run("download.py", project=project)
    as_well = judge(taken, project, before, names="3_carl_0")
    if (taken.code == 0) != (done.code == 0) and "so not one word" not in done.err:
        outcome.wrong.append(f"two readers: {done.err or done.out} and {taken.err}")
    return outcome._replace(wrong=outcome.wrong + as_well.wrong, lost=outcome.lost + as_well.lost)


def read_again(top: Path, file: str, share: float, bit: int | None, folder: Path) -> Outcome:
    """Damage what one stage wrote, and run the one that reads it."""
    project = places.copy(places.with_data(top), folder)
    path = project / file
    content = path.read_bytes()
    place = int(share * len(content))
    path.write_bytes(content[:place] if bit is None else flipped(content, place, bit))
    before = {name: data for name, data in tree(project).items() if name != REPORT}
    done = programs.run("validate.py", "--workers", "1", project=project)
    outcome = judge(done, project, before, names="data/|anna", may_write=(REPORT,))
    outcome.lost.extend(changed(before, tree(project)) if done.code == 0 else [])
    return outcome


def every_subtype() -> Iterator[tuple[str, str]]:
    """Yield each format and subtype that libsndfile writes."""
    for format_ in soundfile.available_formats():
        for subtype in soundfile.available_subtypes(format_):
            if format_ not in ("RAW", "SD2"):  # no header: it is nowhere, or in a second file
                yield format_, subtype


def written(format_: str, subtype: str, rate: int, channels: int) -> bytes:
    """Write a beep as a file."""
    return sound_file(speak(3, "carl", 0, rate) / 32768, format_, subtype, rate, channels)


def sound_file(
    sound: NDArray[np.float64], format_: str, subtype: str, rate: int, channels: int = 1
) -> bytes:
    """Write a sound (n,), the same in each channel."""
    file = io.BytesIO()
    many = np.repeat(sound[:, None], channels, axis=1)
    soundfile.write(file, many, rate, format=format_, subtype=subtype)
    return file.getvalue()


def can_be_written(make: Callable[[], bytes]) -> bool:
    """Tell whether libsndfile writes it at this rate and with so many channels."""
    try:
        return bool(make())
    except (soundfile.LibsndfileError, ValueError):
        return False


def of_odd_sizes() -> Iterator[tuple[str, Callable[[], bytes], tuple[int, ...]]]:
    """Yield recordings: what is odd, a function that makes it, and how it may end."""
    beep = speak(3, "carl", 0)
    wav = wav_bytes(beep, 16_000)
    pcm = partial(sound_file, format_="WAV", subtype="PCM_16", rate=16_000)
    real = partial(sound_file, format_="WAV", subtype="FLOAT", rate=16_000)
    yield "0 bytes", lambda: b"", REFUSED
    yield "header only", lambda: wav[:44], REFUSED
    yield "half a header", lambda: wav[:30], REFUSED
    yield "text", lambda: b"seven, said by Carl\n" * 50, REFUSED
    yield "text that begins as a WAV does", lambda: b"RIFF" + b"seven, said by Carl\n" * 50, REFUSED
    yield "a page instead of a file", lambda: b"<!DOCTYPE html><html>404</html>", REFUSED
    yield "1 sample", lambda: wav_bytes(beep[:1], 16_000), BOTH
    yield "silence", lambda: wav_bytes(np.zeros(16_000, np.int16), 16_000), BOTH
    yield "DC", lambda: wav_bytes(np.full(16_000, 9000, np.int16), 16_000), BOTH
    yield "full scale", lambda: wav_bytes(np.full(16_000, -32768, np.int16), 16_000), BOTH
    for name, value in (("NaN", math.nan), ("infinity", math.inf), ("1e300", 1e30)):
        sound = beep / 32768
        sound[100] = value
        yield (
            f"a sample that is {name}",
            partial(real, sound),
            BOTH if math.isfinite(value) else REFUSED,
        )
    for rate in (1, 999, 1_000, 2_000, 384_000, 768_000, 2**31 - 1):
        fair = 1_000 <= rate <= 768_000
        half = np.tile(beep, 1 + rate // 16_000)[: max(rate // 2, 1)] if fair else beep
        yield f"{rate} Hz", partial(wav_bytes, half, rate), HEARD if fair else REFUSED
    for channels in (3, 8, 64, 1000):
        loud = partial(pcm, beep / 32768, channels=channels)
        yield f"{channels} channels", loud, HEARD if channels <= 64 else BOTH
    yield "5 minutes", lambda: pcm(np.tile(beep / 32768, 600)), BOTH
    yield (
        "3 hours of FLAC",
        lambda: sound_file(np.zeros(3 * 3600 * 1000), "FLAC", "PCM_16", 1000),
        REFUSED,
    )
    for field, place in (
        ("size of the file", 4),
        ("size of the sound", 40),
        ("bytes a second", 28),
    ):
        for value in (0, 1, 7, 10**6, 2**31 - 1, 2**32 - 1):
            yield f"{field} {value}", partial(with_number, wav, place, value, "<I"), BOTH
    for field, place in (("format", 20), ("channels", 22), ("block", 32), ("bits", 34)):
        for value in (0, 3, 85, 2**16 - 1):
            yield f"{field} {value}", partial(with_number, wav, place, value, "<H"), BOTH


def with_number(content: bytes, place: int, value: int, how: str) -> bytes:
    """Write a number into a header."""
    changed_ = bytearray(content)
    struct.pack_into(how, changed_, place, value)
    return bytes(changed_)
