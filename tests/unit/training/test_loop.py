"""Training follows from its seed alone, keeps the best epoch, and learns."""

from pathlib import Path

import numpy as np
import pytest
import torch

from spoken_digits.model.network import DigitNet, logits, probabilities
from spoken_digits.params import load_params
from spoken_digits.training.loop import (
    DivergedError,
    _balanced,
    _loss,
    _order,
    _possible,
    calibrate,
    fit,
    round_to_half,
)

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
    network = fit(data, validation, corpora, settings, checkpoint, reported.append)
    return network, reported


def weights(network: DigitNet) -> bytes:
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


def test_weights_are_averaged_over_steps(trained):
    network, _, folder = trained
    state = torch.load(folder / "state" / "run.pt", weights_only=True)
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
        fit(TRAIN, VALIDATION, ONE_CORPUS, TINY, checkpoint, stop)
    assert len(torch.load(checkpoint, weights_only=True)["history"]) == done
    torch.manual_seed(999)
    again = []
    network = fit(TRAIN, VALIDATION, ONE_CORPUS, TINY, checkpoint, again.append)
    assert weights(network) == weights(trained[0])
    assert again == trained[1]


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


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_a_small_corpus_is_heard_as_often_as_a_large_one(epoch):
    small, large = torch.arange(5), torch.arange(5, 105)
    settings = TINY.model_copy(update={"epoch_size": 50})
    order = _order([small, large], epoch, settings).tolist()
    assert len(order) == 50
    assert all((index < 5) == (place % 2 == 0) for place, index in enumerate(order))
    assert sorted(order[::2]) == sorted(list(range(5)) * 5), "a round has each of them once"


def test_all_of_a_corpus_is_heard_before_any_of_it_again():
    settings = TINY.model_copy(update={"epoch_size": 66})
    members = [torch.arange(3), torch.arange(3, 99), torch.arange(99, 110)]
    heard = torch.cat([_order(members, epoch, settings) for epoch in range(9)])
    large = heard[(heard >= 3) & (heard < 99)]
    assert len(large[:96].unique()) == 96
    assert len(large[96:192].unique()) == len(large[96:192])


def test_a_corpus_knows_which_digits_it_has():
    classes = torch.tensor([0, 1, 10, *range(10)])
    possible = _possible(classes, [torch.arange(3), torch.arange(3, 13)])
    assert torch.equal(possible[:3], torch.tensor([[True] * 2 + [False] * 8 + [True]] * 3))
    assert possible[3:].all(), "what is no digit is possible everywhere"


def test_a_corpus_draws_its_rare_digits_as_often_as_its_frequent_ones():
    """Speech Commands' subset has seven threes beside 400 eights."""
    classes = torch.tensor([8] * 400 + [1] * 390 + [3] * 7 + [10] * 200)
    drawn = _balanced(classes, torch.arange(len(classes)))
    assert torch.bincount(classes[drawn]).tolist() == [0, 390, 0, 399, 0, 0, 0, 0, 400, 0, 200]
    assert len(drawn.unique()) == len(classes), "every recording is still drawn"


def test_other_words_keep_their_share_beside_digits_that_are_repeated():
    classes = torch.tensor([8] * 100 + [1] * 100 + [3] * 10 + [4] * 10 + [10] * 30)
    drawn = _balanced(classes, torch.arange(len(classes)))
    assert torch.bincount(classes[drawn]).tolist()[-1] == 30, "400 digits instead of 220"
    classes = torch.tensor([8] * 100 + [3] * 10 + [4] * 10 + [6] * 10 + [10] * 30)
    drawn = _balanced(classes, torch.arange(len(classes)))
    assert torch.bincount(classes[drawn]).tolist()[-1] == 90, "400 digits instead of 130"


def test_a_corpus_with_as_many_of_every_digit_is_drawn_from_as_it_is():
    rows = torch.arange(7, 47)
    classes = torch.cat([torch.full((7,), 10), torch.arange(10).repeat(4)])
    assert torch.equal(_balanced(classes, rows), rows)


def test_a_corpus_of_other_words_alone_is_drawn_from_as_it_is():
    classes = torch.full((5,), 10)
    assert torch.equal(_balanced(classes, torch.arange(5)), torch.arange(5))


def test_a_corpus_says_nothing_of_digits_that_it_lacks():
    """A picture changes no weights of a digit that its corpus lacks, unless it is no digit."""
    possible = torch.tensor([[True] * 2 + [False] * 8 + [True]]).expand(2, -1)
    scores = torch.randn(2, 11, generator=torch.Generator().manual_seed(0), requires_grad=True)
    _loss(scores, torch.tensor([1, 10]), possible, 0.05).backward()
    digit, other = scores.grad
    assert torch.equal(digit != 0, possible[0])
    assert digit.sum() == pytest.approx(0, abs=1e-7), "nor against those it has"
    assert (other != 0).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.3])
def test_a_whole_corpus_is_learned_as_ever(smoothing):
    scores = torch.randn(64, 11, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(64) % 11
    expected = torch.nn.functional.cross_entropy(scores, targets, label_smoothing=smoothing)
    whole = torch.ones(64, 11, dtype=torch.bool)
    assert _loss(scores, targets, whole, smoothing) == pytest.approx(expected.item(), rel=1e-5)


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


class Sure(DigitNet):
    """A network that reads its answer and its sureness from a picture's first two pixels."""

    def forward(self, pictures):
        answer = torch.nn.functional.one_hot(pictures[:, 0, 0].long(), 11)
        return answer * pictures[:, 0, 1, None]


def sure_images(right: float, logit: int, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    classes = np.arange(n) % 11
    images = np.zeros((n, 100, 100), np.uint8)
    images[:, 0, 0] = np.where(np.arange(n) < right * n, classes, (classes + 1) % 11)
    images[:, 0, 1] = logit
    return images, classes


@pytest.mark.parametrize(("right", "logit"), [(0.9, 20), (0.6, 10), (0.97, 4), (0.5, 3)])
def test_calibration_makes_it_as_sure_as_it_is_right(right, logit):
    network = Sure()
    images, classes = sure_images(right, logit)
    temperature = calibrate(network, images, classes)
    assert network.temperature == pytest.approx(temperature)
    # In closed form: softmax of one logit and ten zeros is right at this temperature.
    assert temperature == pytest.approx(logit / np.log(10 * right / (1 - right)), rel=0.03)
    assert probabilities(network, images).max(axis=1).mean() == pytest.approx(right, abs=0.02)


def test_calibration_changes_no_answer(trained):
    network = DigitNet()
    network.load_state_dict(trained[0].state_dict())
    before = probabilities(network, VALIDATION[0]).argmax(axis=1)
    calibrate(network, *VALIDATION)
    assert np.array_equal(probabilities(network, VALIDATION[0]).argmax(axis=1), before)


def test_weights_rounded_to_half_stay_so(trained):
    network = DigitNet()
    network.load_state_dict(trained[0].state_dict())
    before = weights(network)
    round_to_half(network)
    rounded = weights(network)
    round_to_half(network)
    assert before != rounded == weights(network)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            assert value.dtype == torch.float32
            assert torch.equal(value, value.half().float()), name
            assert torch.allclose(value, trained[0].state_dict()[name], rtol=1e-3, atol=1e-6), name
