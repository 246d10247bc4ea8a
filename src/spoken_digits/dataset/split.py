"""The split: which recordings train, which validate, which test.

A speaker's subset follows from a stable hash of the speaker's name alone. Of a corpus's speakers
those whose hash, as a share of all hashes, is below ``test_percent`` are tested, and the next
``validation_percent`` validate. So adding recordings or speakers moves nobody, which an exact
count (the first 15% in order of hash) would: a new speaker could push another over an edge. But
hashes alone would test 3 of FSDD's 6 speakers where 15% is asked for. So where the number is more
than a third off, as chance has it in small corpora only, speakers are taken or given up in order
of hash.

Two schemes promise balance instead, and rank by hash: ``random`` keeps the words' shares, and
the hash blocks of ``fold`` are equally large, as every speaker is tested once over the five folds.
Two take what the authors of a corpus published: ``takes`` that of FSDD, and ``official`` those of
FSDD, AudioMNIST (its first fold) and Speech Commands; both split other corpora by speaker. Only
``takes`` of the user's own recordings (folder) tests each speaker's last third of the takes of a
label: it says how well a model recognises whom it was trained on.

``leave_out`` goes before any scheme: the speakers and whole corpora that it names are tested, and
nobody else. What the scheme would have tested is trained on.
"""

import difflib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.dataset.recordings import grouped
from spoken_digits.dataset.table import SUBSETS, TEST, TRAIN, VALIDATION, Recordings, SplitTable
from spoken_digits.errors import UserError
from spoken_digits.official_split import official_subset
from spoken_digits.params import Split
from spoken_digits.recording import Recording

# The twelve speakers of each of AudioMNIST's five official blocks (S. Becker et al., 2018).
_AUDIOMNIST_BLOCKS = (
    (28, 56, 7, 19, 35, 1, 6, 16, 23, 34, 46, 53),
    (36, 57, 9, 24, 37, 2, 8, 17, 29, 39, 48, 54),
    (43, 58, 14, 25, 38, 3, 10, 20, 30, 40, 49, 55),
    (12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50),
    (26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51),
)
_BLOCK_OF = {
    f"audiomnist/{speaker:02}": block
    for block, speakers in enumerate(_AUDIOMNIST_BLOCKS)
    for speaker in speakers
}
_FOLDS = len(_AUDIOMNIST_BLOCKS)

_OFFICIAL_TAKES = {"fsdd": (range(5), range(5, 10))}
"""Corpora whose official test is by take: the takes that are tested, those that validate."""
OWN = "folder"
"""The corpus of the user's own recordings."""


class SplitError(UserError):
    """A split that params.yaml asks for and the recordings do not allow."""


def assign(
    recordings: Sequence[Recording], duplicates: Iterable[Sequence[int]], settings: Split
) -> SplitTable:
    """Return ``recordings``, in their order, and their subsets; ``duplicates`` are their indices.

    No speaker is in two subsets (schemes speaker and fold, and leave_out), and byte-identical
    recordings always share one: speakers who share a recording are treated as one, and test wins
    over validation, validation over train, so that nothing tested has been trained on.
    Raises SplitError if leave_out names a speaker or a corpus that is not there, or a subset is
    empty.
    """
    columns = Recordings.of(recordings)
    left_out = _left_out(columns, settings.leave_out)
    chosen = np.full(len(columns), TEST, np.uint8)
    chosen[~left_out] = _SCHEMES[settings.scheme](columns[~left_out], settings)
    if left_out.any():
        chosen[~left_out & (chosen == TEST)] = TRAIN
    by_speaker = settings.scheme in ("speaker", "fold")
    subset = _share(columns.speaker if by_speaker else np.arange(len(columns)), chosen, duplicates)
    for code, name in enumerate(SUBSETS):
        if code not in subset:
            raise SplitError(_empty(name, columns, settings))
    return SplitTable(columns, subset)


def _by_speaker(recordings: Recordings, settings: Split) -> NDArray[np.uint8]:
    test = settings.test_percent / 100
    validation = settings.validation_percent / 100
    subset_of = np.empty(len(recordings.speakers), np.uint8)
    for speakers in _speakers_by_corpus(recordings):
        hashes = sorted((_hash(recordings.who(speaker)), speaker) for speaker in speakers)
        total = len(hashes)
        tested = sum(hashed < test for hashed, _ in hashes)
        either = sum(hashed < test + validation for hashed, _ in hashes)
        if total >= 3:
            tested = min(_within_a_third(tested, total * test), total - 2)
            validating = _within_a_third(either - tested, total * validation)
            either = min(tested + validating, total - 1)
        subset_of[[speaker for _, speaker in hashes]] = _deal(tested, either - tested, total)
    return subset_of[recordings.speaker]


def _at_random(recordings: Recordings, settings: Split) -> NDArray[np.uint8]:
    corpus = recordings.by_corpus()[1]
    classes = [Recording("", label, "", 0).class_name for label in recordings.labels]
    class_of_label = np.unique(np.array(classes, np.str_), return_inverse=True)[1]
    hashes = np.fromiter((_hash(str(one)) for one in recordings), np.float64, len(recordings))
    chosen = np.empty(len(recordings), np.uint8)
    for ranked in _ranked((corpus, class_of_label[recordings.label]), hashes):
        tested = round(len(ranked) * settings.test_percent / 100)
        validating = round(len(ranked) * settings.validation_percent / 100)
        if len(ranked) >= 3:
            tested, validating = max(tested, 1), max(validating, 1)
        chosen[ranked] = _deal(tested, validating, len(ranked))
    return chosen


def _by_fold(recordings: Recordings, settings: Split) -> NDArray[np.uint8]:
    # Fold k trains on three blocks from block k on, validates on the fourth, tests the fifth.
    roles = {(settings.fold + place) % _FOLDS: TRAIN for place in range(3)}
    roles[(settings.fold + 3) % _FOLDS] = VALIDATION
    roles[(settings.fold + 4) % _FOLDS] = TEST
    subset_of = np.empty(len(recordings.speakers), np.uint8)
    for speakers in _speakers_by_corpus(recordings):
        names = {recordings.who(speaker): speaker for speaker in speakers}
        others = sorted((who for who in names if who not in _BLOCK_OF), key=_hash)
        block_of = _BLOCK_OF | {who: rank % _FOLDS for rank, who in enumerate(others)}
        for who, speaker in names.items():
            subset_of[speaker] = roles[block_of[who]]
    return subset_of[recordings.speaker]


def _by_take(recordings: Recordings, settings: Split) -> NDArray[np.uint8]:
    chosen = np.empty(len(recordings), np.uint8)
    others = np.ones(len(recordings), np.bool_)
    for corpus, indices in _by_corpus(recordings):
        if corpus == OWN:
            chosen[indices] = _last_takes(recordings[indices])
        elif corpus in _OFFICIAL_TAKES:
            tested, validating = _OFFICIAL_TAKES[corpus]
            take = recordings.take[indices]
            chosen[indices] = np.select(
                [np.isin(take, tested), np.isin(take, validating)], [TEST, VALIDATION], TRAIN
            )
        else:
            continue
        others[indices] = False
    chosen[others] = _by_speaker(recordings[others], settings)
    return chosen


def _last_takes(recordings: Recordings) -> NDArray[np.uint8]:
    """Test the last third of each speaker's takes of a label; of two takes one, of one none."""
    chosen = np.empty(len(recordings), np.uint8)
    for ranked in _ranked((recordings.speaker, recordings.label), recordings.take):
        tested = round(len(ranked) / 3)
        chosen[ranked[::-1]] = _deal(tested, 0, len(ranked))
    return chosen


def _by_official_subsets(recordings: Recordings, settings: Split) -> NDArray[np.uint8]:
    first_fold = settings.model_copy(update={"fold": 0})
    chosen = np.empty(len(recordings), np.uint8)
    for corpus, indices in _by_corpus(recordings):
        of_corpus = recordings[indices]
        match corpus:
            case "speech_commands":
                subset_of = [SUBSETS.index(official_subset(one)) for _, one in of_corpus.speakers]
                chosen[indices] = np.array(subset_of, np.uint8)[of_corpus.speaker]
            case "audiomnist":
                chosen[indices] = _by_fold(of_corpus, first_fold)
            case "fsdd":
                chosen[indices] = _by_take(of_corpus, settings)
            case _:
                chosen[indices] = _by_speaker(of_corpus, settings)
    return chosen


_SCHEMES: Mapping[str, Callable[[Recordings, Split], NDArray[np.uint8]]] = {
    "speaker": _by_speaker,
    "random": _at_random,
    "fold": _by_fold,
    "takes": _by_take,
    "official": _by_official_subsets,
}


def _share(
    unit: NDArray[np.integer], chosen: NDArray[np.uint8], duplicates: Iterable[Sequence[int]]
) -> NDArray[np.uint8]:
    """Give all that must stay together the strongest subset that any of them has.

    That is all of a ``unit``, (n,), and all units that share a recording.
    """
    together: dict[int, int] = {}  # a forest: unit -> parent; a root is its own

    def root(one: int) -> int:
        while (parent := together.setdefault(one, one)) != one:
            one = parent
        return one

    strongest = np.zeros(unit.max(initial=-1) + 1, np.uint8)
    np.maximum.at(strongest, unit, chosen)
    for group in duplicates:
        units = unit[list(group)].tolist()
        for one in units:
            together[root(one)] = root(units[0])
    for whole in grouped(list(together), root):
        strongest[whole] = strongest[whole].max()
    shared: NDArray[np.uint8] = strongest[unit]
    return shared


def _left_out(recordings: Recordings, leave_out: Sequence[str]) -> NDArray[np.bool_]:
    """Return which recordings ``leave_out`` names, by speaker or by corpus, (n,)."""
    present = {recordings.who(speaker) for speaker in recordings.those_who_speak()}
    corpora, corpus = recordings.by_corpus()
    for name in leave_out:
        if "/" not in name and name not in corpora:
            raise SplitError(
                f"params.yaml: split.leave_out: {name!r} is no corpus in data/raw, which holds "
                f"{', '.join(corpora)}"
            )
        if "/" in name and name not in present:
            close = difflib.get_close_matches(name, present, n=1, cutoff=0.0)
            raise SplitError(
                f"params.yaml: split.leave_out: {name!r} is no speaker in data/raw; the nearest of "
                f"its {len(present)} is {close[0]}"
            )
    of_corpus = np.isin(corpora, leave_out)[corpus]
    speakers = [recordings.who(speaker) for speaker in range(len(recordings.speakers))]
    return of_corpus | np.isin(speakers, leave_out)[recordings.speaker]


def _by_corpus(recordings: Recordings) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield each corpus and the indices of its recordings."""
    corpora, corpus = recordings.by_corpus()
    for number, name in enumerate(corpora):
        yield name, np.flatnonzero(corpus == number)


def _speakers_by_corpus(recordings: Recordings) -> list[list[int]]:
    return grouped(recordings.those_who_speak(), lambda one: recordings.speakers[one][0])


def _ranked(
    group: tuple[NDArray[np.integer], NDArray[np.integer]], rank: NDArray[Any]
) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of those whose ``group``, two columns, (n,), is the same, by rank, (n,)."""
    order = np.lexsort((rank, *group))
    ordered = np.stack(group)[:, order]
    ends = np.flatnonzero((ordered[:, 1:] != ordered[:, :-1]).any(axis=0)) + 1
    for start, end in pairwise([0, *ends.tolist(), len(order)]):
        yield order[start:end]


def _empty(subset: str, recordings: Recordings, settings: Split) -> str:
    speakers = Counter(recordings.speakers[one][0] for one in recordings.those_who_speak())
    has = ", ".join(f"{corpus} {count}" for corpus, count in sorted(speakers.items()))
    needed = {
        "speaker": "it needs 3 speakers of a corpus",
        "fold": "it needs 5 speakers of a corpus, of audiomnist one of each official block",
        "takes": "it needs takes 0-4, 5-9 and later ones of fsdd, or 3 speakers of another corpus "
        "than folder",
        "official": "it needs speakers of every official subset (of speech_commands_subset.tar.gz "
        "nobody is in the official test), or 3 speakers of a corpus that has none",
        "random": "it needs 3 recordings of a word in a corpus",
    }[settings.scheme]
    beside = " beside what split.leave_out names" if settings.leave_out else ""
    advice = (
        "Add recordings"
        if settings.scheme == "random"
        else "Add speakers, or set split.scheme: random in params.yaml"
    )
    return (
        f"split.scheme: {settings.scheme} leaves nothing for {subset}: {needed}{beside} "
        f"(speakers in data/raw: {has}). {advice}"
    )


def _within_a_third(count: int, wanted: float) -> int:
    lowest, highest = round(wanted * 2 / 3), round(wanted * 4 / 3)
    return max(1, lowest, min(count, highest))


def _deal(tested: int, validating: int, total: int) -> list[int]:
    rest = total - tested - validating
    return [TEST] * tested + [VALIDATION] * validating + [TRAIN] * rest


def _hash(name: str) -> float:
    """Hash a name to 0..1, evenly, the same on every machine."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
