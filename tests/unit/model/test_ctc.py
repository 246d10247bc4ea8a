"""What CTC makes of outputs, against torch's loss and against cases worked out by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from spoken_digits.model.ctc import Edits, best_path, edits, log_probability

BLANK = 3


def outputs(*best: int, sure: float = 0.9) -> np.ndarray:
    rest = (1 - sure) / BLANK
    probabilities = np.full((len(best), BLANK + 1), rest)
    probabilities[np.arange(len(best)), best] = sure
    return np.log(probabilities)


def test_a_label_that_lasts_is_one_and_a_blank_makes_it_two():
    read = best_path(outputs(BLANK, 1, 1, BLANK, 1, 2, 2, BLANK))
    assert [(one.label, one.first, one.end) for one in read] == [(1, 1, 3), (1, 4, 5), (2, 5, 7)]


def test_a_label_is_as_sure_as_its_surest_frame():
    log_probabilities = outputs(0, 0)
    log_probabilities[1] = np.log([0.7, 0.1, 0.1, 0.1])
    (only,) = best_path(log_probabilities)
    assert only.confidence == pytest.approx(0.9)


def test_silence_is_nothing():
    assert best_path(outputs(BLANK, BLANK)) == []


@pytest.mark.parametrize("labels", [[], [0], [1, 1], [0, 1, 2], [2, 2, 2, 0]])
def test_the_probability_of_labels_is_torch_s(labels):
    random = torch.Generator().manual_seed(0)
    output = torch.randn(12, BLANK + 1, generator=random, dtype=torch.float64).log_softmax(1)
    loss = F.ctc_loss(
        output[:, None],
        torch.tensor([labels]),
        torch.tensor([12]),
        torch.tensor([len(labels)]),
        blank=BLANK,
        reduction="none",
    )
    assert log_probability(output.numpy(), labels) == pytest.approx(-loss.item())


def test_labels_for_which_there_is_no_time_are_impossible():
    assert log_probability(outputs(1, 1), [1, 1]) == -np.inf


@pytest.mark.parametrize(
    ("said", "read", "expected"),
    [
        ("1234", "1234", Edits(0, 0, 0)),
        ("1234", "1334", Edits(1, 0, 0)),
        ("1234", "134", Edits(0, 1, 0)),
        ("1234", "12234", Edits(0, 0, 1)),
        ("", "7", Edits(0, 0, 1)),
        ("1234567890", "4567890", Edits(0, 3, 0)),
    ],
)
def test_edits_by_kind(said, read, expected):
    assert edits(said, read) == expected
