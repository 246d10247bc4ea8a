"""Cross-entropy among the classes that a corpus has."""

import pytest
import torch

from spoken_digits.training.loss import corpus_classes, masked_cross_entropy


def test_a_corpus_knows_which_digits_it_has():
    classes = torch.tensor([0, 1, 10, *range(10)])
    present = corpus_classes(classes, torch.tensor([0] * 3 + [1] * 10), 11)
    assert torch.equal(present[:3], torch.tensor([[True] * 2 + [False] * 8 + [True]] * 3))
    assert present[3:].all(), "other words are possible everywhere"


def test_a_corpus_says_nothing_of_digits_that_it_lacks():
    """A picture changes no weights of a digit that its corpus lacks, unless it is no digit."""
    present = torch.tensor([[True] * 2 + [False] * 8 + [True]]).expand(2, -1)
    scores = torch.randn(2, 11, generator=torch.Generator().manual_seed(0), requires_grad=True)
    masked_cross_entropy(scores, torch.tensor([1, 10]), present, 0.05).backward()
    digit, other = scores.grad
    assert torch.equal(digit != 0, present[0])
    assert digit.sum() == pytest.approx(0, abs=1e-7), "nor against those it has"
    assert (other != 0).all()


def test_the_last_of_any_number_of_classes_is_other_sound():
    """A corpus of yes and other words says nothing of no, the word between them."""
    classes = torch.tensor([0, 2])
    present = corpus_classes(classes, torch.zeros(2, dtype=torch.int64), 3)
    assert present.tolist() == [[True, False, True]] * 2
    scores = torch.zeros(2, 3, requires_grad=True)
    masked_cross_entropy(scores, classes, present, 0.0).backward()
    assert (scores.grad != 0).tolist() == [[True, False, True], [True, True, True]]


@pytest.mark.parametrize("count", [3, 11, 61])
@pytest.mark.parametrize("smoothing", [0.0, 0.05, 0.3])
def test_with_all_classes_it_is_the_usual_cross_entropy(smoothing, count):
    scores = torch.randn(64, count, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(64) % count
    expected = torch.nn.functional.cross_entropy(scores, targets, label_smoothing=smoothing)
    whole = torch.ones(64, count, dtype=torch.bool)
    loss = masked_cross_entropy(scores, targets, whole, smoothing)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
