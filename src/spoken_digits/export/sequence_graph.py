"""The exported network that reads numbers: sound of any length in, log-probabilities out.

The front-end is the picture's (graph.py), up to the mel bands.
"""

from collections.abc import Mapping

import numpy as np
import onnx
import onnx.compose
import onnx.numpy_helper
import torch
from onnx import TensorProto, helper

from spoken_digits.export.graph import exported, frontend, name_and_describe
from spoken_digits.model.sequence_network import SHRINK, SequenceNet
from spoken_digits.params import Spectrogram
from spoken_digits.picture.stream import QUIETEST_DB
from spoken_digits.sizes import SIZE


def build(
    network: SequenceNet, settings: Spectrogram, about: Mapping[str, object]
) -> onnx.ModelProto:
    """Return the graph of front-end and network, weights as float16, with ``about`` as metadata.

    Input "waveform" (n, samples) float32, 16 kHz, a multiple of 640 samples; output
    "log_probabilities" (n, samples / 640, labels + 1), the blank last.
    """
    front, back = _levels(settings), _network(network)
    joined = onnx.compose.merge_models(front, back, io_map=[("levels", "levels_in")])
    name_and_describe(joined, "spoken_numbers", about)
    onnx.checker.check_model(joined, full_check=True)
    return joined


def _levels(settings: Spectrogram) -> onnx.ModelProto:
    """Return the picture's front-end as far as the mel bands, for any length, and these in dB."""
    model = frontend(settings)
    graph = model.graph
    names = [name for node in graph.node for name in node.output]
    nodes = [node for node in graph.node if names.index(node.output[0]) <= names.index("mel")]
    nodes += [
        helper.make_node("Max", ["mel", "quietest"], ["audible"]),
        helper.make_node("Log", ["audible"], ["logarithm"]),
        helper.make_node("Mul", ["logarithm", "decibels_a_neper"], ["levels"]),
    ]
    used = {name for node in nodes for name in node.input}
    constants = [one for one in graph.initializer if one.name in used]
    constants += [
        onnx.numpy_helper.from_array(np.array(value, np.float32), name)
        for name, value in (
            ("quietest", 10 ** (QUIETEST_DB / 10)),
            ("decibels_a_neper", 10 / np.log(10)),
        )
    ]
    cut = helper.make_graph(
        nodes,
        "frontend",
        [helper.make_tensor_value_info("waveform", TensorProto.FLOAT, ["n", "samples"])],
        [helper.make_tensor_value_info("levels", TensorProto.FLOAT, ["n", SIZE, "frames"])],
        constants,
    )
    return helper.make_model(cut, opset_imports=model.opset_import, ir_version=model.ir_version)


def _network(network: SequenceNet) -> onnx.ModelProto:
    quarter = torch.export.Dim("quarter", min=2, max=100_000)
    # The exporter takes a size of one for a constant.
    example = torch.zeros(2, SIZE, 8 * SHRINK)
    return exported(
        network.eval(),
        example,
        {"levels_in": {0: torch.export.Dim("n"), 2: SHRINK * quarter}},
        "log_probabilities",
    )
