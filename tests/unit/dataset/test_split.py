"""The split: who trains, validates and tests, and what stays together."""

import zlib
from collections import Counter

import pytest

from spoken_digits.dataset.recordings import find_duplicates, list_recordings
from spoken_digits.dataset.split import SplitError, assign
from spoken_digits.params import load_params
from spoken_digits.recording import Recording
from spoken_digits.shards import write_shard

SETTINGS = load_params().split
BLOCKS = (  # as the corpus's paper prints them
    "28 56 07 19 35 01 06 16 23 34 46 53",
    "36 57 09 24 37 02 08 17 29 39 48 54",
    "43 58 14 25 38 03 10 20 30 40 49 55",
    "12 47 59 15 27 41 04 11 21 31 44 50",
    "26 52 60 18 32 42 05 13 22 33 45 51",
)


def settings(**changes):
    return SETTINGS.model_copy(update=changes)


def make(corpus, speakers, takes=2, labels="01"):
    """Recordings by ``speakers``, in order."""
    recordings = [
        Recording(corpus, label, speaker, take)
        for speaker in speakers
        for label in labels
        for take in range(takes)
    ]
    return sorted(recordings, key=lambda recording: recording.name)


def numbered(count):
    return [f"{number:02}" for number in range(1, count + 1)]


def subsets_of(chosen):
    """Return {speaker, as corpus/speaker: the subsets that any recording of theirs is in}."""
    found = {}
    for recording, subset in chosen.items():
        found.setdefault(recording.who, set()).add(subset)
    return found


def split(recordings, duplicates=(), **changes):
    """Return the subset of each recording, by itself; ``duplicates`` are recordings too."""
    groups = [[recordings.index(one) for one in group] for group in duplicates]
    return dict(assign(recordings, groups, settings(**changes)).items())


@pytest.mark.parametrize(
    ("corpus", "scheme"),
    [
        ("espeak", "speaker"),
        ("espeak", "takes"),
        ("audiomnist", "speaker"),
        ("audiomnist", "takes"),
        ("folder", "speaker"),
    ],
)
@pytest.mark.parametrize("count", [3, 4, 6, 20, 60, 160])
def test_no_speaker_is_in_two_subsets(corpus, count, scheme):
    recordings = make(corpus, numbered(count))
    chosen = split(recordings, scheme=scheme)
    assert all(len(subsets) == 1 for subsets in subsets_of(chosen).values())
    assert set(chosen.values()) == {"train", "validation", "test"}


@pytest.mark.parametrize("corpus", ["audiomnist", "espeak"])
@pytest.mark.parametrize("fold", range(5))
@pytest.mark.parametrize("count", [5, 6, 33, 60])
def test_no_speaker_is_in_two_subsets_of_a_fold(corpus, fold, count):
    speakers = numbered(count) if corpus == "espeak" else " ".join(BLOCKS).split()[:: 60 // count]
    recordings = make(corpus, speakers)
    chosen = split(recordings, scheme="fold", fold=fold)
    assert all(len(subsets) == 1 for subsets in subsets_of(chosen).values())
    assert set(chosen.values()) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("fold", "train", "validation", "test"),
    [(0, "ABC", "D", "E"), (1, "BCD", "E", "A"), (2, "CDE", "A", "B"), (3, "DEA", "B", "C"),
     (4, "EAB", "C", "D")],
)  # fmt: skip
def test_folds_of_audiomnist_are_the_official_ones(fold, train, validation, test):
    recordings = make("audiomnist", numbered(60), takes=1)
    found = subsets_of(split(recordings, scheme="fold", fold=fold))
    for subset, letters in (("train", train), ("validation", validation), ("test", test)):
        expected = {
            f"audiomnist/{speaker}"
            for letter in letters
            for speaker in BLOCKS["ABCDE".index(letter)].split()
        }
        assert {who for who, s in found.items() if s == {subset}} == expected


@pytest.mark.parametrize("corpus", ["audiomnist", "espeak"])
def test_over_the_five_folds_everyone_is_tested_and_validates_once(corpus):
    recordings = make(corpus, numbered(60), takes=1)
    roles = Counter()
    for fold in range(5):
        found = subsets_of(split(recordings, scheme="fold", fold=fold))
        roles.update((who, subset) for who, (subset,) in found.items())
    assert all(roles[who, "test"] == roles[who, "validation"] == 1 for who, _ in roles)


@pytest.mark.parametrize("scheme", ["speaker", "fold", "takes", "official"])
def test_more_recordings_of_known_speakers_move_nothing(scheme):
    few, more = make("espeak", numbered(40), takes=1), make("espeak", numbered(40), takes=5)
    before, after = split(few, scheme=scheme), split(more, scheme=scheme)
    assert {one: after[one] for one in before} == before


@pytest.mark.parametrize(("count", "moved"), [(6, 1), (60, 1), (100, 0), (160, 0), (300, 0)])
def test_more_speakers_move_nobody_but_to_keep_the_share_of_a_small_corpus(count, moved):
    few, more = make("espeak", numbered(count)), make("espeak", numbered(count + 40))
    before = subsets_of(split(few))
    after = subsets_of(split(more))
    assert sum(after[who] != before[who] for who in before) <= moved


@pytest.mark.parametrize("scheme", ["speaker", "fold", "takes", "random", "official"])
def test_another_corpus_moves_nothing(scheme):
    alone = make("espeak", numbered(40))
    both = alone + make("fsdd", ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"])
    before, after = split(alone, scheme=scheme), split(both, scheme=scheme)
    assert {one: after[one] for one in before} == before


@pytest.mark.parametrize("count", [3, 6, 10, 20, 40, 60, 160, 487])
@pytest.mark.parametrize("percent", [5, 15, 30])
def test_shares_of_speakers_are_within_a_third_of_those_asked_for(count, percent):
    recordings = make("espeak", numbered(count), takes=1, labels="0")
    counts = Counter(split(recordings, test_percent=percent, validation_percent=percent).values())
    wanted = count * percent / 100
    for subset in ("test", "validation"):
        assert max(1, round(wanted * 2 / 3)) <= counts[subset] <= max(1, round(wanted * 4 / 3))


def test_the_split_is_the_same_on_every_machine():
    """Written down once: a change here moves every user's speakers."""
    recordings = make("fsdd", ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"])
    found = subsets_of(split(recordings, scheme="speaker"))
    assert {who: subset for who, (subset,) in found.items()} == PINNED


PINNED = {
    "fsdd/george": "validation",
    "fsdd/jackson": "train",
    "fsdd/lucas": "train",
    "fsdd/nicolas": "train",
    "fsdd/theo": "train",
    "fsdd/yweweler": "test",
}


@pytest.mark.parametrize("percent", [10, 15, 40])
def test_random_keeps_the_share_of_each_digit_in_each_corpus(percent):
    digits = "0123456789"
    recordings = make("espeak", numbered(20), labels=digits)
    recordings += make("fsdd", ["anna", "ben"], takes=10, labels=digits)
    chosen = split(recordings, scheme="random", test_percent=percent, validation_percent=percent)
    counts = Counter(
        (recording.corpus, recording.label, subset) for recording, subset in chosen.items()
    )
    for corpus, total in (("espeak", 40), ("fsdd", 20)):
        for digit in digits:
            assert counts[corpus, digit, "test"] == round(total * percent / 100)
            assert counts[corpus, digit, "validation"] == round(total * percent / 100)


def test_takes_of_fsdd_are_its_official_test():
    recordings = make("fsdd", ["george", "theo"], takes=50)
    for recording, subset in split(recordings, scheme="takes").items():
        take = recording.take
        assert subset == ("test" if take < 5 else "validation" if take < 10 else "train")


@pytest.mark.parametrize(
    ("takes", "tested"), [(1, []), (2, [1]), (3, [2]), (5, [3, 4]), (10, [7, 8, 9])]
)
def test_scheme_takes_tests_the_last_third_of_ones_own_takes(takes, tested):
    own = make("folder", ["anna", "ben"], takes=takes)
    chosen = split(own + make("espeak", numbered(40)), scheme="takes")
    for one in own:
        assert chosen[one] == ("test" if one.take in tested else "train"), one


def test_own_takes_may_have_any_numbers():
    own = [Recording("folder", "7", "anna", take) for take in (30, 4, 200)]
    chosen = split(own + make("espeak", numbered(40)), scheme="takes")
    assert [chosen[one] for one in own] == ["train", "train", "test"]


def test_the_official_split_of_speech_commands_is_by_its_rule():
    speakers = ["004ae714", "8b775397", "bb05582b"]
    found = subsets_of(split(make("speech_commands", speakers), scheme="official"))
    assert [found[f"speech_commands/{who}"] for who in speakers] == [
        {"train"},
        {"validation"},
        {"test"},
    ]


def test_the_official_split_of_audiomnist_is_its_first_fold():
    recordings = make("audiomnist", numbered(60), takes=1)
    for fold in (0, 3):
        chosen = split(recordings, scheme="official", fold=fold)
        assert chosen == split(recordings, scheme="fold", fold=0)


def test_the_official_split_of_fsdd_is_by_takes():
    recordings = make("fsdd", ["george", "theo"], takes=20)
    assert split(recordings, scheme="official") == split(recordings, scheme="takes")


def test_corpora_without_an_official_split_are_split_by_speaker():
    others = make("espeak", numbered(40)) + make("folder", numbered(9))
    recordings = others + make("speech_commands", ["004ae714", "8b775397", "bb05582b"])
    official = split(recordings, scheme="official")
    assert {one: official[one] for one in others} == split(others, scheme="speaker")


def test_the_official_split_needs_speakers_of_every_subset():
    recordings = make("speech_commands", ["004ae714", "8b775397"])
    words = (
        r"official leaves nothing for test: it needs speakers of every official subset \(of "
        r"speech_commands_subset\.tar\.gz nobody is in the official test\), or 3 speakers"
    )
    with pytest.raises(SplitError, match=words):
        split(recordings, scheme="official")


def test_scheme_takes_splits_other_corpora_by_speaker():
    recordings = make("espeak", numbered(40)) + make("fsdd", ["theo"], takes=12)
    by_take, by_speaker = (
        split(recordings, scheme="takes"),
        split(make("espeak", numbered(40)), scheme="speaker"),
    )
    assert {one: by_take[one] for one in by_speaker} == by_speaker


@pytest.mark.parametrize("scheme", ["speaker", "fold", "takes", "random", "official"])
@pytest.mark.parametrize("speaker", ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"])
def test_left_out_speakers_alone_are_tested(scheme, speaker):
    six = ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
    recordings = make("fsdd", six, takes=12) + make("espeak", ["george", *numbered(9)])
    chosen = split(recordings, scheme=scheme, leave_out=(f"fsdd/{speaker}",))
    tested = {recording.who for recording, subset in chosen.items() if subset == "test"}
    assert tested == {f"fsdd/{speaker}"}
    assert subsets_of(chosen)[f"fsdd/{speaker}"] == {"test"}
    assert "validation" in chosen.values()


@pytest.mark.parametrize("scheme", ["speaker", "fold", "takes", "random", "official"])
def test_a_left_out_corpus_is_tested_whole_and_the_others_train_and_validate(scheme):
    fsdd = make("fsdd", ["anna", "ben"], takes=12) + make("fsdd", ["anna"], labels=["other-cat"])
    recordings = fsdd + make("espeak", numbered(20)) + make("pico", numbered(9))
    chosen = split(recordings, scheme=scheme, leave_out=("fsdd",))
    assert {one for one, subset in chosen.items() if subset == "test"} == set(fsdd)
    for subset in ("train", "validation"):
        corpora = {one.corpus for one, of in chosen.items() if of == subset}
        assert corpora == {"espeak", "pico"}


def test_corpora_and_speakers_may_be_left_out_together():
    recordings = make("fsdd", ["anna"]) + make("espeak", numbered(20)) + make("pico", ["001"])
    chosen = subsets_of(split(recordings, leave_out=("fsdd", "pico", "espeak/07")))
    tested = {who for who, subsets in chosen.items() if "test" in subsets}
    assert tested == {"fsdd/anna", "pico/001", "espeak/07"}


def test_a_corpus_whose_name_another_begins_with_is_not_left_out():
    recordings = make("speech", ["anna"]) + make("speech_commands", numbered(20))
    chosen = split(recordings, leave_out=("speech",))
    assert {one.corpus for one, subset in chosen.items() if subset == "test"} == {"speech"}


def test_without_the_corpora_left_out_somebody_must_be_there_to_train():
    recordings = make("fsdd", numbered(9)) + make("espeak", ["anna"])
    words = r"leaves nothing for \w+: it needs 3 speakers of a corpus beside what split\.leave_out"
    with pytest.raises(SplitError, match=words):
        split(recordings, leave_out=("fsdd",))


def test_an_unknown_left_out_corpus_is_an_error_that_names_those_there():
    recordings = make("fsdd", ["george"]) + make("espeak", numbered(9))
    words = (
        r"params\.yaml: split\.leave_out: 'pico' is no corpus in data/raw, which holds espeak, f"
    )
    with pytest.raises(SplitError, match=words):
        split(recordings, leave_out=("pico",))


def test_what_the_scheme_would_test_is_trained_on_when_others_are_left_out():
    recordings = make("espeak", numbered(60))
    usual = subsets_of(split(recordings))
    left_out = next(who for who, subset in usual.items() if subset == {"train"})
    chosen = subsets_of(split(recordings, leave_out=(left_out,)))
    for who, subset in usual.items():
        if who == left_out:
            assert chosen[who] == {"test"}
        else:
            assert chosen[who] == ({"train"} if subset == {"test"} else subset)


def test_an_unknown_left_out_speaker_is_an_error_that_names_the_nearest():
    recordings = make("fsdd", ["george", "jackson", "theo"])
    with pytest.raises(SplitError) as error:
        split(recordings, leave_out=("fsdd/jakson",))
    assert "params.yaml: split.leave_out: 'fsdd/jakson' is no speaker in data/raw" in str(
        error.value
    )
    assert "fsdd/jackson" in str(error.value)


@pytest.mark.parametrize(
    ("scheme", "corpus", "speakers", "words"),
    [
        ("speaker", "folder", 1, r"speaker leaves nothing for \w+: it needs 3 speakers of a"),
        ("speaker", "folder", 2, r"Add speakers, or set split\.scheme: random in params\.yaml"),
        ("fold", "folder", 4, r"fold leaves nothing for \w+: it needs 5 speakers"),
        ("takes", "fsdd", 6, r"takes leaves nothing for train: it needs takes 0-4, 5-9"),
        ("takes", "folder", 2, r"\(speakers in data/raw: folder 2\)"),
    ],
)  # fmt: skip
def test_an_empty_subset_is_an_error_that_says_what_to_change(scheme, corpus, speakers, words):
    recordings = make(corpus, numbered(speakers), takes=2)
    with pytest.raises(SplitError, match=words):
        split(recordings, scheme=scheme)


def test_two_recordings_of_each_digit_are_too_few_at_random():
    recordings = make("folder", ["anna"], takes=2)
    with pytest.raises(SplitError, match=r"random leaves nothing for .*needs 3 recordings"):
        split(recordings, scheme="random")


@pytest.mark.parametrize("scheme", ["speaker", "fold"])
def test_speakers_who_share_a_recording_are_kept_together(scheme):
    recordings = make("audiomnist", numbered(60), takes=1)
    usual = subsets_of(split(recordings, scheme=scheme))
    trained, tested = (
        next(who for who, subset in usual.items() if subset == {wanted})
        for wanted in ("train", "test")
    )
    group = [next(r for r in recordings if r.who == who) for who in (trained, tested)]
    chosen = subsets_of(split(recordings, [group], scheme=scheme))
    assert chosen == usual | {trained: {"test"}}


def test_a_chain_of_shared_recordings_is_one_group():
    recordings = make("espeak", numbered(60), takes=1)
    usual = subsets_of(split(recordings))
    a, b, c = [who for who, subset in usual.items() if subset == {"train"}][:3]
    (d,) = [who for who, subset in usual.items() if subset == {"validation"}][:1]
    first = {recording.who: recording for recording in reversed(recordings)}
    pairs = [[first[a], first[b]], [first[c], first[d]], [first[b], first[c]]]
    chosen = subsets_of(split(recordings, pairs))
    assert all(chosen[who] == {"validation"} for who in (a, b, c, d))


@pytest.mark.parametrize("scheme", ["random", "takes", "official"])
def test_copies_share_the_subset_and_test_wins(scheme):
    recordings = make("fsdd", ["anna", "ben", "cleo"], takes=20)
    usual = split(recordings, scheme=scheme)
    by_subset = {subset: recording for recording, subset in usual.items()}
    group = [by_subset[subset] for subset in ("train", "validation", "test")]
    chosen = split(recordings, [group], scheme=scheme)
    assert chosen == usual | dict.fromkeys(group, "test")


def test_copies_are_found_within_and_across_shards_and_corpora(tmp_path):
    same, other = b"the same bytes", b"different bytes"
    write_shard(
        tmp_path / "audiomnist/36.zip",
        [("3_36_19.wav", same), ("3_36_20.wav", same), ("4_36_0.wav", other)],
    )
    write_shard(tmp_path / "folder/anna.zip", [("3_anna_0.wav", same), ("5_anna_0.wav", b"third")])
    stored = list_recordings(tmp_path)
    groups = find_duplicates(stored)
    assert [[str(stored.recordings[index]) for index in group] for group in groups] == [
        ["audiomnist/3_36_19.wav", "audiomnist/3_36_20.wav", "folder/3_anna_0.wav"]
    ]


def test_the_same_crc_and_size_do_not_make_a_copy(tmp_path):
    one, other = collision()
    assert zlib.crc32(one) == zlib.crc32(other)
    write_shard(tmp_path / "folder/anna.zip", [("1_anna_0.wav", one), ("2_anna_0.wav", other)])
    assert find_duplicates(list_recordings(tmp_path)) == []


def collision():
    """Return two contents of the same size and CRC-32: a multiple of its polynomial apart."""
    polynomial = (0x104C11DB7).to_bytes(5)
    reflected = bytes(int(f"{byte:08b}"[::-1], 2) for byte in polynomial)
    one = bytes(range(16))
    return one, bytes(a ^ b for a, b in zip(one, reflected.ljust(16, b"\0"), strict=True))


def test_recordings_come_by_corpus_and_name_whatever_shard_holds_them(tmp_path):
    write_shard(tmp_path / "fsdd/z.zip", [("0_anna_0.wav", b"a"), ("0_anna_10.wav", b"b")])
    write_shard(tmp_path / "fsdd/a.zip", [("0_anna_2.wav", b"c"), ("1_aa_0.wav", b"d")])
    write_shard(tmp_path / "espeak/x.zip", [("9_zoe_0.wav", b"e")])
    assert [str(recording) for recording in list_recordings(tmp_path).recordings] == [
        "espeak/9_zoe_0.wav",
        "fsdd/0_anna_0.wav",
        "fsdd/0_anna_10.wav",
        "fsdd/0_anna_2.wav",
        "fsdd/1_aa_0.wav",
    ]
