"""Training the network that reads numbers: deterministic, resumable, it learns."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from support import pronounce

from spoken_digits.export import released
from spoken_digits.model.network import SpectrogramNet, load_network
from spoken_digits.model.sequence_network import SequenceNet
from spoken_digits.params import Sequences, Train, load_params
from spoken_digits.picture.stream import as_bytes, decibels
from spoken_digits.sound.decode import waveform
from spoken_digits.training.clips import Clip
from spoken_digits.training.loop import DivergedError
from spoken_digits.training.sequence_loop import (
    calibrate_blank,
    ctc_loss,
    fit_sequences,
    judge,
    least_as_good,
)
from spoken_digits.training.state import Metrics
from spoken_digits.training.stretches import Bank, bank

pytestmark = pytest.mark.usefixtures("one_torch_thread")

ROOT = Path(__file__).parents[3]
PARAMS = load_params(ROOT / "params.yaml")


def clip(*labels: int) -> Clip:
    levels = np.zeros((100, 40 * len(labels)), np.uint8)
    for place, label in enumerate(labels):
        levels[10 * label + 5 : 10 * label + 15, 40 * place + 5 : 40 * place + 35] = 200
    return Clip(levels, labels, "fsdd", "a")


@pytest.fixture(scope="module")
def data() -> tuple[Bank, list[Clip]]:
    words = [clip(label) for label in range(3) for _ in range(10)]
    return bank(words, [clip(0, 1), clip(2, 1, 0)]), [clip(0, 1, 2), clip(2, 2), clip(1)]


def fit(
    data: tuple[Bank, list[Clip]],
    checkpoint: Path,
    also: Callable[[Metrics], None] = lambda metrics: None,
    start: SpectrogramNet | None = None,
    labels: int = 3,
    **changes: object,
) -> tuple[dict[str, torch.Tensor], list[Metrics]]:
    sequences = Sequences(
        **PARAMS.sequence.model_dump()
        | {"epochs": 2, "epoch_size": 16, "batch_size": 8, "learning_rate": 0.004}
        | changes
    )
    train = Train(**PARAMS.train.model_dump())
    history: list[Metrics] = []

    def report(metrics: Metrics) -> None:
        history.append(metrics)
        also(metrics)

    network = fit_sequences(*data, labels, sequences, train, checkpoint, report, start)
    return network.state_dict(), history


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_also_after_an_interruption(data, tmp_path):
    whole, history = fit(data, tmp_path / "whole.pt")
    calls = 0

    class KilledError(Exception):
        pass

    def stop(metrics: Metrics) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KilledError

    with pytest.raises(KilledError):
        fit(data, tmp_path / "killed.pt", stop)
    resumed, again = fit(data, tmp_path / "killed.pt")
    assert again == history
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name


@pytest.mark.slow
def test_a_damaged_checkpoint_is_none(data, tmp_path, capsys):
    whole, _ = fit(data, tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes(b"cut by a power failure")
    again, history = fit(data, tmp_path / "c.pt")
    assert "c.pt: 22 bytes, not what training wrote there. Training starts anew" in (
        capsys.readouterr().err
    )
    assert len(history) == 2
    assert all(torch.equal(value, again[name]) for name, value in whole.items())


def test_patience_ends_it_and_the_best_epoch_s_weights_are_returned(tmp_path):
    """Validated by labels that are wrong, it gets worse as it learns."""
    words = [clip(label) for label in range(3) for _ in range(10)]
    wrong = [clip(0)._replace(labels=(1,)), clip(1, 2)._replace(labels=(2, 0))]
    settings = {"epochs": 12, "patience": 1, "learning_rate": 0.02, "augment": 0.0}
    network, history = fit((bank(words, [clip(0, 1)]), wrong), tmp_path / "c.pt", **settings)
    losses = [metrics["validation_loss"] for metrics in history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + settings["patience"] + 1 < settings["epochs"]
    returned = SequenceNet(3)
    returned.load_state_dict(network)
    assert judge(returned, wrong)["validation_loss"] == pytest.approx(losses[best], rel=1e-5)


def test_a_loss_that_is_no_number_any_more_says_what_to_lower(data, tmp_path):
    start = SpectrogramNet(4)
    with torch.no_grad():
        start.classify.bias.fill_(float("nan"))
    with pytest.raises(DivergedError) as caught:
        fit(data, tmp_path / "c.pt", start=start)
    assert str(caught.value) == (
        "training diverged in epoch 1: its loss is nan. Lower sequence.learning_rate in "
        "params.yaml; it is 0.004"
    )
    assert not (tmp_path / "c.pt").exists()


@pytest.mark.slow
def test_it_begins_with_the_weights_that_it_is_given(data, tmp_path):
    torch.manual_seed(1)
    start = SpectrogramNet(4)
    network, _ = fit(data, tmp_path / "c.pt", start=start, learning_rate=1e-6)
    first = "pattern.0.0.weight"
    torch.testing.assert_close(network[first], start.state_dict()[first], rtol=0, atol=1e-3)


def test_the_loss_is_that_of_each_sequence():
    uniform = torch.full((2, 5, 4), 0.25).log()
    losses = ctc_loss(uniform, [[0], []], [5, 2])
    # 15 alignments of one label in five frames; one of nothing in two.
    assert losses.exp().tolist() == pytest.approx([4**5 / 15, 4**2], rel=1e-4)


@pytest.mark.slow
def test_it_learns_to_read_numbers(tmp_path):
    """From the released model's weights, as a release does: one voice, ten digits."""
    names = "zero one two three four five six seven eight nine".split()
    numbers = [(1, 2), (3, 4, 5), (6, 7), (8, 9, 0), (2, 2, 1), (5, 0, 3)]
    unheard = [(4, 1, 7), (9, 8, 5, 5), (0, 6, 3), (7, 2)]
    said = [(digit,) for digit in range(10)] + numbers + unheard
    sounds, rate = pronounce(*(" ".join(names[digit] for digit in one) for one in said))
    clips = [
        Clip(as_bytes(decibels(waveform(sound, rate), PARAMS.spectrogram)), one, "espeak", "a")
        for sound, one in zip(sounds, said, strict=True)
    ]
    start = load_network(ROOT / released.WEIGHTS)
    before = SequenceNet(10)
    before.start_from(start)
    assert judge(before, clips[-4:])["validation_error"] > 0.5
    made = bank(clips[:10], clips[10:-4])
    _, history = fit(
        (made, clips[-4:]), tmp_path / "c.pt", start=start, labels=10, epochs=2, epoch_size=128,
        learning_rate=0.002, augment=0.0,
    )  # fmt: skip
    assert history[-1]["validation_error"] < 0.1


def test_the_blank_is_made_rarer_until_most_is_read(data):
    network = SequenceNet(3)
    assert network.classify.bias is not None
    with torch.no_grad():
        network.classify.weight.zero_()
        network.classify.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 2.1]))  # the blank, always
    said = [clip(0), clip(0)]
    assert judge(network, said)["validation_error"] == 1
    assert calibrate_blank(network, said) == 1.25
    assert judge(network, said)["validation_error"] == 0
    assert network.classify.bias[-1].item() == pytest.approx(2.1 - 1.25)


@pytest.mark.parametrize(("said", "row"), [(50, 0), (2_000, 1), (1_000_000, 2)])
def test_no_more_is_taken_from_the_blank_than_can_be_told_from_chance(said, row):
    """Each that is taken makes the network claim more in other speech."""
    errors = np.array([[0.055, 0.055], [0.045, 0.041], [0.04, 0.04], [0.05, 0.05]])
    assert least_as_good(errors, np.array([said, said])) == row


@pytest.mark.parametrize("seed", range(6))
def test_what_is_taken_from_the_blank_never_makes_more_errors(seed):
    torch.manual_seed(seed)
    network = SequenceNet(3)
    network.temperature.fill_(1.7)
    assert network.classify.bias is not None
    with torch.no_grad():
        network.classify.weight.normal_(0, 1)
        network.classify.bias.normal_(0, 2)
    said = [clip(0, 1), clip(2), clip(1), clip(2, 2)._replace(corpus="an4")]
    before = judge(network, said)["validation_error"]
    taken = calibrate_blank(network, said)
    after = judge(network, said)["validation_error"]
    assert after < before or (taken == 0 and after == before)


def test_a_judge_hears_corpora_alike(data):
    torch.manual_seed(0)
    network = SequenceNet(3)
    one = [clip(0)]
    other = [clip(1)._replace(corpus="an4")]
    both = judge(network, one + other * 9)
    alone = [judge(network, some)["validation_loss"] for some in (one, other)]
    assert both["validation_loss"] == pytest.approx(np.mean(alone), rel=1e-4)
