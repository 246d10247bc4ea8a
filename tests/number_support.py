"""A model in the form of the one that reads numbers, which hears tones; made in milliseconds."""

from pathlib import Path

import numpy as np
import onnx
from live_support import FIRST, METADATA, SAMPLE_RATE
from onnx import TensorProto, helper, numpy_helper

STEP = 640


def save_number_model(path: Path, past: int = 10 * STEP, ahead: int = 3 * STEP) -> Path:
    """Write a model for which a digit is the first of its two tones (live_support.word).

    A digit's logit is 200 times its tone's share of the power of 40 ms; the blank's is 35.
    """
    angle = 2 * np.pi * np.arange(STEP)[:, None] * np.array(FIRST) / SAMPLE_RATE
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    constants = {
        "waves": waves,
        "frames": np.array([1, -1, STEP], np.int64),
        "both": np.array([0, 0, 2, len(FIRST)], np.int64),
        "axis": np.array([2], np.int64),
        "scale": np.array(200 * 2 / STEP, np.float32),
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
        [helper.make_tensor_value_info("log_probabilities", TensorProto.FLOAT, [1, "t", 11])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, METADATA | {"past": str(past), "ahead": str(ahead)})
    onnx.save(model, path)
    return path
