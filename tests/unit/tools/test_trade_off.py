"""The trade-off over corpora left out: its mean, and the thresholds that are read from it."""

import pytest
import trade_off


def curve(rejected, lost, others):
    return [
        {"threshold": number / 2, "rejected": one, "lost": other, "others_claimed": claimed}
        for number, (one, other, claimed) in enumerate(zip(rejected, lost, others, strict=True))
    ]


FEW = curve([0.0, 0.01, 1.0], [0.02, 0.03, 1.0], [0.8, 0.2, 0.0])
MORE = curve([0.0, 0.03, 1.0], [0.0, 0.01, 1.0], [0.6, 0.1, 0.0])
WITHOUT_OTHERS = curve([0.0, 0.02, 1.0], [0.01, 0.02, 1.0], [None, None, None])


def test_each_corpus_counts_once_and_other_words_where_there_are_some():
    mean = trade_off.mean([FEW, MORE, WITHOUT_OTHERS])
    assert [point["threshold"] for point in mean] == [0.0, 0.5, 1.0]
    assert [point["lost"] for point in mean] == pytest.approx([0.01, 0.02, 1.0])
    assert [point["others_claimed"] for point in mean] == pytest.approx([0.7, 0.15, 0.0])


def test_where_no_corpus_has_other_words_there_is_no_share_of_them():
    mean = trade_off.mean([WITHOUT_OTHERS, WITHOUT_OTHERS])
    assert [point["others_claimed"] for point in mean] == [None, None, None]
    assert trade_off.lines(mean)[0] == (
        "at most 2% of digits lost (rejected, or mistaken): threshold 0.5"
    )


@pytest.mark.parametrize(("most", "threshold"), [(0.02, 0.0), (0.03, 0.5), (0.99, 0.5), (1, 1.0)])
def test_the_highest_threshold_that_loses_no_more(most, threshold):
    point = trade_off.highest_point(FEW, "lost", most)
    assert point is not None
    assert point["threshold"] == threshold


def test_there_may_be_no_threshold_that_loses_so_few():
    assert trade_off.highest_point(FEW, "lost", 0.01) is None


def test_the_summary_has_the_points_at_two_per_cent_and_the_mean():
    found = trade_off.summary([FEW, MORE])
    assert found["lost_at_most_2"]["threshold"] == 0.5
    assert found["rejected_at_most_2"]["others_claimed"] == pytest.approx(0.15)
    assert found["curve"] == trade_off.mean([FEW, MORE])
