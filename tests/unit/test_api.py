"""spoken_digits in Python: load a model, predict what a recording says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from live_support import ROOT, murmur, room, save_model, word
from support import pronounce

import spoken_digits
from spoken_digits import Recogniser, RecordingError
from spoken_digits.vocabulary import digits


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    return spoken_digits.load(save_model(tmp_path_factory.mktemp("model") / "digits.onnx"))


def test_the_released_model_by_default_wherever_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = spoken_digits.load()
    words = "zero one two three four five six seven eight nine".split()
    clips, rate = pronounce(*words, "hello")
    assert [model.predict(clip, rate).label for clip in clips] == [*"0123456789", None]
    assert "models/released/digits.onnx, trained on espeak + pico + fsdd + " in repr(model)


def test_a_result_has_a_label_and_the_probabilities(model, tmp_path):
    soundfile.write(tmp_path / "seven.wav", room(0.2, word(7), 0.2), 16_000)
    result = model.predict(tmp_path / "seven.wav")
    assert result.label == "7"
    assert list(result.probabilities) == list(digits().classes)
    assert sum(result.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert result.confidence == result.probabilities["7"] > 0.9
    assert result.reason == ""
    assert str(result) == f"7  {result.confidence:.0%}"


def test_what_is_no_digit_has_no_label_but_a_reason(model):
    result = model.predict(room(murmur(0.5)), 16_000)
    assert result.label is None
    assert result.reason == "sounds like something else"
    assert str(result).startswith("not a digit (sounds like something else; nearest ")
    assert model.predict(np.zeros(8000), 16_000).reason == "too quiet: -197 dBFS"


def test_a_file_and_its_samples_give_the_same(model, tmp_path):
    samples = np.rint(room(0.2, word(4), 0.2) * 32767).astype(np.int16)
    soundfile.write(tmp_path / "4.wav", samples, 16_000)
    of_file = model.predict(str(tmp_path / "4.wav"))
    assert of_file == model.predict(samples, 16_000)
    assert of_file.label == model.predict((samples / 32768).tolist(), 16_000).label
    assert of_file.probabilities == pytest.approx(
        model.predict(samples / 32768, 16_000).probabilities, abs=1e-6
    )


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_any_rate_number_of_channels_and_depth(model, rate, dtype):
    sound = room(0.2, word(0), 0.2)
    wide = np.interp(np.arange(0, len(sound), 16_000 / rate), np.arange(len(sound)), sound)
    stereo = np.stack([wide, wide * 0.8], axis=1)
    scaled = np.rint(stereo * 32767) if dtype is np.int16 else stereo
    result = model.predict(scaled.astype(dtype), rate)
    assert result.probabilities == pytest.approx(
        model.predict(stereo.mean(axis=1), rate).probabilities, abs=1e-3
    )


@pytest.mark.parametrize(
    ("sound", "rate", "words"),
    [
        (
            np.zeros(0),
            16_000,
            r"a waveform of shape \(0,\); expected \(samples,\) or \(samples, channels\)",
        ),
        (np.zeros((2, 2, 2)), 16_000, r"a waveform of shape \(2, 2, 2\)"),
        (np.zeros(100), 10, "a sample rate of 10 Hz; 1000 to 768000 Hz can be right"),
        (np.zeros(160_001), 16_000, r"a waveform of 10.0 s, so not one word \(at most 10 s\)"),
        (np.zeros(100, np.int32), 16_000, "a waveform of int32; expected float in -1..1 or int16"),
        (np.full(100, np.nan), 16_000, "a waveform with samples that are not finite numbers"),
    ],
)
def test_waveforms_that_cannot_be_heard(model, sound, rate, words):
    with pytest.raises(RecordingError, match=words):
        model.predict(sound, rate)


def test_files_that_cannot_be_heard(model, tmp_path):
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(spoken_digits.UserError, match=r"text\.wav: not a sound file"):
        model.predict(tmp_path / "text.wav")
    with pytest.raises(RecordingError, match=r"none\.wav: cannot be read \(No such file"):
        model.predict("none.wav")


def test_a_rate_where_it_belongs(model, tmp_path):
    with pytest.raises(TypeError, match="a waveform needs its sample_rate, in Hz"):
        model.predict(np.zeros(100))
    with pytest.raises(TypeError, match="sample_rate is for a waveform; a file has its own"):
        model.predict("seven.wav", 16_000)


def test_a_model_that_is_not_there():
    with pytest.raises(spoken_digits.ModelError, match=r"none\.onnx: no such file"):
        spoken_digits.load("none.onnx")


def test_what_the_package_offers():
    assert set(spoken_digits.__all__) <= set(dir(spoken_digits))
    assert all(getattr(spoken_digits, name).__doc__ for name in spoken_digits.__all__)
    with pytest.raises(AttributeError, match="module 'spoken_digits' has no attribute 'lod'"):
        _ = spoken_digits.lod


def modules_after(code: str, folder: Path) -> set[str]:
    listing = "\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n{code}{listing}",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_costs_nothing(tmp_path):
    found = modules_after("import spoken_digits", tmp_path)
    assert {name for name in found if name.startswith("spoken_digits")} == {"spoken_digits"}
    assert not {"numpy", "onnxruntime", "pydantic"} & found


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_predicting_imports_neither_torch_nor_scipy(tmp_path, rate):
    soundfile.write(tmp_path / "seven.wav", room(0.2, word(7), 0.2), rate)
    found = modules_after(
        "import spoken_digits; spoken_digits.load().predict('seven.wav')", tmp_path
    )
    assert "onnxruntime" in found
    assert not {"torch", "scipy", "dvc", "onnx"} & found
