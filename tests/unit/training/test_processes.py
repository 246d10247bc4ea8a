"""Processes that train together share each batch, without repetition or loss."""

import pytest
import torch

from spoken_digits.training.processes import ALONE, Processes, ProcessesError, processes


@pytest.mark.parametrize("size", [1, 2, 4])
def test_every_sample_of_a_batch_is_in_one_share(size):
    batch = torch.arange(64)
    shares = [Processes(rank, size).share(batch) for rank in range(size)]
    assert {len(share) for share in shares} == {64 // size}
    assert sorted(torch.cat(shares).tolist()) == list(range(64))


def test_alone_a_process_has_the_batch_itself():
    batch = torch.arange(6)
    assert ALONE.share(batch) is batch
    assert ALONE.mean(0.1, torch.device("cpu")) == 0.1
    assert ALONE.of_first("judged") == "judged"
    assert ALONE.numbers == ()


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    with processes(torch.device("cpu")) as together:
        assert together is ALONE


def test_a_batch_that_cannot_be_shared_is_refused():
    Processes(0, 4).check(64)
    with pytest.raises(
        ProcessesError,
        match=r"params\.yaml: train\.batch_size: 64 cannot be shared by 3 processes\. Set it, or",
    ):
        Processes(1, 3).check(64)
