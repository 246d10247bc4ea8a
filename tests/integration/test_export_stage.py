"""The stage export, as a user runs it, on real recordings and a network that tells them apart."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import yaml
from support import speak

from spoken_digits.model.network import (
    SpectrogramNet,
    load_network,
    logits,
    probabilities,
    save_network,
)
from spoken_digits.model.vocal_tracts import TwoTracts
from spoken_digits.params import load_params
from spoken_digits.picture import mel
from spoken_digits.picture.convert import Conversion, convert_shard
from spoken_digits.shards import read_shard, write_shard
from spoken_digits.sound.decode import read_wav, wav_bytes, waveform
from spoken_digits.sound.one_second import one_second
from spoken_digits.training.calibration import round_to_half
from spoken_digits.vocabulary import digits

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "src" / "export.py"
SPLIT, EVALUATION = Path("data/split.csv"), Path("metrics/evaluate.json")
NETWORK, EXPORTED = Path("models/digits.safetensors"), Path("models/digits.onnx")
LISTENING = Path("models/listening.json")
ACCURACY = {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "n": 20}


def export(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, EXPORT], cwd=project, capture_output=True, text=True)


def telling_apart(images: np.ndarray) -> SpectrogramNet:
    """A network, not trained, whose answers to these pictures are many."""
    torch.manual_seed(0)
    network = SpectrogramNet(11).eval()
    with torch.no_grad():
        scores = logits(network, images)
        scale = 3 / scores.std(dim=0)
        network.classify.weight.mul_(scale[:, None])
        network.classify.bias.copy_((network.classify.bias - scores.mean(dim=0)) * scale)
    round_to_half(network)
    return network


def write_split(project: Path, subset: str) -> None:
    with (project / SPLIT).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["corpus", "speaker", "name", "label", "subset"])
        for digit in range(10):
            for speaker in ("anna", "ben"):
                table.writerow(["fsdd", speaker, f"{digit}_{speaker}_0.wav", digit, subset])


def seconds(project: Path) -> np.ndarray:
    """The test recordings as the graph takes them, (20, 16000), in order of their names."""
    sounds = [
        read_wav(content)
        for speaker in ("anna", "ben")
        for _, content in read_shard(project / f"data/raw/fsdd/{speaker}.zip")
    ]
    return np.stack([one_second(waveform(*sound)) for sound in sounds]).astype(np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A project on which the stage has run, and what it printed."""
    project = tmp_path_factory.mktemp("export")
    shutil.copy(ROOT / "params.yaml", project)
    settings = load_params(project / "params.yaml").spectrogram
    for speaker in ("anna", "ben"):
        raw = project / f"data/raw/fsdd/{speaker}.zip"
        members = [
            (f"{digit}_{speaker}_0.wav", wav_bytes(speak(digit, speaker, 0), 16_000))
            for digit in range(10)
        ]
        write_shard(raw, members)
        convert_shard(Conversion(raw, project / f"data/spectrograms/fsdd/{speaker}.zip", settings))
    write_split(project, "test")
    images = mel.images(seconds(project).astype(np.float64), settings)
    about = {"classes": digits().classes, "corpora": ["fsdd"]}
    save_network(telling_apart(images), project / NETWORK, about)
    (project / EVALUATION).parent.mkdir()
    (project / EVALUATION).write_text(json.dumps(ACCURACY | {"more": 1}), encoding="utf-8")
    finished = export(project)
    assert finished.returncode == 0, finished.stderr
    return project, finished, images


@pytest.fixture
def project(exported, tmp_path):
    return shutil.copytree(exported[0], tmp_path / "project")


@pytest.mark.slow
def test_the_graph_answers_as_the_network(exported):
    project, finished, images = exported
    assert "models/digits.onnx:" in finished.stdout
    assert "the same words as PyTorch on 20 recordings" in finished.stdout
    assert finished.stderr == ""
    session = onnxruntime.InferenceSession(project / EXPORTED)
    answers, pictures = session.run(["probabilities", "image"], {"waveform": seconds(project)})
    expected = probabilities(TwoTracts(load_network(project / NETWORK)), images)
    assert len(set(expected[:, :10].argmax(axis=1))) > 3, "this network tells nothing apart"
    assert np.array_equal(answers[:, :10].argmax(axis=1), expected[:, :10].argmax(axis=1))
    assert np.abs(pictures - images).max() <= 1
    metrics = json.loads((project / "metrics/export.json").read_text(encoding="utf-8"))
    assert metrics["bytes"] == (project / EXPORTED).stat().st_size <= 500_000
    assert metrics["checked_recordings"] == 20
    difference = float(np.abs(answers - expected).max())
    assert difference <= metrics["largest_probability_difference"] <= 0.01
    assert sorted((project / "models").iterdir()) == [
        project / EXPORTED,
        project / NETWORK,
        project / LISTENING,
    ]


def test_it_says_what_it_is(exported):
    project = exported[0]
    metadata = onnxruntime.InferenceSession(project / EXPORTED).get_modelmeta().custom_metadata_map
    assert metadata["format"] == "spoken-digits 1"
    assert json.loads(metadata["labels"]) == [*"0123456789", "other"]
    assert json.loads(metadata["corpora"]) == ["fsdd"]
    assert json.loads(metadata["accuracy"]) == ACCURACY
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    assert json.loads(metadata["spectrogram"]) == {"version": 2, **params["spectrogram"]}


def test_it_says_how_the_live_program_listens(exported):
    project = exported[0]
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    listening = json.loads((project / LISTENING).read_text(encoding="utf-8"))
    for key in ("reject", "hangover_ms", "detector"):
        assert listening[key] == params["live"][key]


@pytest.mark.slow
def test_the_same_bytes_again(exported, project):
    (project / EXPORTED).unlink()
    (project / LISTENING).unlink()
    (project / "metrics/export.json").unlink()
    assert export(project).returncode == 0
    for name in (EXPORTED, LISTENING, Path("metrics/export.json")):
        assert (project / name).read_bytes() == (exported[0] / name).read_bytes()


@pytest.mark.slow
def test_a_graph_that_hears_another_digit_is_not_written(project):
    """The pictures are another speaker's, as after an interrupted change of corpora."""
    pictures = project / "data/spectrograms/fsdd/anna.zip"
    members = list(read_shard(pictures))
    contents = [content for _, content in members]
    write_shard(
        pictures,
        [
            (name, content)
            for (name, _), content in zip(members, contents[5:] + contents[:5], strict=True)
        ],
    )
    before = (project / EXPORTED).read_bytes()
    finished = export(project)
    assert finished.returncode == 1
    assert "error: the exported graph hears another word than the PyTorch model in" in (
        finished.stderr
    )
    assert "of 20 test recordings: fsdd/" in finished.stderr
    assert "_anna_0.wav" in finished.stderr
    assert "_ben_0.wav" not in finished.stderr
    assert (project / EXPORTED).read_bytes() == before
    assert sorted((project / "models").iterdir()) == [
        project / EXPORTED,
        project / NETWORK,
        project / LISTENING,
    ]


def without(path: Path):
    return lambda project: (project / path).unlink()


def containing(path: Path, content: bytes):
    return lambda project: (project / path).write_bytes(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            without(SPLIT),
            "data/split.csv: No such file or directory. Make it with: dvc repro split",
        ),
        (
            lambda project: write_split(project, "train"),
            "data/split.csv: no recording in the test subset; see split in params.yaml",
        ),
        (without(NETWORK), "models/digits.safetensors: no such model. Make it with: dvc repro"),
        (containing(NETWORK, b"?" * 99), "models/digits.safetensors: not a model of this project"),
        (without(EVALUATION), "Make it with: dvc repro evaluate"),
        (containing(EVALUATION, b"{}"), "metrics/evaluate.json: 'accuracy'. Make it with: dvc"),
        (
            without(Path("data/raw/fsdd/ben.zip")),
            "data/raw: fsdd/0_ben_0.wav of the split is in no",
        ),
    ],
    ids=["split", "no test", "no model", "no such model", "evaluation", "another", "recordings"],
)
@pytest.mark.slow
def test_what_is_missing_is_named(project, change, words):
    (project / EXPORTED).unlink()
    change(project)
    finished = export(project)
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: ")
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (project / EXPORTED).exists()
