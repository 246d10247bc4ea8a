"""The exported network that reads numbers: sound of any length in, log-probabilities out.

The front-end is the picture's (graph.py), up to the mel bands. The network's norms are folded into
its convolutions, and the weights of these are 255 levels, each output channel's on a scale of its
own: a byte a weight.
"""

import copy
from collections.abc import Mapping

import numpy as np
import onnx
import onnx.compose
import onnx.numpy_helper
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from spoken_digits.export.graph import exported, frontend, name_and_describe
from spoken_digits.model.sequence_network import SHRINK, SequenceNet
from spoken_digits.params import Spectrogram
from spoken_digits.picture.stream import QUIETEST_DB
from spoken_digits.sizes import SIZE

_LEVELS = 127  # on either side of zero


def build(
    network: SequenceNet, settings: Spectrogram, about: Mapping[str, object]
) -> onnx.ModelProto:
    """Return the graph of front-end and network, weights as bytes, with ``about`` as metadata.

    Input "waveform" (n, samples) float32, 16 kHz, a multiple of 640 samples; output
    "log_probabilities" (n, samples / 640, labels + 1), the blank last.
    """
    front, back = _levels(settings), _network(with_weights_of_a_byte(network))
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
    model = exported(
        network.eval(),
        example,
        {"levels_in": {0: torch.export.Dim("n"), 2: SHRINK * quarter}},
        "log_probabilities",
    )
    _store_as_bytes(model.graph)
    return model


def with_weights_of_a_byte(network: SequenceNet) -> SequenceNet:
    """Return a network in evaluation mode whose norms are folded and whose weights are levels.

    It says nearly the same. Of convolutions without a norm, the last one, weights are as they were.
    """
    small = copy.deepcopy(network).eval()
    for block in small.modules():
        if isinstance(block, nn.Sequential) and isinstance(block[0], nn.Conv2d):
            convolution, norm = block[0], block[1]
            assert isinstance(norm, nn.BatchNorm2d)
            folded = fuse_conv_bn_eval(convolution, norm)
            block[0], block[1] = folded, nn.Identity()
            step = _step(folded.weight.detach())
            folded.weight = nn.Parameter((folded.weight / step).round() * step)
    return small


def _step(weight: Tensor) -> Tensor:
    """Return the distance of levels, (outputs, 1, 1, 1), of weights (outputs, inputs, h, w)."""
    return weight.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1e-9) / _LEVELS


def _store_as_bytes(graph: onnx.GraphProto) -> None:
    """Keep weights that are levels as bytes; loading the model makes numbers of them again."""
    for tensor in list(graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.ndim != 4:
            continue
        step = _step(torch.from_numpy(array.copy())).numpy()
        levels = np.rint(array / step)
        if not np.allclose(levels * step, array, rtol=1e-5, atol=0):
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(levels.astype(np.int8), f"{name}_levels"))
        graph.initializer.append(onnx.numpy_helper.from_array(step, f"{name}_step"))
        cast = helper.make_node("Cast", [f"{name}_levels"], [f"{name}_wide"], to=TensorProto.FLOAT)
        graph.node.insert(0, helper.make_node("Mul", [f"{name}_wide", f"{name}_step"], [name]))
        graph.node.insert(0, cast)
