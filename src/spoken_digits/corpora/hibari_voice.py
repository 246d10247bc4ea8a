"""hibari's voice: phonemes become a waveform, by a neural network, the same bytes everywhere.

hibari-tts runs its network with onnxruntime, which chooses its kernels by the processor; nothing
can tell it which. Those for AVX2 cut a sum of two products of bytes off at 16 bits (255 x 127 twice
is 32767), those for VNNI do not. So NumPy computes the network here, from the weights in hibari's
own file. Each product of matrices is a sum of integers that float64 holds exactly, so that no order
of adding changes it. All else is done number by number, with kernels that arithmetic.py pins.

Two encoders read the phonemes. From the first follows how long each lasts, how high and how loud
the voice is; from the second and that, the spectrum of every frame. The names of the layers are
those of hibari-tts 0.2.1, whose README has the formula of the waveform.
"""

import hashlib
import json
import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import hibari
import numpy as np
import onnx
from hibari import dsp
from numpy.typing import NDArray

from spoken_digits.corpora.synthesis import WAY_ON, SynthesisError

SAMPLE_RATE = 24_000
_SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
_BINS = 601  # of a transform of 1,200 samples
_EDGE = 600  # samples at both ends, of which fewer transforms know: they click
_PAUSE = 4  # frames of 25 ms before a word, at the most; hibari makes a dozen
_HEADS = 2  # of attention
# An input times a weight has 42 bits, the sum of 2^10 such products 52; float64 holds 53.
_INPUT_BITS, _WEIGHT_BITS, _MOST_TERMS = 22, 20, 2**10

Array = NDArray[np.float64]


class _Matrix(NamedTuple):
    whole: Array
    """(inputs, outputs), integers of at most _WEIGHT_BITS bits."""
    step: float
    """What 1 of them stands for."""


class _Network(NamedTuple):
    ids: dict[str, int]
    """Of phonemes."""
    arrays: dict[str, Array]
    matrices: dict[str, _Matrix]
    taps: dict[str, int]
    """Of those matrices that are convolutions."""


def synthesise(
    phonemes: str, speed: float = 1.0, pitch: float = 1.0, liveliness: float = 1.0
) -> Array:
    """Return the sound of phonemes as misaki writes them, (n,) at SAMPLE_RATE, about +-0.3.

    Speed, pitch and the movement of the pitch are factors of the voice's own.
    Raises SynthesisError if hibari's file is not the expected one.
    """
    return _waveform(*_predicted(phonemes, speed, pitch, liveliness))


def _predicted(
    phonemes: str, speed: float = 1.0, pitch: float = 1.0, liveliness: float = 1.0
) -> tuple[list[Array], Array]:
    """Return five parts of the spectrum of t frames of 12.5 ms, (t, 601) each, and f0, (t,)."""
    network = _network()
    ids = np.array([0, *(network.ids[one] for one in phonemes), 0])
    text = _encoded(network, "pn", ids, layers=6)
    frames = np.repeat(np.arange(len(ids)), _durations(network, text, speed))
    f0, energy = _prosody(network, text[frames])
    f0 = _changed(f0, pitch, liveliness)
    text = np.repeat(_encoded(network, "m", ids, layers=4)[frames], 2, axis=0)
    return _spectra(network, text, f0, energy), f0


def _durations(network: _Network, text: Array, speed: float) -> NDArray[np.int64]:
    """Return for how many frames of 25 ms each phoneme is said, (l,)."""
    hidden = _gelu(_convolved(network, "pn.dur.0", text))
    log = _convolved(network, "pn.dur.2", hidden)[:, 0]
    lengths = np.maximum(np.rint((_exp(log) - 1) / speed), 1).astype(np.int64)
    lengths[0] = min(lengths[0], _PAUSE)
    return lengths


def _prosody(network: _Network, text: Array) -> tuple[Array, Array]:
    """Return the pitch, Hz, and the energy of frames of 12.5 ms, (2 t,) each; text is (t, c)."""
    x = _convolved(network, "pn.pro_in", text)
    for layer, dilation in enumerate((1, 2, 4, 8, 1, 2)):
        x = _block(network, f"pn.pro.{layer}", x, dilation)
    x = _convolved(network, "pn.pro_out", x)
    return 100 * x[:, :2].reshape(-1), x[:, 2:].reshape(-1)


def _changed(f0: Array, pitch: float, liveliness: float) -> Array:
    """Return another pitch; below 40 Hz is no voice, and what the network says of it stays."""
    voiced = f0 > 40
    mean = f0[voiced].mean() if voiced.any() else 0.0
    return np.where(voiced, pitch * (mean + liveliness * (f0 - mean)), f0)


def _spectra(network: _Network, text: Array, f0: Array, energy: Array) -> list[Array]:
    """Return five parts of the spectrum of every frame, (t, 601) each; see _waveform."""
    log = np.log(1 + np.maximum(f0, 0).astype(np.float32)) / 5
    x = _convolved(network, "m.dec_in", np.column_stack([text, log, energy]))
    for layer in range(8):
        x = _block(network, f"m.dec.{layer}", x)
    x = _linear(network, "m.head", _normalised(network, "m.dec_norm", x))
    return np.split(x, range(_BINS, 5 * _BINS, _BINS), axis=1)


def _waveform(parts: list[Array], f0: Array) -> Array:
    """Return the sound of a spectrum, (300 t - 1200,): filtered pulses, filtered noise, and a rest.

    This is hibari.dsp.synth, with uniform numbers for the noise, which take no logarithm of the C
    library's. Each sample is a sum of 1,200 of them, so it is normal all the same.
    """
    harmonic, harmonic_phase, noise, rest, rest_phase = parts
    pulses = dsp.stft(dsp.pulses(f0), len(f0)).T
    spectrum = _polar(harmonic, math.pi * _tanh(harmonic_phase)) * pulses
    # Of variance 1. The same each time: it is far softer than the rest.
    random = math.sqrt(12) * (np.random.default_rng(0).random((len(f0), _BINS, 2)) - 0.5)
    spectrum += _loud(noise) * (random[..., 0] + 1j * random[..., 1])
    spectrum += _polar(rest, rest_phase)
    sound: Array = dsp.ola(spectrum.T.astype(np.complex64)).astype(np.float64)
    return sound[_EDGE:-_EDGE]


def _polar(log: Array, phase: Array) -> NDArray[np.complex128]:
    radians = phase.astype(np.float32)
    return _loud(log) * (np.cos(radians) + 1j * np.sin(radians))


def _loud(log: Array) -> Array:
    return _exp(np.minimum(log, 7.0))


def _encoded(network: _Network, part: str, ids: NDArray[np.int64], layers: int) -> Array:
    """Return what an encoder makes of phonemes, (l, c)."""
    x = network.arrays[f"{part}.text.emb.weight"][ids]
    for layer in range(2):
        x = _block(network, f"{part}.text.convs.{layer}", x)
    attention = f"{part}.text.attn"
    for _ in range(layers):  # of the same weights
        x = x + _attention(
            network, f"{attention}.self_attn", _normalised(network, f"{attention}.norm1", x)
        )
        hidden = _linear(
            network, f"{attention}.linear1", _normalised(network, f"{attention}.norm2", x)
        )
        x = x + _linear(network, f"{attention}.linear2", _gelu(hidden))
    return _normalised(network, f"{part}.text.norm", x)


def _attention(network: _Network, name: str, x: Array) -> Array:
    projected = _linear(network, f"{name}.in_proj", x)
    heads = projected.reshape(len(x), 3, _HEADS, -1).transpose(1, 2, 0, 3)  # (3, heads, l, c)
    said = [
        _product(_softmax(_product(q, _as_matrix(k.T)) / math.sqrt(q.shape[1])), _as_matrix(v))
        for q, k, v in heads.transpose(1, 0, 2, 3)
    ]
    return _linear(network, f"{name}.out_proj", np.concatenate(said, axis=1))


def _block(network: _Network, name: str, x: Array, dilation: int = 1) -> Array:
    """A block of ConvNeXt (Liu et al. 2022) over time: (t, c) -> (t, c)."""
    taps = network.arrays[f"{name}.dw.weight"][:, 0]  # (c, taps)
    windows = _windows(x, taps.shape[1], dilation)
    y = network.arrays[f"{name}.dw.bias"] + sum(
        window * tap for window, tap in zip(windows, taps.T, strict=True)
    )
    y = _gelu(_linear(network, f"{name}.pw1", _normalised(network, f"{name}.norm", y)))
    return x + network.arrays[f"{name}.gamma"] * _linear(network, f"{name}.pw2", y)


def _convolved(network: _Network, name: str, x: Array) -> Array:
    return _linear(network, name, np.concatenate(_windows(x, network.taps[name], 1), axis=1))


def _windows(x: Array, taps: int, dilation: int) -> list[Array]:
    """Return x, (t, c), as each tap of a convolution sees it; beyond its ends is nothing."""
    reach = taps // 2 * dilation
    padded = np.pad(x, ((reach, reach), (0, 0)))
    return [padded[tap * dilation : tap * dilation + len(x)] for tap in range(taps)]


def _linear(network: _Network, name: str, x: Array) -> Array:
    return _product(x, network.matrices[name]) + network.arrays[f"{name}.bias"]


def _product(x: Array, matrix: _Matrix) -> Array:
    """Return the product of x, (t, inputs), rounded to _INPUT_BITS, and a matrix: exact."""
    exponent = _INPUT_BITS - math.frexp(np.abs(x).max())[1]
    whole: Array = np.rint(np.ldexp(x, exponent)) @ matrix.whole
    return whole * math.ldexp(matrix.step, -exponent)


def _as_matrix(weights: Array) -> _Matrix:
    assert len(weights) <= _MOST_TERMS
    exponent = _WEIGHT_BITS - math.frexp(np.abs(weights).max())[1]
    return _Matrix(np.rint(np.ldexp(weights, exponent)), math.ldexp(1, -exponent))


def _normalised(network: _Network, name: str, x: Array) -> Array:
    x = x - x.mean(axis=1, keepdims=True)
    x /= np.sqrt(np.square(x).mean(axis=1, keepdims=True) + 1e-5)
    return x * network.arrays[f"{name}.weight"] + network.arrays[f"{name}.bias"]


def _gelu(x: Array) -> Array:
    """Return x times the normal distribution's function of x, by tanh (Hendrycks, Gimpel 2016)."""
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + _tanh(inner))


def _softmax(x: Array) -> Array:
    powers = _exp(x - x.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


# NumPy's own kernels: those of float64 are the C library's, or another processor's.
def _exp(x: Array) -> Array:
    return np.exp(x.astype(np.float32)).astype(np.float64)


def _tanh(x: Array) -> Array:
    return np.tanh(x.astype(np.float32)).astype(np.float64)


@cache
def _network() -> _Network:
    """Read hibari's network. Raises SynthesisError if its file is not the expected one."""
    assets = Path(hibari.__file__).parent / "assets"
    try:
        content = (assets / "hibari.onnx").read_bytes()
        ids = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthesisError(f"hibari's voice cannot be read: {error}. {WAY_ON}") from None
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise SynthesisError(
            f"{assets / 'hibari.onnx'} is not the voice of hibari-tts 0.2.1. Install that again. "
            f"{WAY_ON}"
        )
    graph = onnx.load_from_string(content).graph
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    matrices, taps = {}, {}
    user = {name: node for node in graph.node for name in node.input}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            # Its result is made a float, scaled, and added to a bias, which has the layer's name.
            added = user[user[user[node.output[0]].output[0]].output[0]]
            quantised = node.input[1]
            step = arrays[quantised.replace("_quantized", "_scale")]
            bias = added.input[0]
            name = bias.removesuffix("bias")[:-1]
            arrays[f"{name}.bias"] = arrays[bias]
            matrices[name] = _Matrix(arrays[quantised].astype(np.float64), float(step))
    for name in ("pn.dur.0", "pn.dur.2", "pn.pro_in", "pn.pro_out", "m.dec_in"):
        weights = arrays[f"{name}.weight"].astype(np.float64)  # (outputs, inputs, taps)
        taps[name] = weights.shape[2]
        matrices[name] = _as_matrix(weights.transpose(2, 1, 0).reshape(-1, len(weights)))
    return _Network(ids, {k: v.astype(np.float64) for k, v in arrays.items()}, matrices, taps)
