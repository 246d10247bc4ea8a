"""The state of a run is saved whole, and goes back to what it was."""

import copy

import pytest
import torch

from spoken_digits.model.network import SpectrogramNet
from spoken_digits.training.state import State

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def fresh(seed: int) -> State:
    torch.manual_seed(seed)
    network = SpectrogramNet(11)
    averaged = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    return State(network, averaged, optimizer, schedule)


def step(state: State) -> None:
    state.network(torch.ones(2, 100, 100)).square().mean().backward()
    state.optimizer.step()
    state.schedule.step()


def test_what_is_saved_is_loaded_and_goes_on_alike(tmp_path):
    path = tmp_path / "run.pt"
    state, other = fresh(1), fresh(2)
    state.network.eval(), other.network.eval()
    step(state)
    state.end_epoch({"validation_loss": 0.5})
    state.save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    other.load(path, torch.device("cpu"))
    assert other.history == state.history
    assert all(torch.equal(other.best[name], value) for name, value in state.best.items())
    for going in (state, other):
        going.optimizer.zero_grad()
        step(going)
    assert other.schedule.get_last_lr() == state.schedule.get_last_lr()
    for name, value in state.network.state_dict().items():
        assert torch.equal(other.network.state_dict()[name], value), name
    for name, value in state.averaged.state_dict().items():
        assert torch.equal(other.averaged.state_dict()[name], value), name


def test_the_best_weights_are_those_of_the_lowest_loss():
    state = fresh(0)
    assert state.epochs_since_best() == 0
    since = []
    for number, loss in enumerate([0.5, 0.3, 0.4, 0.3]):
        state.averaged.temperature.fill_(number)
        state.end_epoch({"validation_loss": loss})
        since.append(state.epochs_since_best())
    assert since == [0, 0, 1, 2], "as good as before is no better"
    assert state.best["temperature"] == 1
