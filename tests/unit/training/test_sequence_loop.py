"""Training the network that reads numbers: deterministic, resumable, it learns."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from spoken_digits.model.network import SpectrogramNet
from spoken_digits.model.sequence_network import SequenceNet
from spoken_digits.params import Sequences, Train, load_params
from spoken_digits.training.clips import Clip
from spoken_digits.training.sequence_loop import ctc_loss, fit_sequences, judge
from spoken_digits.training.state import Metrics
from spoken_digits.training.stretches import Bank, bank

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")


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
    **changes: object,
) -> tuple[dict[str, torch.Tensor], list[Metrics]]:
    sequences = Sequences(
        **PARAMS.sequence.model_dump()
        | {"epochs": 2, "epoch_size": 16, "batch_size": 8, "learning_rate": 0.004}
        | changes
    )
    train = Train(**PARAMS.train.model_dump() | {"augment": 0.5})
    history: list[Metrics] = []

    def report(metrics: Metrics) -> None:
        history.append(metrics)
        also(metrics)

    network = fit_sequences(*data, 3, sequences, train, checkpoint, report, start)
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
def test_it_learns(data, tmp_path):
    _, history = fit(data, tmp_path / "c.pt", epochs=12, epoch_size=128)
    assert history[-1]["validation_error"] < 0.2


def test_a_judge_hears_corpora_alike(data):
    torch.manual_seed(0)
    network = SequenceNet(3)
    one = [clip(0)]
    other = [clip(1)._replace(corpus="an4")]
    both = judge(network, one + other * 9)
    alone = [judge(network, some)["validation_loss"] for some in (one, other)]
    assert both["validation_loss"] == pytest.approx(np.mean(alone), rel=1e-4)
