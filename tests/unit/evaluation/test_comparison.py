"""Two experiments on the same recordings."""

import pytest

from spoken_digits.evaluation.comparison import ComparisonError, as_json, as_text, compare
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.recording import Recording


def heard_in(heard: str, said: str = "0123456789", crc: int = 1) -> list[Prediction]:
    """Say the digits ``said``, one recording each, heard as ``heard``."""
    return [
        Prediction(Recording("fsdd", label, "anna", take), digit, 0.9, crc)
        for take, (label, digit) in enumerate(zip(said, heard, strict=True))
    ]


def test_won_and_lost_recordings_are_named():
    result = compare(heard_in("0123456700"), heard_in("1123456780"))
    assert (result.before, result.after, result.n) == (0.8, 0.8, 10)
    assert [change.recording for change in result.won] == ["fsdd/8_anna_8.wav"]
    assert result.lost[0]._asdict() == {
        "recording": "fsdd/0_anna_0.wav",
        "said": "0",
        "before": "0",
        "after": "1",
    }
    assert result.p == 1


def test_seven_won_and_none_lost_is_better():
    result = compare(heard_in("9999999999"), heard_in("0123456999"))
    assert result.p == pytest.approx(2 / 2**7)
    assert result.verdict == "better (p = 0.016)"
    assert result.difference == pytest.approx(0.7)
    assert result.low <= 0.7 <= result.high
    assert "new is better" in as_text(result, "old", "new")


def test_seven_lost_and_none_won_is_worse():
    assert compare(heard_in("0123456999"), heard_in("9999999999")).verdict == "worse (p = 0.016)"


def test_two_won_means_nothing():
    result = compare(heard_in("0123456700"), heard_in("0123456789"))
    text = as_text(result, "old", "new")
    assert "no difference that these 10 recordings can show (p = 0.5)" in text
    assert "  +20.00%" in text


def test_only_five_are_named_but_json_has_all():
    result = compare(heard_in("9999999999"), heard_in("0123456789"))
    assert "and 4 more (--json lists all)" in as_text(result, "old", "new")
    content = as_json(result, "old", "new")
    assert len(content["won"]) == 9
    assert content["base_accuracy"] == 0.1
    assert content["mcnemar_p"] == pytest.approx(2 / 2**9)


def test_words_are_compared_by_their_labels():
    said = [Recording("folder", label, "anna", 0) for label in ("yes", "no", "lights-on")]
    old, new = (
        [Prediction(one, heard, 0.9, 1) for one, heard in zip(said, words, strict=True)]
        for words in (("yes", "yes", "lights-on"), ("no", "no", "lights-on"))
    )
    result = compare(old, new)
    assert [change.recording for change in result.won] == ["folder/no_anna_0.wav"]
    assert [change.recording for change in result.lost] == ["folder/yes_anna_0.wav"]
    assert "accuracy on 3 words" in as_text(result, "old", "new")


def test_other_words_do_not_count():
    other = Prediction(Recording("fsdd", "other-bed", "anna", 0), "8", 0.4, 5)
    assert compare([*heard_in("0123456789"), other], heard_in("0123456789")).n == 10


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            heard_in("01", "01"),
            heard_in("0", "0"),
            "1 only in the base, for example fsdd/1_anna_1.wav",
        ),
        (
            heard_in("0", "0"),
            heard_in("01", "01"),
            "1 only in the other, for example fsdd/1_anna_1.wav",
        ),
        (
            heard_in("0", "0"),
            heard_in("0", "0", crc=2),
            "1 with another sound under the same name",
        ),
        ([], [], "neither experiment was tested on a word of its vocabulary"),
    ],
)
def test_other_test_sets_are_refused(before, after, words):
    with pytest.raises(ComparisonError, match=words):
        compare(before, after)


def test_the_refusal_counts_and_says_what_to_do_instead():
    with pytest.raises(ComparisonError) as refused:
        compare(heard_in("0123", "0123"), heard_in("01", "01"))
    assert "the test sets differ (4 and 2 words)" in str(refused.value)
    assert "dvc metrics diff" in str(refused.value)
