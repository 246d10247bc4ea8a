"""Training that starts from a file's weights: only if they are the ones that are meant, and fit."""

from pathlib import Path

import pytest
import torch

from spoken_digits import vocabulary
from spoken_digits.model.network import ModelFileError, SpectrogramNet, save_network
from spoken_digits.params import load_params
from spoken_digits.picture.mel import described
from spoken_digits.training.start_from import StartError, load_start, pinned

PICTURE = load_params(Path(__file__).parents[3] / "params.yaml").spectrogram
YES_NO = vocabulary.parse(["yes", "no"])


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SpectrogramNet(3)


@pytest.fixture
def weights(network, tmp_path, monkeypatch):
    """A file of weights in the folder that training runs in."""
    monkeypatch.chdir(tmp_path)
    about = {"classes": ["yes", "no", "other"], "spectrogram": described(PICTURE)}
    save_network(network, Path("mine.safetensors"), about)
    return Path("mine.safetensors")


def test_a_file_is_named_with_the_beginning_of_its_digest(weights):
    name, _, digest = pinned(weights).rpartition("@")
    assert name == "mine.safetensors"
    assert len(digest) == 12


def test_the_network_that_is_named_and_what_it_says_of_itself(weights, network):
    found, about = load_start(pinned(weights), YES_NO, PICTURE)
    assert torch.equal(found.classify.weight, network.classify.weight.half().float())
    assert about["classes"] == ["yes", "no", "other"]


def test_a_file_that_is_missing(weights):
    named = pinned(weights)
    weights.unlink()
    with pytest.raises(StartError, match=r"train.start_from: mine.safetensors: no such file"):
        load_start(named, YES_NO, PICTURE)


def test_a_file_that_has_changed(weights, network):
    named = pinned(weights)
    about = {"classes": ["yes", "no", "other"], "spectrogram": described(PICTURE), "more": 1}
    save_network(network, weights, about)
    with pytest.raises(StartError, match=r"not with \w{12}.*set it to: " + pinned(weights)):
        load_start(named, YES_NO, PICTURE)


def test_weights_of_another_vocabulary(weights):
    words = r"its words are yes, no; those of vocabulary in params.yaml are 0, 1, 2, 3, 4, 5"
    with pytest.raises(StartError, match=words):
        load_start(pinned(weights), vocabulary.digits(), PICTURE)


def test_weights_for_another_picture(weights):
    other = PICTURE.model_copy(update={"highest_hz": 4000})
    words = r'"highest_hz": 8000.*now they are made with .*"highest_hz": 4000'
    with pytest.raises(StartError, match=words):
        load_start(pinned(weights), YES_NO, other)


def test_a_file_that_is_no_model(weights):
    weights.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="not a model of this project"):
        load_start(pinned(weights), YES_NO, PICTURE)
