"""Training follows from its seed alone, keeps the best epoch, and learns."""

import copy
import hashlib
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from spoken_digits.model.network import SpectrogramNet, logits, probabilities
from spoken_digits.params import load_params
from spoken_digits.training.loop import DivergedError, fit

TINY = load_params(Path(__file__).parents[3] / "params.yaml").train.model_copy(
    update={"epochs": 3, "epoch_size": 64, "batch_size": 16, "anneal": 1, "portable": True}
)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def words(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in which a class is two bands, of a height of its own, anywhere in time."""
    chance = np.random.default_rng(seed)
    classes = np.arange(n) % 11
    images = chance.integers(0, 60, (n, 100, 100), np.uint8)
    for image, number in zip(images, classes, strict=True):
        start = chance.integers(10, 50)
        for top in (8 * number, 8 * number + 12 - number % 2 * 6):
            image[top : top + 4, start : start + 40] += np.uint8(150)
    return images, classes


TRAIN, VALIDATION = words(88, 1), words(33, 2)
ONE_CORPUS = np.zeros(88, np.int64)


def train(tmp_path, settings=TINY, data=TRAIN, validation=VALIDATION):
    reported = []
    corpora = np.zeros(len(data[1]), np.int64)
    checkpoint = tmp_path / "state" / "run.pt"
    network = fit(data, validation, corpora, 11, settings, checkpoint, reported.append)
    return network, reported


def of_three_classes(data: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Keep the pictures of two words, and of the last class as other sound."""
    images, classes = data
    kept = np.isin(classes, [0, 1, 10])
    return images[kept], np.searchsorted([0, 1, 10], classes[kept])


def weights(network: SpectrogramNet) -> bytes:
    return b"".join(value.numpy().tobytes() for value in network.state_dict().values())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One undisturbed run: its network, its metrics, and the folder of its checkpoint."""
    folder = tmp_path_factory.mktemp("trained")
    return (*train(folder), folder)


def test_the_same_seed_the_same_bytes(trained, tmp_path):
    torch.manual_seed(12345)  # what happened before does not matter
    network, reported = train(tmp_path)
    assert weights(network) == weights(trained[0])
    assert reported == trained[1]


def test_another_seed_other_bytes(trained, tmp_path):
    network, _ = train(tmp_path, TINY.model_copy(update={"seed": 1}))
    assert weights(network) != weights(trained[0])


def test_every_epoch_is_reported(trained):
    _, reported, _ = trained
    assert len(reported) == TINY.epochs
    for metrics in reported:
        assert {"train_loss", "validation_loss", "validation_accuracy"} <= set(metrics)
        assert np.isfinite(list(metrics.values())).all()


def test_the_learning_rate_stays_at_its_peak_or_comes_down(trained, tmp_path):
    peak = pytest.approx(TINY.learning_rate)
    assert [metrics["learning_rate"] for metrics in trained[1]] == [peak, peak, peak]
    _, annealed = train(tmp_path, TINY.model_copy(update={"anneal": 25_000}))
    first, _, last = (metrics["learning_rate"] for metrics in annealed)
    assert TINY.learning_rate / 25_000 <= last < first / 20 < first <= TINY.learning_rate


def test_weights_are_those_of_the_best_epoch(trained):
    """The network that is returned has the lowest validation loss that was reported."""
    network, reported, _ = trained
    scores = logits(network, VALIDATION[0])
    loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(VALIDATION[1])).item()
    assert loss == pytest.approx(min(metrics["validation_loss"] for metrics in reported))
    assert not network.training


def saved(checkpoint):
    """Return what is in a checkpoint, behind its digest."""
    return torch.load(io.BytesIO(checkpoint.read_bytes()[32:]), weights_only=True)


def test_weights_are_averaged_over_steps(trained):
    network, _, folder = trained
    state = saved(folder / "state" / "run.pt")
    last, mean = state["network"], state["averaged"]
    assert not torch.equal(last["classify.weight"], mean["classify.weight"])
    # After the early steps, weights go to and fro: their mean's last change is the smaller.
    assert weights(network) != b"".join(value.numpy().tobytes() for value in last.values())


@pytest.mark.parametrize("done", [1, 2])
def test_a_run_goes_on_from_its_checkpoint(trained, tmp_path, done, monkeypatch):
    """StopError while an epoch is running, it ends with the bytes of one that was not."""

    class StopError(Exception):
        pass

    reported = []

    def stop(metrics):
        if len(reported) == done:
            raise StopError  # before this epoch is saved
        reported.append(metrics)

    checkpoint = tmp_path / "run.pt"
    with pytest.raises(StopError):
        fit(TRAIN, VALIDATION, ONE_CORPUS, 11, TINY, checkpoint, stop)
    assert len(saved(checkpoint)["history"]) == done
    torch.manual_seed(999)
    again = []
    network = fit(TRAIN, VALIDATION, ONE_CORPUS, 11, TINY, checkpoint, again.append)
    assert weights(network) == weights(trained[0])
    assert again == trained[1]


def other_run(checkpoint, content):
    """What another run saved, under this one's name."""
    return hashlib.sha256(b"run-2.pt" + content[32:]).digest() + content[32:]


def pickle_in_disguise(checkpoint, content):
    """A pickle that would run a program, with the right digest before it."""
    harm = pickle.dumps(Harm())
    return hashlib.sha256(checkpoint.name.encode() + harm).digest() + harm


class Harm:
    def __reduce__(self):
        return Path.touch, (Path("harm-is-done"),)


DAMAGES = {
    "emptied": lambda checkpoint, content: b"",
    "cut": lambda checkpoint, content: content[: len(content) // 2],
    "a byte short": lambda checkpoint, content: content[:-1],
    "a bit flipped": lambda checkpoint, content: content[:-9000] + b"\1" + content[-8999:],
    "zeros": lambda checkpoint, content: bytes(len(content)),
    "text": lambda checkpoint, content: b"<html>not found</html>",
    "another run's": other_run,
    "a pickle in disguise": pickle_in_disguise,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_training_starts_anew(
    trained, tmp_path, monkeypatch, capsys, damage
):
    """It ends with the bytes of a run that had none."""
    network, reported, folder = trained
    monkeypatch.chdir(tmp_path)
    checkpoint = tmp_path / "run.pt"
    content = (folder / "state" / "run.pt").read_bytes()
    checkpoint.write_bytes(DAMAGES[damage](checkpoint, content))
    again = []
    other = fit(TRAIN, VALIDATION, ONE_CORPUS, 11, TINY, checkpoint, again.append)
    said = capsys.readouterr().err
    assert f"{checkpoint}: " in said
    assert "Training starts anew\n" in said
    assert weights(other) == weights(network)
    assert again == reported
    assert saved(checkpoint)["history"] == reported
    assert list(tmp_path.iterdir()) == [checkpoint]  # no harm, no temporary file


def test_a_checkpoint_that_cannot_be_read_is_kept(trained, tmp_path):
    """It is the system's doing, and may pass: nothing is overwritten."""
    checkpoint = tmp_path / "run.pt"
    checkpoint.mkdir()
    with pytest.raises(IsADirectoryError):
        fit(TRAIN, VALIDATION, ONE_CORPUS, 11, TINY, checkpoint, lambda _: None)


def test_a_finished_run_is_not_trained_further(trained, tmp_path):
    network, reported, folder = trained
    checkpoint = folder / "state" / "run.pt"
    before = checkpoint.read_bytes()
    again, same = train(folder)
    assert weights(again) == weights(network)
    assert same == reported
    assert checkpoint.read_bytes() == before


def test_patience_ends_a_run_that_gets_no_better(tmp_path):
    """With a rate of almost 0 and labels that say nothing, no epoch is better for long."""
    chance = np.random.default_rng(0)
    settings = TINY.model_copy(update={"epochs": 40, "patience": 1, "learning_rate": 1.0})
    data = (TRAIN[0], chance.permutation(TRAIN[1]))
    network, reported = train(tmp_path, settings, data)
    losses = [metrics["validation_loss"] for metrics in reported]
    assert len(losses) < settings.epochs
    best = int(np.argmin(losses))
    assert len(losses) - 1 - best == settings.patience + 1
    scores = logits(network, VALIDATION[0])
    loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(VALIDATION[1])).item()
    assert loss == pytest.approx(losses[best])


def test_a_run_that_diverges_says_so_and_keeps_no_checkpoint(tmp_path):
    settings = TINY.model_copy(update={"learning_rate": 1e38})
    with pytest.raises(DivergedError, match=r"diverged in epoch 1.*Lower train.learning_rate"):
        train(tmp_path, settings)
    assert not list(tmp_path.rglob("*.pt"))


def test_fewer_recordings_than_a_batch(tmp_path):
    network, reported = train(
        tmp_path, TINY.model_copy(update={"epochs": 1}), (TRAIN[0][:11], TRAIN[1][:11])
    )
    assert len(reported) == 1
    assert np.isfinite(probabilities(network, VALIDATION[0])).all()


def test_any_number_of_classes_of_which_the_last_is_other_sound(tmp_path):
    """Two words: their accuracy is over them alone, whatever is likelier something else."""
    data, validation = of_three_classes(TRAIN), of_three_classes(VALIDATION)
    reported = []
    corpora = np.zeros(len(data[1]), np.int64)
    network = fit(data, validation, corpora, 3, TINY, tmp_path / "run.pt", reported.append)
    scores = logits(network, validation[0]).numpy()
    assert scores.shape == (len(validation[1]), 3)
    words = validation[1] < 2
    right = (scores[words, :2].argmax(axis=1) == validation[1][words]).mean()
    assert right in [pytest.approx(metrics["validation_accuracy"]) for metrics in reported]


def test_it_learns(tmp_path):
    settings = TINY.model_copy(
        update={"epochs": 10, "patience": 10, "augment": 0.0, "epoch_size": 128}
    )
    network, reported = train(tmp_path, settings)
    assert reported[-1]["train_loss"] < reported[0]["train_loss"]
    assert max(metrics["validation_accuracy"] for metrics in reported) > 0.9
    unseen, classes = words(110, 3)
    digits = classes < 10
    heard = probabilities(network, unseen)[:, :10].argmax(axis=1)
    assert (heard == classes)[digits].mean() > 0.9


def test_it_starts_from_the_network_that_it_is_given(trained, tmp_path):
    start, own = trained[0], copy.deepcopy(trained[0])
    before = weights(start)
    settings = TINY.model_copy(update={"epochs": 1, "learning_rate": 1e-6})
    checkpoint = tmp_path / "run.pt"
    network = fit(
        TRAIN, VALIDATION, ONE_CORPUS, 11, settings, checkpoint, lambda _: None, lambda _: own
    )
    assert weights(network) != before
    for name, value in network.named_parameters():
        assert torch.allclose(value, start.get_parameter(name), atol=1e-4), name
