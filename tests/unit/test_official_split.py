"""Speech Commands' official split: the rule gives what its lists say."""

from collections import Counter

import pytest

from spoken_digits.official_split import official_subset

LISTED = {  # speakers as validation_list.txt and testing_list.txt of v0.02 have them
    "validation": "8b775397 2643992f 060cd039 f5e5e8b0 dbb40d24 d57febf0 16db1582 171b56dc",
    "test": "bb05582b 97f4c236 f2e59fea fdb5155e dc75148d 3f170018 18f8afd5 e1469561",
}


@pytest.mark.parametrize(
    ("subset", "speaker"),
    [(subset, speaker) for subset, speakers in LISTED.items() for speaker in speakers.split()],
)
def test_speakers_are_in_the_subset_that_the_corpus_lists_them_in(subset, speaker):
    assert official_subset(speaker) == subset


def test_a_speaker_in_neither_list_trains():
    assert official_subset("004ae714") == "train"


def test_a_tenth_of_all_speakers_validates_and_a_tenth_is_tested():
    counts = Counter(official_subset(f"{number:08x}") for number in range(10_000))
    assert 900 < counts["validation"] < 1100
    assert 900 < counts["test"] < 1100
