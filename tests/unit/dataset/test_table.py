"""Recordings as columns: what goes in comes out, in any part and order, and takes few bytes."""

import itertools
import tracemalloc

import numpy as np
import pytest
from support import split_of

from spoken_digits.dataset.table import Recordings
from spoken_digits.recording import Recording

ANNA, OTHER_ANNA, BEN, CAT, LATE = ALL = [
    Recording("fsdd", "7", "anna", 11),
    Recording("espeak", "7", "anna", 11),  # the same name in another corpus
    Recording("fsdd", "lights-on", "ben", 0),
    Recording("fsdd", "other-cat", "ben", 0),
    Recording("fsdd", "7", "anna", 999_999_999),
]


def test_recordings_come_out_as_they_went_in():
    columns = Recordings.of(ALL)
    assert list(columns) == ALL
    assert [columns[index] for index in range(len(columns))] == ALL
    assert columns[-1] == LATE
    assert BEN in columns
    assert Recordings.of(columns) is columns
    with pytest.raises(IndexError):
        columns[5]


def test_more_recordings_than_are_looked_at_at_once():
    many = [Recording("fsdd", str(number % 10), "anna", number) for number in range(10_000)]
    assert list(Recordings.of(iter(many))) == many


def test_no_recordings():
    none = Recordings.of([])
    assert (len(none), list(none), none.those_who_speak()) == (0, [], [])
    assert (none.by_corpus()[0], len(none.in_order()), len(none.first_equal())) == ([], 0, 0)
    assert none.find(ALL).tolist() == [-1] * 5
    assert Recordings.of(ALL).find([]).tolist() == []
    assert list(Recordings.joined([])) == []


@pytest.mark.parametrize(
    "chosen",
    [slice(1, 3), slice(None, None, 2), np.array([4, 0, 0]), np.array([], int), np.arange(5) > 2],
    ids=str,
)
def test_a_part_is_recordings_again(chosen):
    part = Recordings.of(ALL)[chosen]
    assert isinstance(part, Recordings)
    assert list(part) == [ALL[index] for index in np.arange(5)[chosen]]


def test_parts_are_joined_whatever_each_calls_its_first_speaker():
    parts = [Recordings.of([ANNA, CAT]), Recordings.of([]), Recordings.of([BEN, OTHER_ANNA])]
    assert list(Recordings.joined(parts)) == [ANNA, CAT, BEN, OTHER_ANNA]


def test_what_is_said_and_by_whom():
    columns = Recordings.of(ALL)
    assert columns.is_word.tolist() == [True, True, True, False, True]
    assert columns.take.tolist() == [11, 11, 0, 0, 999_999_999]
    assert columns.by_corpus()[0] == ["espeak", "fsdd"]
    assert columns.by_corpus()[1].tolist() == [1, 0, 1, 1, 1]
    speakers = [columns.who(one) for one in columns.those_who_speak()]
    assert sorted(speakers) == ["espeak/anna", "fsdd/anna", "fsdd/ben"]


def test_a_part_knows_only_its_own_corpora_and_speakers():
    part = Recordings.of(ALL)[np.array([2, 3])]
    assert part.by_corpus()[0] == ["fsdd"]
    assert part.by_corpus()[1].tolist() == [0, 0]
    assert [part.who(one) for one in part.those_who_speak()] == ["fsdd/ben"]


def test_the_order_is_that_of_names_as_text():
    labels = ["1", "10", "a", "a-b", "ab", "other", "other-a", "other-a-b", "zero"]
    speakers = ["1", "10", "A", "Ab", "a", "a-", "a-b", "ab", "b", "-a", "Z", "z"]
    takes = [0, 1, 2, 9, 10, 11, 19, 100, 123_456_789]
    corpora = ["fsdd", "espeak", "fsdd_two", "Fsdd"]
    names = list(itertools.product(corpora, labels, speakers, takes))
    shuffled = [Recording(*names[i]) for i in np.random.default_rng(0).permutation(len(names))]
    columns = Recordings.of(shuffled)
    expected = sorted(shuffled, key=lambda one: (one.corpus, one.name))
    assert list(columns[columns.in_order()]) == expected


def test_the_first_that_is_the_same():
    columns = Recordings.of([BEN, ANNA, BEN, CAT, ANNA, BEN])
    assert columns.first_equal().tolist() == [0, 1, 0, 3, 1, 0]


def test_where_others_are():
    columns = Recordings.of([CAT, ANNA, BEN])
    elsewhere = BEN._replace(corpus="pico")
    wanted = [BEN, OTHER_ANNA, CAT, BEN, LATE, elsewhere]
    assert columns.find(wanted).tolist() == [2, -1, 0, 2, -1, -1]


def test_a_split_by_its_subsets():
    subsets = {ANNA: "train", BEN: "test", CAT: "train"}
    split = split_of(subsets)
    assert list(split.part("train")) == [ANNA, CAT]
    assert list(split.part("validation")) == []
    assert dict(split.items()) == subsets


def test_a_recording_takes_twelve_bytes():
    count = 100_000
    tracemalloc.start()
    columns = Recordings.of(Recording("fsdd", "7", f"s{n % 50}", n) for n in range(count))
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(columns) == count
    assert held < 13 * count
    assert most < 30 * count
