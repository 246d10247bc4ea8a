"""The exported graph: front-end and network in one, from waveform to probabilities.

The front-end is that of picture/mel.py in float32. Its Fourier transform is a convolution with
cosines and sines (ONNX's DFT is slow in browsers), looked up in a table while the model loads, so
that the file holds 512 numbers rather than 205,600.
"""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.compose
import onnx.numpy_helper
import onnx.parser
import torch
from torch import Tensor, nn

from spoken_digits.errors import UserError
from spoken_digits.files import replacing
from spoken_digits.model.network import Classifier
from spoken_digits.params import Spectrogram
from spoken_digits.picture.mel import (
    HEADROOM,
    LEAST_WHITE,
    LOUD_FRAMES,
    N_FFT,
    analysis_window,
    mel_filters,
    slow_waves,
)
from spoken_digits.sizes import HOP, SECOND, SIZE

OPSET = 18
_SMALL = 256  # numbers; constants with fewer stay float32


class _Probabilities(nn.Module):
    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.network(pictures)
        return (logits / self.network.temperature).softmax(dim=1)


def build(
    network: Classifier, settings: Spectrogram, about: Mapping[str, object]
) -> onnx.ModelProto:
    """Return the graph of front-end and network, weights as float16, with ``about`` as metadata.

    Input "waveform" (n, 16000) float32; outputs "probabilities" (n, classes) and "image"
    (n, 100, 100).
    """
    front, back = frontend(settings), _network(network)
    joined = onnx.compose.merge_models(
        front, back, io_map=[("image", "pictures")], outputs=["probabilities", "image"]
    )
    name_and_describe(joined, "spoken_digits", about)
    onnx.checker.check_model(joined, full_check=True)
    return joined


def name_and_describe(model: onnx.ModelProto, name: str, about: Mapping[str, object]) -> None:
    """Give a graph its name, its producer's, and ``about`` as metadata."""
    model.graph.name = name
    model.producer_name, model.producer_version = "spoken-digits", ""
    del model.metadata_props[:]
    onnx.helper.set_model_props(
        model,
        {
            key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            for key, value in sorted(about.items())
        },
    )


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the graph, the same bytes for the same model, whole or not at all."""
    with replacing(path) as partial:
        partial.write_bytes(model.SerializeToString(deterministic=True))


def checked_size(path: Path, largest: int) -> int:
    """Return the bytes of an exported model. Raises UserError if they are more than ``largest``."""
    size = path.stat().st_size
    if size > largest:
        raise UserError(f"the exported model has {size} bytes, more than {largest}")
    return size


def _frontend_text(before: int, after: int) -> str:
    """Return the front-end as ONNX's text, without its constants.

    waveform (n, 16000) in -1..1 -> image (n, 100, 100), grey levels 0-255, row 0 the highest band.
    ``before`` and ``after`` are the samples of silence that are added to the waveform's ends.
    """
    return f"""
<ir_version: 10, opset_import: ["" : {OPSET}]>
frontend (float[n, {SECOND}] waveform) => (float[n, {SIZE}, {SIZE}] image)
{{
  # Cosines and sines of every bin and sample: angle k * t modulo the transform's length.
  bins = Range (zero, bin_count, one)
  samples = Range (zero, width, one)
  bin_column = Unsqueeze (bins, last)
  turns = Mul (bin_column, samples)
  cosine_at = Mod (turns, points)
  quarter_on = Add (cosine_at, quarter)
  sine_at = Mod (quarter_on, points)
  cosines = Gather (cosine_table, cosine_at)
  sines = Gather (cosine_table, sine_at)
  both = Concat <axis = 0> (cosines, sines)
  of_slow_waves = MatMul (both, slow_waves)
  slow_waves_across = Transpose (slow_waves)
  slow_part = MatMul (of_slow_waves, slow_waves_across)
  quick_part = Sub (both, slow_part)
  windowed = Mul (quick_part, window)
  kernels = Unsqueeze (windowed, middle)

  channel = Unsqueeze (waveform, middle)
  spectrum = Conv <strides = [{HOP}], pads = [{before}, {after}]> (channel, kernels)
  squared = Mul (spectrum, spectrum)
  real, imaginary = Split <axis = 1, num_outputs = 2> (squared)
  power = Add (real, imaginary)

  no_filters = ConstantOfShape (filters_shape)
  filters = ScatterND (no_filters, filter_places, filter_weights)
  mel = MatMul (filters, power)

  loudest = ReduceMax (mel, band_and_frame)
  frame_levels = ReduceMax (mel, band_axis)
  loud_frames, unused = TopK <axis = 2> (frame_levels, loud_frame)
  level = ReduceMin (loud_frames, frame_axis)
  above_level = Mul (level, headroom)
  least_white = Mul (loudest, least_share)
  white_power = Max (above_level, least_white)
  divisor = Max (white_power, tiny)
  relative = Div (mel, divisor)
  at_most_white = Min (relative, full)
  bounded = Max (at_most_white, floor)
  logarithm = Log (bounded)
  shades = Mul (logarithm, shades_per_neper)
  raised = Add (shades, white)
  rounded = Round (raised)
  # Silence has no loudest pixel: black, not white.
  sounds = Greater (loudest, tiny)
  sounding = Cast <to = 1> (sounds)
  image = Mul (rounded, sounding)
}}
"""


def frontend(settings: Spectrogram) -> onnx.ModelProto:
    """Return the graph from waveform (n, 16000) to image (n, 100, 100)."""
    window = analysis_window(settings)
    before = (len(window) - HOP) // 2
    after = len(window) - HOP - before
    model = onnx.parser.parse_model(_frontend_text(before, after))
    filters = mel_filters(settings)[::-1]  # the highest band comes first
    places = np.argwhere(filters)
    integers = {
        "zero": 0,
        "one": 1,
        "bin_count": N_FFT // 2 + 1,
        "width": len(window),
        "points": N_FFT,
        "quarter": 3 * N_FFT // 4,
        "last": [-1],
        "band_and_frame": [1, 2],
        "band_axis": [1],
        "loud_frame": [LOUD_FRAMES],
        "frame_axis": [2],
        "filters_shape": filters.shape,
        "filter_places": places,
        "middle": [1],
    }
    floats = {
        "cosine_table": np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT),
        "window": window,
        "slow_waves": slow_waves(window),
        "headroom": HEADROOM,
        "least_share": LEAST_WHITE,
        "full": 1.0,
        "filter_weights": filters[tuple(places.T)],
        "tiny": 1e-30,
        "floor": 10 ** (-settings.depth_db / 10),
        "shades_per_neper": 10 / np.log(10) / settings.depth_db * 255,
        "white": 255.0,
    }
    for name, value in integers.items():
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(np.array(value, np.int64), name)
        )
    for name, number in floats.items():
        array = np.array(number, np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return model


def _network(network: Classifier) -> onnx.ModelProto:
    # The exporter traces a batch of two: it takes a batch of one for a constant.
    pictures = torch.zeros(2, SIZE, SIZE)
    return exported(
        _Probabilities(network).eval(),
        pictures,
        {"pictures": {0: torch.export.Dim("n")}},
        "probabilities",
    )


def exported(
    module: nn.Module, example: Tensor, dynamic: dict[str, dict[int, Any]], output: str
) -> onnx.ModelProto:
    """Return a module's graph, its large weights as float16, nothing in it of this machine.

    ``dynamic`` names the one input, and says which of its dimensions may have any size.
    """
    (name,) = dynamic
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # torchvision is not needed
    with (
        contextlib.redirect_stdout(io.StringIO()),  # its progress report
        warnings.catch_warnings(action="ignore", category=FutureWarning),  # its own affairs
    ):
        program = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            optimize=False,  # it would fold norms into weights, which float16 does not then hold
            opset_version=OPSET,
            input_names=[name],
            output_names=[output],
            dynamic_shapes=(dynamic[name],),
        )
    assert program is not None
    model = program.model_proto
    model.ir_version = 10
    del model.graph.value_info[:]
    for node in model.graph.node:  # traces of this machine's files
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.metadata_props[:]
    _store_as_half(model.graph)
    return model


def _store_as_half(graph: onnx.GraphProto) -> None:
    """Keep large weights as float16, which they are exactly; loading the model widens them."""
    for index, tensor in enumerate(graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        half = array.astype(np.float16)
        if array.dtype != np.float32 or array.size < _SMALL or not np.array_equal(half, array):
            continue
        stored = f"{tensor.name}_half"
        graph.node.insert(
            0,
            onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT),
        )
        graph.initializer[index].CopyFrom(onnx.numpy_helper.from_array(half, stored))
