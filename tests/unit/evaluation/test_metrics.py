"""The statistics, against numbers worked out by hand and against other ways to compute them."""

import itertools

import numpy as np
import pytest
import scipy.stats

from spoken_digits.evaluation import metrics
from spoken_digits.live.decision import decide


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (8, 10, 0.4901625, 0.9433178),  # Wilson 1927, by hand: (0.8 + z2/20 -+ ...) / (1 + z2/10)
        (0, 10, 0.0, 0.2775328),  # z2 / (n + z2)
        (10, 10, 0.7224672, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_by_hand(correct, n, low, high):
    assert metrics.wilson(correct, n) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("correct", "n"), [(1, 1), (17, 23), (2950, 3000), (1, 3000)])
def test_wilson_is_scipys(correct, n):
    expected = scipy.stats.binomtest(correct, n).proportion_ci(method="wilson")
    assert metrics.wilson(correct, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_confusion_has_what_was_said_in_rows():
    counts = metrics.confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_macro_f1_by_hand():
    # Class 0: 2 hits, said 3 times, heard 3 times: 2*2/6. Class 1: 1 hit, said 2, heard 2: 2*1/4.
    # Class 2 was neither said nor heard, and does not count.
    counts = np.array([[2, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert metrics.macro_f1(counts) == pytest.approx((4 / 6 + 2 / 4) / 2)


def test_macro_f1_counts_a_class_that_is_always_missed_as_0():
    assert metrics.macro_f1(np.array([[3, 0], [2, 0]])) == pytest.approx((2 * 3 / 8 + 0) / 2)


def test_negative_log_likelihood_by_hand():
    likely = np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float32)
    expected = (np.log(2) + np.log(4)) / 2
    assert metrics.negative_log_likelihood(likely, np.array([0, 0])) == pytest.approx(expected)


def test_negative_log_likelihood_of_the_impossible_is_finite():
    likely = np.array([[0.0, 1.0]], dtype=np.float32)
    assert metrics.negative_log_likelihood(likely, np.array([0])) == pytest.approx(12 * np.log(10))


def test_calibration_error_by_hand():
    # Two bins. Lower: 0.2 and 0.4, one right: |0.5 - 0.3| = 0.2. Upper: 0.9, right: 0.1.
    table = metrics.reliability(np.array([0.2, 0.4, 0.9]), np.array([True, False, True]), bins=2)
    assert table.n.tolist() == [2, 1]
    assert table.confidence == pytest.approx([0.3, 0.9])
    assert table.accuracy == pytest.approx([0.5, 1.0])
    assert metrics.expected_calibration_error(table) == pytest.approx((2 * 0.2 + 1 * 0.1) / 3)


def test_reliability_bins_include_their_upper_edge_and_both_ends():
    table = metrics.reliability(np.array([0.0, 0.5, 0.51, 1.0]), np.ones(4, dtype=bool), bins=2)
    assert table.n.tolist() == [2, 2]


def test_an_empty_bin_adds_nothing_to_the_calibration_error():
    table = metrics.reliability(np.array([1.0, 1.0]), np.array([True, True]), bins=4)
    assert np.isnan(table.accuracy[:3]).all()
    assert metrics.expected_calibration_error(table) == 0


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 3], [2], 0.5), ([1, 1], [1], 0.5)],
)
def test_auroc_by_hand(positive, negative, expected):
    assert metrics.auroc(np.array(positive), np.array(negative)) == expected


def test_auroc_is_the_share_of_pairs_in_order():
    chance = np.random.default_rng(1)
    positive, negative = chance.integers(0, 9, 40), chance.integers(0, 8, 30)
    pairs = [(a > b) + (a == b) / 2 for a, b in itertools.product(positive, negative)]
    assert metrics.auroc(positive, negative) == pytest.approx(np.mean(pairs))


def test_accepted_at_by_hand():
    # 20 digits score 0.05, 0.10, ... 1.00. Rejecting one (5%) puts the threshold at 0.10, where
    # 3 of 4 other words score less.
    digits = np.arange(1, 21) / 20
    others = np.array([0.01, 0.06, 0.09, 0.55])
    assert metrics.accepted_at(digits, others, 0.05) == pytest.approx(1 / 4)
    assert metrics.accepted_at(digits, others, 0.0) == pytest.approx(3 / 4)


def test_the_rejection_curve_runs_from_all_accepted_to_all_rejected():
    rejected, accepted = metrics.rejection_curve(np.array([0.2, 0.8]), np.array([0.1, 0.5]))
    assert (rejected[0], accepted[0]) == (0, 1)
    assert (rejected[-1], accepted[-1]) == (1, 0)
    assert (np.diff(rejected) >= 0).all()
    assert (np.diff(accepted) <= 0).all()


WORDS = np.array([[0.9, 0.1, 0], [0.6, 0.1, 0.3], [0.3, 0.2, 0.5], [0.4, 0.3, 0.3]], np.float32)
RIGHT = np.array([True, False, True, True])
OTHERS = np.array([[0.2, 0.1, 0.7], [0.5, 0.2, 0.3]], np.float32)


@pytest.mark.parametrize(
    ("threshold", "rejected", "lost", "others_claimed"),
    [
        # The second word is mistaken; the third is likelier something else, whatever the threshold.
        (0.0, 1 / 4, 2 / 4, 1 / 2),
        (0.41, 2 / 4, 3 / 4, 1 / 2),
        (0.5, 2 / 4, 3 / 4, 1 / 2),
        (0.51, 2 / 4, 3 / 4, 0),
        (0.61, 3 / 4, 3 / 4, 0),
        (1.0, 1, 1, 0),
    ],
)
def test_the_trade_off_by_hand(threshold, rejected, lost, others_claimed):
    curve = metrics.trade_off(WORDS, RIGHT, OTHERS)
    (place,) = np.flatnonzero(metrics.THRESHOLDS == threshold)
    assert [values[place] for values in curve] == [rejected, lost, others_claimed]


def test_without_other_words_the_trade_off_has_the_words_alone():
    curve = metrics.trade_off(WORDS, RIGHT, OTHERS[:0])
    assert np.isnan(curve.others_claimed).all()
    assert (curve.lost == metrics.trade_off(WORDS, RIGHT, OTHERS).lost).all()


@pytest.mark.parametrize("threshold", [0.0, 0.25, 0.3, 0.65, 1.0])
def test_what_is_claimed_is_what_the_live_program_claims(threshold):
    chance = np.random.default_rng(3)
    probabilities = chance.dirichlet([0.4] * 4, 500).astype(np.float32)
    probabilities[:20] = [0.25, 0.25, 0.25, 0.25]  # "other" is as likely, and the word wins
    probabilities[20] = [threshold, 0, 0, 1 - threshold]
    verdicts = [decide("abc", one, threshold, -20, 0.5).label for one in probabilities]
    expected = [label is not None for label in verdicts]
    assert metrics.claimed(probabilities, threshold).tolist() == expected
    assert set(expected) == {True, False}


@pytest.mark.parametrize(("most", "place"), [(0.0, None), (0.1, 0), (0.25, 2), (0.3, 3), (1, 3)])
def test_the_highest_place_within_a_bound(most, place):
    assert metrics.highest_within(np.array([0.1, 0.2, 0.2, 0.1 + 0.2]), most) == place


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [
        (1, 6, 2 * (1 + 7) / 2**7),  # twice the chance of at most 1 head in 7
        (6, 1, 2 * (1 + 7) / 2**7),
        (0, 5, 2 / 2**5),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_by_hand(won, lost, p):
    assert metrics.mcnemar(won, lost) == pytest.approx(p)


def test_the_paired_bootstrap_is_what_resampling_recordings_gives():
    won, lost, n = 12, 4, 200
    gained = np.repeat([1, -1, 0], [won, lost, n - won - lost])
    chance = np.random.default_rng(7)
    means = [chance.choice(gained, n).mean() for _ in range(20_000)]
    expected = np.percentile(means, [2.5, 97.5])
    assert metrics.paired_bootstrap(won, lost, n) == pytest.approx(expected, abs=1 / n + 1e-9)


def test_the_paired_bootstrap_is_the_same_every_time_and_holds_the_difference():
    one = metrics.paired_bootstrap(5, 2, 300)
    assert one == metrics.paired_bootstrap(5, 2, 300)
    assert one.low <= 3 / 300 <= one.high
