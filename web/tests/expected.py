"""Make the sounds and models that the page's tests use, and what the Python programs say of them.

Usage:  PYTHONPATH=src:tests:benchmarks python web/tests/expected.py FOLDER

With CORPUS_MIRROR the words are FSDD's official test, takes 0-4, by people; without it they are
said by espeak-ng.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from common import streams
from live_support import METADATA, OF_WORDS, WORDS, room, save_model, save_number_model, word
from numpy.typing import NDArray
from support import pronounce

from spoken_digits.export.inference import load_model
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.live import decision
from spoken_digits.live.choice import NUMBERS
from spoken_digits.live.endpointer import Endpointer
from spoken_digits.live.level import LevelDetector
from spoken_digits.live.number_reader import Number, NumberReader, Read
from spoken_digits.live.silero import SileroDetector
from spoken_digits.live.sound_files import read_word
from spoken_digits.live.stream_resampler import Resampler
from spoken_digits.model.ctc import best_path, log_probability
from spoken_digits.params import load_params
from spoken_digits.sizes import HOP, SAMPLE_RATE
from spoken_digits.sound.decode import waveform
from spoken_digits.sound.mixing import Mixer
from spoken_digits.sound.one_second import one_second
from spoken_digits.vocabulary import digits

Sound = NDArray[np.float32]
RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)
MODEL = Path("models/released/digits.onnx")
TONES = Path("web/dist/tones")
"""A model whose digits are two tones each, and one that reads numbers beside it."""
CLIPS = 100
TALK = "my brother bought a green umbrella because the weather had been so unpleasant since morning"
"""Of which a word or two sound like digits."""


def main() -> None:
    folder = Path(sys.argv[1])
    rng = np.random.default_rng(0)
    (folder / "clips").mkdir()
    words = clips(folder / "clips", rng)
    chosen = [words[i] for i in rng.permutation(len(words))[:50]]
    sound, said = streams.stream(chosen, (0.7, 0.7), "room", 40, rng, [])
    write_wav(folder / "stream.wav", for_microphone(sound))
    sound, _ = soundfile.read(folder / "stream.wav", dtype="float32")
    write_wav(folder / "silence.wav", np.zeros(10 * SAMPLE_RATE, np.float32))
    write_wav(folder / "lights-on.wav", word(2))
    three = next(one for label, one in words if label == "3").astype(np.float32)
    for suffix in ("mp3", "ogg", "flac"):
        soundfile.write(folder / f"three.{suffix}", three, SAMPLE_RATE)
    write_wav(folder / "three.wav", three)
    models(folder)
    voice = spoken_numbers()
    write_wav(folder / "tones.wav", paused([digits_of_tones(one) for one in ("31415", "926")]))
    write_wav(folder / "voice.wav", paused(voice.values()))
    (talk,), rate = pronounce(TALK)
    quiet = (0.5 * waveform(talk, rate)).astype(np.float32)
    write_wav(folder / "talk.wav", room(0.5, quiet, 2.0))
    write_wav(folder / "long.wav", digits_of_tones("0123456789" * 6))
    expected = {
        "said": said,
        "heard": streams.hear(sound * np.float32(32768 / 32767)),  # the very samples of the file
        "clips": probabilities(folder / "clips"),
        "resampler": [resampled(rate, rng) for rate in RATES],
        "level": detected(LevelDetector(), sound[: 15 * SAMPLE_RATE]),
        "speech": detected(SileroDetector(), sound[: 15 * SAMPLE_RATE]),
        "endpointer": [endpoints(rng) for _ in range(20)],
        "one_second": [fitted(name, sound) for name, sound in seconds(rng).items()],
        "mixing": [mixed(name, channels) for name, channels in cables(rng).items()],
        "decisions": decisions(rng),
        "ctc": [aligned(rng, frames) for frames in (1, 2, 7, 40)],
        "number_streams": [
            *(number_stream(folder, "tones.wav", TONES, block) for block in (320, 1234, 100_000)),
            number_stream(folder, "long.wav", TONES, 16_000),
            number_stream(folder, "voice.wav", Path("web/dist/models"), 1_600),
            number_stream(folder, "talk.wav", Path("web/dist/models"), 1_600),
        ],
        "numbers_said": list(voice),
        "numbers": {
            "tones": numbers_read(folder / "tones.wav", folder / TONES / MODEL.name),
            "voice": numbers_read(folder / "voice.wav", MODEL),
        },
    }
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def clips(folder: Path, rng: np.random.Generator) -> list[tuple[str, NDArray[np.float64]]]:
    """Write single words as WAV files; return what could be in a stream: labels and waveforms."""
    if "CORPUS_MIRROR" in os.environ:
        mirror = streams.corpus_mirror("FSDD's archive")
        words = [(label, one) for label, _, one in streams.fsdd(mirror, range(5))]
    else:
        said = [one.said[0] for one in digits().words]
        words = []
        for voice in ("gmw/en-US", "gmw/en", "gmw/en-GB-scotland", "gmw/en-GB-x-rp", "gmw/en-029"):
            spoken, rate = pronounce(*said, voice=voice)
            words += [(str(i), waveform(one, rate)) for i, one in enumerate(spoken)]
    for take, i in enumerate(rng.permutation(len(words))[:CLIPS]):
        label, one = words[i]
        write_wav(folder / f"{label}_someone_{take}.wav", one.astype(np.float32))
    return words


def write_wav(path: Path, sound: Sound) -> None:
    soundfile.write(path, sound, SAMPLE_RATE, subtype="PCM_16")


def models(folder: Path) -> None:
    """Write models that the page must take, and some that it must refuse."""
    save_model(folder / "words.onnx", OF_WORDS, words=len(WORDS))
    narrow = {"version": 1, "lowest_hz": 100, "highest_hz": 4000}
    save_model(folder / "narrow.onnx", METADATA | {"spectrogram": json.dumps(narrow)})
    save_model(folder / "older.onnx", METADATA | {"format": "spoken-digits 0"})
    save_model(folder / "foreign.onnx", {})
    (folder / TONES).mkdir(parents=True)
    save_model(folder / TONES / MODEL.name)
    save_number_model(folder / TONES / NUMBERS)
    alone = folder / "web/dist/alone"
    alone.mkdir()
    save_model(alone / MODEL.name)
    (folder / "cut.onnx").write_bytes(MODEL.read_bytes()[:100_000])
    (folder / "text.onnx").write_text("no model at all\n", encoding="utf-8")
    (folder / "text.mp3").write_text("no sound at all\n", encoding="utf-8")


def probabilities(folder: Path) -> dict[str, list[float]]:
    model = load_model(MODEL)
    return {
        path.name: decision.recognise_word(model, read_word(path), 0.5).probabilities.tolist()
        for path in sorted(folder.iterdir())
    }


def resampled(rate: int, rng: np.random.Generator) -> dict[str, Any]:
    samples = rng.uniform(-1, 1, rate // 10).astype(np.float32)
    blocks = [len(block) for block in np.array_split(samples, 7)]
    resampler = Resampler(rate)
    output = [resampler.feed(block) for block in np.array_split(samples, 7)]
    return {
        "rate": rate,
        "samples": samples.tolist(),
        "blocks": blocks,
        "output": np.concatenate(output).tolist(),
    }


def detected(detector: Any, sound: Sound) -> dict[str, Any]:
    """Return the scores of a stream's frames, and the utterances that are cut by them."""
    frames = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
    scores = [detector.score(frame) for frame in frames]
    endpointer = Endpointer(type(detector)(), load_params().live.hangover_ms)
    return {"frames": len(frames), "scores": scores, "utterances": described(endpointer, frames)}


class Scripted:
    """A detector that says what it was told to."""

    def __init__(self, scores: Sequence[float], lag: int, shortest: int) -> None:
        self.lag, self.shortest = lag, shortest
        self._scores = iter(scores)

    def start(self) -> float:
        return 0.5

    def stay(self) -> float:
        return 0.4

    def score(self, frame: Sound) -> float:
        return next(self._scores)


def endpoints(rng: np.random.Generator) -> dict[str, Any]:
    """Cut a stream by scores that wander as speech's do; some utterances go on for too long."""
    steps = np.cumsum(rng.normal(0, 0.15, 3000))
    scores = np.abs(np.mod(steps, 2) - 1).tolist()  # reflected into 0..1
    lag, shortest = int(rng.integers(0, 1100)), int(rng.integers(0, 3000))
    hangover_ms = int(rng.integers(5, 60)) * 10
    endpointer = Endpointer(Scripted(scores, lag, shortest), hangover_ms)
    frames = np.repeat(np.arange(len(scores), dtype=np.float32)[:, None], HOP, axis=1)
    utterances = described(endpointer, frames)
    return {
        "scores": scores,
        "lag": lag,
        "shortest": shortest,
        "hangover_ms": hangover_ms,
        "utterances": utterances,
    }


def described(endpointer: Endpointer, frames: NDArray[np.float32]) -> list[list[float]]:
    """Return start, end, offset, length and first sample of each utterance."""
    found = [utterance for frame in frames for utterance in endpointer.feed(frame)]
    last = endpointer.finish()
    found += [] if last is None else [last]
    return [[u.start, u.end, u.offset, len(u.sound), float(u.sound[0])] for u in found]


def seconds(rng: np.random.Generator) -> dict[str, Sound]:
    """Return waveforms shorter than a second and longer, by what is special about each."""
    made = {
        f"{length} s of noise": 0.1 * rng.standard_normal(round(length * SAMPLE_RATE))
        for length in (0.3, 1.0, 1.7, 2.34)
    }
    made["a constant offset"] = 0.01 * rng.standard_normal(5_000) + 0.2
    made["a word in digital silence"] = np.zeros(3 * SAMPLE_RATE)
    made["a word in digital silence"][30_000:36_400] = word(3)
    made["a word, and a louder click far from it"] = 0.001 * rng.standard_normal(3 * SAMPLE_RATE)
    made["a word, and a louder click far from it"][30_000:36_400] += word(3)
    made["a word, and a louder click far from it"][2_000:2_100] += 0.9
    made["a word, and a louder burst of 30 ms"] = 0.001 * rng.standard_normal(2 * SAMPLE_RATE)
    made["a word, and a louder burst of 30 ms"][20_000:26_400] += word(3)
    made["a word, and a louder burst of 30 ms"][5_000:5_480] += 0.9 * rng.uniform(-1, 1, 480)
    made["a click in digital silence"] = np.zeros(2 * SAMPLE_RATE)
    made["a click in digital silence"][20_000:20_050] = 0.9
    made["digital silence"] = np.zeros(2 * SAMPLE_RATE)
    return {name: one.astype(np.float32) for name, one in made.items()}


def fitted(name: str, sound: Sound) -> dict[str, Any]:
    second = one_second(sound.astype(np.float64)).astype(np.float32)
    dbfs = decision.loudest_dbfs(sound)
    return {"name": name, "waveform": sound.tolist(), "second": second.tolist(), "dbfs": dbfs}


def cables(rng: np.random.Generator) -> dict[str, Sound]:
    """Return sounds of one channel and of several, (n, channels), by what is special about each."""
    left, right = rng.uniform(-0.5, 0.5, (2, 1_000)).astype(np.float32)
    return {
        "one channel": left[:, None],
        "two of the same": np.stack([left, left], axis=1),
        "two of different sounds": np.stack([left, right], axis=1),
        "one is silent": np.stack([np.zeros_like(left), right], axis=1),
        "they cancel each other": np.stack([left, -left], axis=1),
        "they cancel each other, the second is stronger": np.stack([left, -1.2 * left], axis=1),
        "both are offsets alone": np.full((1_000, 2), 0.1, np.float32),
    }


def mixed(name: str, channels: Sound) -> dict[str, Any]:
    mixer = Mixer(channels.shape[1])
    output = []
    blocks = np.array_split(channels.astype(np.float64), 3)
    for block in blocks:
        mixer.listen(block)
        output.append(mixer.mix(block))
    return {
        "name": name,
        "channels": channels.T.tolist(),
        "blocks": [len(block) for block in blocks],
        "mixed": np.concatenate(output).tolist(),
    }


def decisions(rng: np.random.Generator) -> list[dict[str, Any]]:
    cases = []
    for level, seconds in [(-30, 0.4), (-66, 0.4), (-30, 0.079), (-30, 1.51), (-200, 1.0)]:
        for likeliest in (0.2, 0.66, 0.999):
            rest = rng.dirichlet(np.ones(10)) * (1 - likeliest)
            given = rng.permutation(np.concatenate([[likeliest], rest])).astype(np.float32)
            reject = load_params().live.reject
            verdict = decision.decide(digits().labels, given, reject, level, seconds)
            cases.append(
                {
                    "probabilities": given.tolist(),
                    "level": level,
                    "seconds": seconds,
                    "verdict": verdict._replace(probabilities=given.tolist())._asdict(),
                }
            )
    return cases


def aligned(rng: np.random.Generator, frames: int) -> dict[str, Any]:
    """Return outputs of few classes, their best path, and the log-probability of its labels."""
    outputs = np.log(rng.dirichlet(np.full(4, 0.3), frames)).astype(np.float32)
    path = best_path(outputs)
    likely = log_probability(outputs, [one.label for one in path])
    return {
        "outputs": outputs.tolist(),
        "path": [one._asdict() for one in path],
        "log_probability": likely,
    }


def digits_of_tones(number: str) -> Sound:
    return np.concatenate([word(int(digit)) for digit in number])


def spoken_numbers() -> dict[str, Sound]:
    """Return two numbers, the first as long as a phone number, each by one voice."""
    if "CORPUS_MIRROR" not in os.environ:
        said = {"3685551": "three six eight, five five five one", "745": "seven four five"}
        spoken, rate = pronounce(*said.values(), voice="gmw/en-US")
        return {
            number: waveform(one, rate).astype(np.float32)
            for number, one in zip(said, spoken, strict=True)
        }
    mirror, quiet = streams.corpus_mirror("FSDD's archive"), np.zeros(round(0.15 * SAMPLE_RATE))
    numbers = {}
    for number, who in (("5550123", "theo"), ("867", "lucas")):
        by_label = {label: one for label, _, one in streams.fsdd(mirror, range(1), who)}
        parts = [part for digit in number for part in (by_label[digit], quiet)]
        numbers[number] = np.concatenate(parts).astype(np.float32)
    return numbers


def paused(numbers: Iterable[Sound]) -> Sound:
    """Return numbers in a room, with pauses after which each is complete."""
    return for_microphone(room(0.7, *(part for number in numbers for part in (number, 2.5))))


def for_microphone(sound: Sound) -> Sound:
    """Return a sound after a quiet room, as a browser loses the beginning, before digital silence.

    The page complains about this silence, and so tells that all was played.
    """
    return np.concatenate([room(8.0), sound, np.zeros(4 * SAMPLE_RATE, np.float32)])


def number_stream(folder: Path, file: str, models: Path, block: int) -> dict[str, Any]:
    """Return what a reader says of a file as a stream, after each block that changes it."""
    sound, _ = soundfile.read(folder / file, dtype="float32")
    ours = folder / models / NUMBERS  # the page that was built is not there yet
    model = load_number_model(ours if ours.is_file() else MODEL.with_name(NUMBERS))
    reader = NumberReader(model, load_params().live.reject)
    steps: list[dict[str, Any]] = []
    for at in range(0, len(sound), block):
        ended = [number_described(one) for one in reader.feed(sound[at : at + block])]
        so_far = words_described(reader.so_far())
        if ended or not steps or so_far != steps[-1]["so_far"]:
            steps.append({"fed": at + block, "ended": ended, "so_far": so_far})
    last = [number_described(one) for one in reader.finish()]
    of = {"file": file, "model": (models / NUMBERS).as_posix(), "block": block}
    return of | {"steps": steps, "last": last}


def number_described(number: Number) -> dict[str, Any]:
    return {"words": words_described(number.words), "confidence": number.confidence}


def words_described(words: Sequence[Read]) -> list[dict[str, Any]]:
    return [one._asdict() for one in words]


def numbers_read(path: Path, model: Path) -> list[dict[str, Any]]:
    """Return the numbers that predict_live.py reads in a file's stream."""
    sound, _ = soundfile.read(path, dtype="float32")
    return streams.hear(sound * np.float32(32768 / 32767), "--string", "--model", str(model))


if __name__ == "__main__":
    main()
