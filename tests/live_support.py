"""A model and words for the tests of listening: a digit is two tones, told by a real ONNX graph."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from spoken_digits.recording import FORMAT
from spoken_digits.sizes import SAMPLE_RATE, SECOND
from spoken_digits.vocabulary import digits

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "src" / "predict_live.py"
METADATA = {"labels": json.dumps(digits().classes), "sample_rate": "16000", "format": FORMAT}
WORDS = ("yes", "no", "lights-on")
OF_WORDS = METADATA | {"labels": json.dumps([*WORDS, "other"])}
"""The metadata of a model of WORDS: they sound as the digits 0, 1 and 2 do."""

FIRST = 400 + 250 * np.arange(10)
SECOND_HALF = 3000 + 250 * np.arange(10)
"""The tones, Hz, of a digit's first half and of its second."""


def word(digit: int, seconds: float = 0.4, loudness: float = 0.3) -> NDArray[np.float32]:
    """Say a digit's tones, one after the other, with soft ends, (seconds x 16000,)."""
    return _voice(FIRST[digit], SECOND_HALF[digit], seconds, loudness)


def murmur(seconds: float, loudness: float = 0.3) -> NDArray[np.float32]:
    """Make a voice that says no digit."""
    return _voice(2700, 1800, seconds, loudness)


def _voice(first: int, second: int, seconds: float, loudness: float) -> NDArray[np.float32]:
    """Make tones in pulses, 132 a second falling to 88, as vocal cords do: speech to a detector."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    soft = np.minimum(1, np.minimum(time, seconds - time) / 0.03)
    pulses = 110 * (1 + 0.2 * np.cos(np.pi * time / seconds))  # a second
    cords = 2 * np.pi * np.cumsum(pulses) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * np.where(time < seconds / 2, first, second) * time)
    low = np.sin(cords) + np.sin(2 * cords) / 2 + np.sin(3 * cords) / 3
    sound = (1 + np.cos(cords)) ** 2 / 4 * tone + 0.3 * low
    voice: NDArray[np.float64] = loudness * soft * sound / np.abs(sound).max()
    return voice.astype(np.float32)


def room(*parts: float | NDArray[np.float32], noise: float = 0.0005) -> NDArray[np.float32]:
    """Join words and pauses, s, in the steady noise of a room."""
    silent = [np.zeros(round(p * SAMPLE_RATE)) if isinstance(p, float) else p for p in parts]
    joined: NDArray[np.floating] = np.concatenate(silent)
    hum = np.random.default_rng(1).standard_normal(len(joined))
    return (joined + noise * hum).astype(np.float32)


def save_model(
    path: Path, metadata: dict[str, str] = METADATA, words: int = 10, others: int = 1
) -> Path:
    """Write a model in the exported one's form that hears these words, the first so many digits.

    A digit's logit is 80 times the product of its two tones' shares of the power at all tones and
    a hundredth of the rest's: half of a word is none. The logits of what is no word are 10.
    """
    tones = np.concatenate([FIRST[:words], SECOND_HALF[:words]])
    angle = 2 * np.pi * np.arange(SECOND)[:, None] * tones / SAMPLE_RATE
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    other = np.full((1, others), 10, np.float32)
    constants: dict[str, NDArray[Any]] = {
        "waves": waves,  # (16000, 4 words)
        "both": np.array([0, 2, 2 * words], np.int64),  # (n, 4 words) -> (n, 2, 2 words)
        "hundred": np.array(100, np.float32),
        "least": np.array(1e-3, np.float32),
        "eighty": np.array(80, np.float32),
        "other": other,
        "halves": np.array([words, words], np.int64),
        "one": np.array([1], np.int64),
        "width": np.array([others], np.int64),
        "zero": np.array([0], np.int64),
        "last": np.array([-1], np.int64),
    }
    make = helper.make_node
    nodes = [
        make("MatMul", ["waveform", "waves"], ["parts"]),
        make("Mul", ["parts", "parts"], ["squares"]),
        make("Reshape", ["squares", "both"], ["pairs"]),
        make("ReduceSum", ["pairs", "one"], ["power"], keepdims=0),  # (n, 2 words)
        make("Mul", ["waveform", "waveform"], ["energies"]),
        make("ReduceSum", ["energies", "one"], ["energy"]),  # (n, 1)
        make("Mul", ["energy", "hundred"], ["rest"]),
        make("ReduceSum", ["power", "one"], ["tones"]),
        make("Sum", ["rest", "tones", "least"], ["all"]),
        make("Div", ["power", "all"], ["share"]),
        make("Split", ["share", "halves"], ["firsts", "seconds"], axis=1),
        make("Mul", ["firsts", "seconds"], ["products"]),
        make("Mul", ["products", "eighty"], ["digits"]),
        make("Shape", ["waveform"], ["shape"]),
        make("Slice", ["shape", "zero", "one"], ["batch"]),
        make("Concat", ["batch", "width"], ["wide"], axis=0),
        make("Expand", ["other", "wide"], ["others"]),
        make("Concat", ["digits", "others"], ["logits"], axis=1),
        make("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tones",
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["batch", SECOND])],
        [
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, ["batch", words + others]
            )
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def save_number_model(path: Path, metadata: dict[str, str] = METADATA, words: int = 10) -> Path:
    """Write a model in the form of the one that reads numbers: a digit is the first of its tones.

    A digit's logit is 200 times its tone's share of the power of 40 ms; the blank's is 35.
    """
    step = 640
    angle = 2 * np.pi * np.arange(step)[:, None] * FIRST[:words] / SAMPLE_RATE
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    constants: dict[str, NDArray[Any]] = {
        "waves": waves,
        "frames": np.array([1, -1, step], np.int64),
        "both": np.array([0, 0, 2, words], np.int64),
        "axis": np.array([2], np.int64),
        "scale": np.array(200 * 2 / step, np.float32),
        "least": np.array(1e-2, np.float32),
        "pads": np.array([0, 0, 0, 0, 0, 1], np.int64),
        "blank": np.array(35, np.float32),
    }
    make = helper.make_node
    nodes = [
        make("Reshape", ["waveform", "frames"], ["cut"]),
        make("MatMul", ["cut", "waves"], ["parts"]),
        make("Mul", ["parts", "parts"], ["squares"]),
        make("Reshape", ["squares", "both"], ["pairs"]),
        make("ReduceSum", ["pairs", "axis"], ["power"], keepdims=0),
        make("Mul", ["cut", "cut"], ["energies"]),
        make("ReduceSum", ["energies", "axis"], ["energy"]),
        make("Add", ["energy", "least"], ["all"]),
        make("Div", ["power", "all"], ["share"]),
        make("Mul", ["share", "scale"], ["digits"]),
        make("Pad", ["digits", "pads", "blank"], ["logits"]),
        make("LogSoftmax", ["logits"], ["log_probabilities"], axis=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tones",
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, "samples"])],
        [
            helper.make_tensor_value_info(
                "log_probabilities", TensorProto.FLOAT, [1, "t", words + 1]
            )
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata | {"past": str(10 * step), "ahead": str(3 * step)})
    onnx.save(model, path)
    return path


def recognise_words(folder: Path) -> None:
    """Give a project the vocabulary WORDS, and released models of it."""
    params = folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert "vocabulary: digits " in text
    listed = f"vocabulary: [{', '.join(WORDS)}] "
    params.write_text(text.replace("vocabulary: digits ", listed), encoding="utf-8")
    released = folder / "models" / "released"
    save_model(released / "digits.onnx", OF_WORDS, words=len(WORDS))
    save_number_model(released / "numbers.onnx", OF_WORDS, words=len(WORDS))


def project(folder: Path) -> Path:
    """Make a folder from which the program can be run: params.yaml, and models in their place."""
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / "models" / "released").mkdir(parents=True)
    save_model(folder / "models" / "released" / "digits.onnx")
    save_number_model(folder / "models" / "released" / "numbers.onnx")
    return folder
