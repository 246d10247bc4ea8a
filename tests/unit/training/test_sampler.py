"""What an epoch trains on: corpora alike, rare digits as often as frequent ones, all in turn."""

import pytest
import torch

from spoken_digits.training.sampler import corpus_pools, draw_epoch, repeat_rare_words


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_a_small_corpus_is_drawn_from_as_often_as_a_large_one(epoch):
    small, large = torch.arange(5), torch.arange(5, 105)
    order = draw_epoch([small, large], epoch, 50, seed=0).tolist()
    assert len(order) == 50
    assert all((index < 5) == (place % 2 == 0) for place, index in enumerate(order))
    assert sorted(order[::2]) == sorted(list(range(5)) * 5), "a shuffle has each of them once"


def test_all_of_a_corpus_is_drawn_before_any_of_it_again():
    pools = [torch.arange(3), torch.arange(3, 99), torch.arange(99, 110)]
    drawn = torch.cat([draw_epoch(pools, epoch, 66, seed=0) for epoch in range(9)])
    large = drawn[(drawn >= 3) & (drawn < 99)]
    assert len(large[:96].unique()) == 96
    assert len(large[96:192].unique()) == len(large[96:192])


def test_corpora_of_one_size_are_shuffled_differently():
    order = draw_epoch([torch.arange(100), torch.arange(100, 200)], 0, 200, seed=0)
    assert order[::2].sort().values.tolist() == list(range(100))
    assert order[1::2].sort().values.tolist() == list(range(100, 200))
    alike = (order[::2] == order[1::2] - 100).float().mean()
    assert alike < 0.1, "one recording in a hundred is in the same place by chance"


def test_epochs_and_seeds_differ():
    pools = [torch.arange(100)]
    orders = [draw_epoch(pools, epoch, 100, seed) for epoch in range(3) for seed in range(3)]
    assert len({tuple(order.tolist()) for order in orders}) == 9
    assert torch.equal(orders[0], draw_epoch(pools, 0, 100, 0))


def test_a_pool_is_of_one_corpus():
    classes = torch.tensor([0, 1, 10, 0, 1, 1, 1])
    corpora = torch.tensor([4, 4, 4, 2, 2, 2, 2])
    pools = corpus_pools(classes, corpora, 11)
    assert [pool.tolist() for pool in pools] == [[3, 3, 3, 4, 5, 6], [0, 1, 2]]


def test_a_corpus_draws_its_rare_digits_as_often_as_its_frequent_ones():
    """Speech Commands' subset has seven threes beside 400 eights."""
    classes = torch.tensor([8] * 400 + [1] * 390 + [3] * 7 + [10] * 200)
    pool = repeat_rare_words(classes, torch.arange(len(classes)), 11)
    assert torch.bincount(classes[pool]).tolist() == [0, 390, 0, 399, 0, 0, 0, 0, 400, 0, 200]
    assert len(pool.unique()) == len(classes), "every recording is still drawn"


def test_other_words_keep_their_share_beside_digits_that_are_repeated():
    classes = torch.tensor([8] * 100 + [1] * 100 + [3] * 10 + [4] * 10 + [10] * 30)
    pool = repeat_rare_words(classes, torch.arange(len(classes)), 11)
    assert torch.bincount(classes[pool]).tolist()[-1] == 30, "400 digits instead of 220"
    classes = torch.tensor([8] * 100 + [3] * 10 + [4] * 10 + [6] * 10 + [10] * 30)
    pool = repeat_rare_words(classes, torch.arange(len(classes)), 11)
    assert torch.bincount(classes[pool]).tolist()[-1] == 90, "400 digits instead of 130"


@pytest.mark.parametrize("count", [3, 61])
def test_the_last_of_any_number_of_classes_is_other_sound(count):
    """Two words here; those that a corpus lacks change nothing."""
    classes = torch.tensor([0] * 60 + [1] * 20 + [count - 1] * 10)
    pool = repeat_rare_words(classes, torch.arange(len(classes)), count)
    drawn = torch.bincount(classes[pool], minlength=count).tolist()
    assert drawn == [60, 60, *[0] * (count - 3), 10], "120 words instead of 80: others once still"
    (whole,) = corpus_pools(classes, torch.zeros(len(classes), dtype=torch.int64), count)
    assert torch.equal(whole, pool)


def test_a_corpus_with_as_many_of_every_digit_is_drawn_from_as_it_is():
    indices = torch.arange(7, 47)
    classes = torch.cat([torch.full((7,), 10), torch.arange(10).repeat(4)])
    assert torch.equal(repeat_rare_words(classes, indices, 11), indices)


def test_a_corpus_of_other_words_alone_is_drawn_from_as_it_is():
    classes = torch.full((5,), 10)
    assert torch.equal(repeat_rare_words(classes, torch.arange(5), 11), torch.arange(5))
