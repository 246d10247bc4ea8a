"""The exported graph takes the picture of mel.py and answers as the PyTorch network."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support import speak

from spoken_digits.export import graph
from spoken_digits.model.network import SpectrogramNet, logits, probabilities
from spoken_digits.params import Spectrogram
from spoken_digits.picture import mel
from spoken_digits.sizes import SAMPLE_RATE, SECOND
from spoken_digits.sound.one_second import one_second
from spoken_digits.training.calibration import round_to_half
from spoken_digits.vocabulary import digits

USUAL = Spectrogram(window_ms=25, lowest_hz=20, highest_hz=8000, depth_db=80)
SETTINGS = [
    USUAL,
    Spectrogram(window_ms=10, lowest_hz=0, highest_hz=3000, depth_db=20),
    Spectrogram(window_ms=32, lowest_hz=500, highest_hz=8000, depth_db=90),
]
ABOUT = {"format": "spoken-digits 1", "labels": list(digits().classes), "sample_rate": 16_000}
# Weights as float32 would take twice the room; the live program's budget is for the whole file.
LARGEST = 500_000
OUTPUTS = ["probabilities", "image"]


def _sounds() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    time = np.arange(SECOND) / SAMPLE_RATE
    noise = chance.standard_normal(SECOND)
    word = np.convolve(noise, np.sin(2 * np.pi * 700 * time[:200]) * np.hanning(200), "same")
    return {
        "a chord": one_second(speak(3, "anna", 0) / 32768),
        "a vowel": word * np.exp(-(((time - 0.4) / 0.1) ** 2)) / 20,
        "noise": noise / 10,
        "silence": np.zeros(SECOND),
        "one sample": np.eye(1, SECOND, 8080)[0],
        "the last bit": chance.integers(-1, 2, SECOND) / 32768,
        "tiny": noise * 1e-8,
        "clipped": np.clip(5 * np.sin(2 * np.pi * 200 * time) + noise, -1, 1),
        "a square wave": np.sign(np.sin(2 * np.pi * 300 * time + 0.1)),
        "a tone": np.sin(2 * np.pi * 1000 * time),
        "sound at the edges": noise * (np.abs(time - 0.5) > 0.45),
    }


SOUNDS = _sounds()
WAVEFORMS = np.stack(list(SOUNDS.values())).astype(np.float32)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def network():
    """A network whose answers differ, as a trained one's do."""
    torch.manual_seed(3)
    network = SpectrogramNet(11).eval()
    pictures = mel.images(WAVEFORMS.astype(np.float64), USUAL)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_mean"):
                value.normal_(0, 0.3)
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
        scores = logits(network, pictures)
        scale = 3 / scores.std(dim=0)
        network.classify.weight.mul_(scale[:, None])
        network.classify.bias.copy_((network.classify.bias - scores.mean(dim=0)) * scale)
        network.temperature.fill_(1.37)
    round_to_half(network)
    return network


@pytest.fixture(
    scope="module",
    params=[USUAL, *(pytest.param(one, marks=pytest.mark.slow) for one in SETTINGS[1:])],
    ids=["usual", "narrow", "wide"],
)
def exported(request, network):
    """Settings, and the model made for them."""
    return request.param, graph.build(network, request.param, ABOUT)


@pytest.fixture(scope="module")
def session(exported):
    return onnxruntime.InferenceSession(exported[1].SerializeToString())


@pytest.fixture(scope="module")
def answers(session):
    return session.run(OUTPUTS, {"waveform": WAVEFORMS})


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_picture_is_the_front_ends(exported, answers, sound):
    index = list(SOUNDS).index(sound)
    expected = mel.images(WAVEFORMS[index][None].astype(np.float64), exported[0])[0]
    picture = answers[1][index]
    assert picture.dtype == np.float32
    assert np.array_equal(picture, np.rint(picture)), "grey levels are whole"
    assert np.abs(picture - expected).max() <= 1
    assert (picture != expected).mean() < 0.001


@pytest.mark.parametrize(
    ("settings", "pads"), list(zip(SETTINGS, [[120, 120], [0, 0], [176, 176]], strict=True))
)
def test_the_waveform_is_padded_by_half_of_what_a_window_is_longer_than_a_hop(settings, pads):
    """Windows of 400, 160 and 512 samples, a hop of 160."""
    (transform,) = [node for node in graph.frontend(settings).graph.node if node.op_type == "Conv"]
    attributes = {
        attribute.name: onnx.helper.get_attribute_value(attribute)
        for attribute in transform.attribute
    }
    assert attributes == {"strides": [160], "pads": pads}


@pytest.mark.parametrize(("before", "after"), [(-8, 8), (8, -8)])
def test_a_wrong_pad_shows_in_the_picture(before, after):
    """The tests of pictures could fail: half a millisecond sooner or later is another picture."""
    model = graph.frontend(USUAL)
    (pads,) = [
        attribute
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.name == "pads"
    ]
    pads.ints[:] = [pads.ints[0] + before, pads.ints[1] + after]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (pictures,) = session.run(["image"], {"waveform": WAVEFORMS})
    expected = mel.images(WAVEFORMS.astype(np.float64), USUAL)
    assert np.abs(pictures - expected).max() > 1
    assert (pictures != expected).mean() > 0.001


def test_sounds_have_different_pictures_however_loud(answers):
    pictures = dict(zip(SOUNDS, answers[1], strict=True))
    difference = pictures.pop("tiny") - pictures["noise"]
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 0.001
    assert len({picture.tobytes() for picture in pictures.values()}) == len(pictures)


def test_silence_is_black(answers):
    assert not answers[1][list(SOUNDS).index("silence")].any()


def test_the_answer_is_pytorchs(network, answers):
    expected = probabilities(network, answers[1].astype(np.uint8))
    assert np.ptp(expected, axis=0).max() > 0.2, "this network tells nothing apart"
    assert answers[0].shape == (len(SOUNDS), len(digits().classes))
    assert np.abs(answers[0] - expected).max() < 5e-4


def test_any_number_at_a_time(session, answers):
    for index in range(len(SOUNDS)):
        alone, picture = session.run(OUTPUTS, {"waveform": WAVEFORMS[index : index + 1]})
        assert alone.shape == (1, len(digits().classes))
        assert np.abs(alone[0] - answers[0][index]).max() < 1e-4
        assert np.array_equal(picture[0], answers[1][index])
    many, _ = session.run(OUTPUTS, {"waveform": np.concatenate([WAVEFORMS] * 10)})
    assert np.allclose(many, np.tile(answers[0], (10, 1)), atol=1e-4)


def test_inputs_outputs_and_metadata(exported, session):
    described = [(port.name, port.type, port.shape[1:]) for port in session.get_inputs()]
    assert described == [("waveform", "tensor(float)", [16_000])]
    described = {port.name: (port.type, port.shape[1:]) for port in session.get_outputs()}
    assert described == {
        "probabilities": ("tensor(float)", [11]),
        "image": ("tensor(float)", [100, 100]),
    }
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["format"] == "spoken-digits 1"
    assert json.loads(metadata["labels"]) == list(digits().classes)
    assert json.loads(metadata["sample_rate"]) == 16_000
    assert set(metadata) == set(ABOUT)


def test_small_and_whole(exported, tmp_path):
    path = tmp_path / "models" / "digits.onnx"
    graph.save(exported[1], path)
    assert path.stat().st_size <= LARGEST
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert [file.name for file in path.parent.iterdir()] == ["digits.onnx"]


def test_nothing_of_this_machine(exported):
    content = exported[1].SerializeToString()
    for trace in (b".py", b"site-packages", b"/home", torch.__version__.encode()):
        assert trace not in content


@pytest.mark.slow
def test_the_same_bytes_twice_without_a_word(network, tmp_path, capfd):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    paths = tmp_path / "first.onnx", tmp_path / "second.onnx"
    for path in paths:
        graph.save(graph.build(network, USUAL, ABOUT), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    shown = capfd.readouterr()
    assert shown.out + shown.err == "", "the exporter talks to the user"
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
