"""The network and its file: what it gives, and what is said of a file that is not one."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from spoken_digits.model.network import (
    ModelFileError,
    SpectrogramNet,
    load_network,
    logits,
    probabilities,
    read_about,
    read_classes,
    save_network,
)
from spoken_digits.training.calibration import round_to_half
from spoken_digits.vocabulary import digits

ABOUT = {"classes": list(digits().classes), "corpora": ["espeak"], "spectrogram": {"depth_db": 80}}

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 100, 100), np.uint8)


def test_small_enough(network):
    assert sum(parameter.numel() for parameter in network.parameters()) <= 250_000


@pytest.mark.parametrize("n", [0, 1, 7])
def test_probabilities_of_any_number_of_pictures(network, images, n):
    result = probabilities(network, images[:n])
    assert result.shape == (n, len(digits().classes))
    assert result.dtype == np.float32
    assert np.allclose(result.sum(axis=1), 1)
    assert (result >= 0).all()


def test_a_picture_is_heard_alike_in_any_company(network, images):
    together = probabilities(network, images)
    alone = np.concatenate([probabilities(network, image[None]) for image in images])
    assert np.allclose(together, alone, atol=1e-6)


def test_more_pictures_than_a_batch(network, images):
    many = np.concatenate([images] * 80)
    assert np.allclose(
        probabilities(network, many), np.tile(probabilities(network, images), (80, 1)), atol=1e-6
    )


def test_black_and_white_pictures(network):
    flat = np.zeros((2, 100, 100), np.uint8)
    flat[1] = 255
    assert np.isfinite(probabilities(network, flat)).all()


def test_pictures_are_told_apart(network, images):
    assert np.ptp(logits(network, images).numpy(), axis=0).min() > 0


def test_judging_is_not_training(images):
    network = SpectrogramNet(11).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first, second = probabilities(network, images), probabilities(network, images)
    assert np.array_equal(first, second), "dropout is on"
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("classes", [3, 61])
def test_any_number_of_classes(classes, images, tmp_path):
    network = SpectrogramNet(classes).eval()
    assert probabilities(network, images).shape == (7, classes)
    assert probabilities(network, images[:0]).shape == (0, classes)
    labels = [*(f"word-{number}" for number in range(classes - 1)), "other"]
    save_network(network, tmp_path / "words.safetensors", {"classes": labels})
    assert read_classes(tmp_path / "words.safetensors") == tuple(labels)
    assert probabilities(load_network(tmp_path / "words.safetensors"), images).shape == (7, classes)


@pytest.mark.parametrize(
    "classes", [None, [], ["other"], ["yes", "no"], ["other", "yes"], "other", 11], ids=str
)
@pytest.mark.parametrize("read", [load_network, read_classes])
def test_classes_are_words_and_then_other(saved, read, classes):
    rewrite(saved, metadata=about(classes=classes))
    with pytest.raises(ModelFileError) as caught:
        read(saved)
    assert str(caught.value) == f"{saved}: does not say which words it recognises ({classes!r})"


def test_weights_of_another_number_of_classes_than_the_file_says(saved):
    rewrite(saved, metadata=about(classes=["yes", "no", "other"]))
    with pytest.raises(ModelFileError, match=r"(?s)does not fit this network .*classify\.weight"):
        load_network(saved)


def test_a_temperature_divides_logits(network, images):
    hot = SpectrogramNet(11)
    hot.load_state_dict(network.state_dict())
    hot.temperature.fill_(2.5)
    assert torch.equal(logits(hot, images), logits(network, images))
    expected = (logits(network, images) / 2.5).softmax(dim=1).numpy()
    assert np.allclose(probabilities(hot, images), expected, atol=1e-7)


@pytest.fixture
def saved(tmp_path, network):
    path = tmp_path / "models" / "digits.safetensors"
    network.temperature.fill_(1.5)
    save_network(network, path, ABOUT)
    return path


def test_what_is_saved_is_loaded(saved, network, images):
    loaded = load_network(saved)
    assert not loaded.training
    assert all(value.dtype != torch.float16 for value in loaded.state_dict().values())
    assert loaded.temperature == 1.5
    rounded = SpectrogramNet(11)
    rounded.load_state_dict(network.state_dict())
    round_to_half(rounded)
    assert np.array_equal(probabilities(loaded, images), probabilities(rounded, images))


def test_what_it_says_of_itself(saved):
    assert read_about(saved) == {"format": "spoken-digits 1", **ABOUT}


def test_the_same_bytes_twice(saved, network, tmp_path):
    again = tmp_path / "again.safetensors"
    save_network(network, again, dict(reversed(ABOUT.items())))
    assert again.read_bytes() == saved.read_bytes()
    save_network(load_network(saved), again, ABOUT)
    assert again.read_bytes() == saved.read_bytes()


def test_nothing_is_left_beside_it(saved):
    assert list(saved.parent.iterdir()) == [saved]


def test_a_model_that_cannot_be_written_leaves_the_old_one(saved, network):
    before = saved.read_bytes()
    with pytest.raises(TypeError):
        save_network(network, saved, {"corpora": object()})
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.parametrize("read", [load_network, read_about])
def test_no_model(tmp_path, read):
    path = tmp_path / "digits.safetensors"
    words = "no such model. Make it with: dvc repro train, or fetch it with: dvc pull"
    with pytest.raises(ModelFileError, match=words) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")


def cut(content: bytes) -> bytes:
    return content[:-1000]


def spoil_header(content: bytes) -> bytes:
    return content[:8] + b"?" + content[9:]


@pytest.mark.parametrize(
    "damage",
    [cut, spoil_header, lambda _: b"", lambda _: b"no model " * 99],
    ids=["cut short", "spoilt header", "empty", "no model"],
)
def test_a_damaged_model(saved, damage):
    saved.write_bytes(damage(saved.read_bytes()))
    with pytest.raises(ModelFileError, match=r"digits.safetensors: not a model of this project"):
        load_network(saved)


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(ModelFileError, match="not a model of this project"):
        load_network(tmp_path)


def rewrite(path, tensors=None, metadata=None):
    kept = tensors or safetensors.torch.load_file(path)
    safetensors.torch.save_file(kept, path, metadata)


def about(**changes: object) -> dict[str, str]:
    return {
        "spoken-digits": json.dumps(
            {"format": "spoken-digits 1", "classes": ABOUT["classes"]} | changes
        )
    }


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "not a model of this project .*spoken-digits"),
        ({"format": "pt"}, "not a model of this project"),
        ({"spoken-digits": "{"}, "not a model of this project"),
        (about(format="spoken-digits 0"), "its format is spoken-digits 0, not spoken-digits 1"),
        (about(format=None), "its format is None, not spoken-digits 1"),
    ],
)
def test_a_model_of_something_else(saved, metadata, words):
    rewrite(saved, metadata=metadata)
    with pytest.raises(ModelFileError, match=words):
        load_network(saved)


def without_one(tensors):
    return dict(list(tensors.items())[1:])


def with_another(tensors):
    return {**tensors, "pattern.99.weight": torch.zeros(3)}


def of_another_size(tensors):
    return {**tensors, "classify.weight": torch.zeros(35, 128)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_one, "other layers than this network's"),
        (with_another, "other layers than this network's"),
        (of_another_size, "size mismatch for classify.weight"),
    ],
)
def test_a_network_of_other_layers(saved, change, words):
    rewrite(saved, change(safetensors.torch.load_file(saved)), about())
    with pytest.raises(ModelFileError, match="does not fit this network") as caught:
        load_network(saved)
    assert words in str(caught.value)
    assert "Make it anew with: dvc repro train" in str(caught.value)
