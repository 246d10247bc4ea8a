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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from spoken_digits.dataset.recordings import grouped
from spoken_digits.errors import UserError
from spoken_digits.official_split import official_subset
from spoken_digits.params import Split
from spoken_digits.recording import Recording

TRAIN, VALIDATION, TEST = SUBSETS = ("train", "validation", "test")

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
    recordings: Sequence[Recording], duplicates: Iterable[Sequence[Recording]], settings: Split
) -> dict[Recording, str]:
    """Return the subset of each recording, one of SUBSETS, in the order of ``recordings``.

    No speaker is in two subsets (schemes speaker and fold, and leave_out), and byte-identical
    recordings always share one: speakers who share a recording are treated as one, and test wins
    over validation, validation over train, so that nothing tested has been trained on.
    Raises SplitError if leave_out names a speaker or a corpus that is not there, or a subset is
    empty.
    """
    _check_left_out(recordings, settings.leave_out)
    left_out = {
        one for one in recordings if not {one.who, one.corpus}.isdisjoint(settings.leave_out)
    }
    rest = [one for one in recordings if one not in left_out]
    chosen = _SCHEMES[settings.scheme](rest, settings)
    if left_out:
        chosen = {
            recording: TRAIN if subset == TEST else subset for recording, subset in chosen.items()
        }
        chosen |= dict.fromkeys(left_out, TEST)
    by_speaker = settings.scheme in ("speaker", "fold")
    subsets = _share(recordings, chosen, duplicates, by_speaker)
    for subset in SUBSETS:
        if subset not in subsets.values():
            raise SplitError(_empty(subset, recordings, settings))
    return subsets


def _by_speaker(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    test = settings.test_percent / 100
    validation = settings.validation_percent / 100
    subset_of: dict[str, str] = {}
    for speakers in _speakers_by_corpus(recordings):
        ranked = sorted(speakers, key=_hash)
        total = len(ranked)
        tested = sum(_hash(who) < test for who in ranked)
        either = sum(_hash(who) < test + validation for who in ranked)
        if total >= 3:
            tested = min(_within_a_third(tested, total * test), total - 2)
            validating = _within_a_third(either - tested, total * validation)
            either = min(tested + validating, total - 1)
        subset_of |= dict(zip(ranked, _deal(tested, either - tested, total), strict=True))
    return {recording: subset_of[recording.who] for recording in recordings}


def _at_random(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    chosen: dict[Recording, str] = {}
    strata = grouped(recordings, lambda recording: (recording.corpus, recording.class_name))
    for stratum in strata:
        ranked = sorted(stratum, key=lambda recording: _hash(str(recording)))
        tested = round(len(ranked) * settings.test_percent / 100)
        validating = round(len(ranked) * settings.validation_percent / 100)
        if len(ranked) >= 3:
            tested, validating = max(tested, 1), max(validating, 1)
        chosen |= dict(zip(ranked, _deal(tested, validating, len(ranked)), strict=True))
    return chosen


def _by_fold(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    # Fold k trains on three blocks from block k on, validates on the fourth, tests the fifth.
    roles = {(settings.fold + place) % _FOLDS: TRAIN for place in range(3)}
    roles[(settings.fold + 3) % _FOLDS] = VALIDATION
    roles[(settings.fold + 4) % _FOLDS] = TEST
    block_of = dict(_BLOCK_OF)
    for speakers in _speakers_by_corpus(recordings):
        others = sorted((who for who in speakers if who not in _BLOCK_OF), key=_hash)
        block_of |= {who: rank % _FOLDS for rank, who in enumerate(others)}
    return {recording: roles[block_of[recording.who]] for recording in recordings}


def _by_take(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    own = [recording for recording in recordings if recording.corpus == OWN]
    others = [
        recording for recording in recordings if recording.corpus not in {OWN, *_OFFICIAL_TAKES}
    ]
    chosen = _by_speaker(others, settings) | _last_takes(own)
    for recording in recordings:
        if recording.corpus in _OFFICIAL_TAKES:
            tested, validating = _OFFICIAL_TAKES[recording.corpus]
            take = recording.take
            chosen[recording] = (
                TEST if take in tested else VALIDATION if take in validating else TRAIN
            )
    return chosen


def _last_takes(recordings: Sequence[Recording]) -> dict[Recording, str]:
    """Test the last third of each speaker's takes of a label; of two takes one, of one none."""
    chosen: dict[Recording, str] = {}
    for takes in grouped(recordings, lambda recording: (recording.speaker, recording.label)):
        ranked = sorted(takes, key=lambda recording: recording.take)
        tested = round(len(ranked) / 3)
        chosen |= dict(zip(reversed(ranked), _deal(tested, 0, len(ranked)), strict=True))
    return chosen


def _by_official_subsets(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    first_fold = settings.model_copy(update={"fold": 0})
    chosen: dict[Recording, str] = {}
    for of_a_corpus in grouped(recordings, lambda recording: recording.corpus):
        match of_a_corpus[0].corpus:
            case "speech_commands":
                chosen |= {one: official_subset(one.speaker) for one in of_a_corpus}
            case "audiomnist":
                chosen |= _by_fold(of_a_corpus, first_fold)
            case "fsdd":
                chosen |= _by_take(of_a_corpus, settings)
            case _:
                chosen |= _by_speaker(of_a_corpus, settings)
    return chosen


_SCHEMES: Mapping[str, Callable[[Sequence[Recording], Split], dict[Recording, str]]] = {
    "speaker": _by_speaker,
    "random": _at_random,
    "fold": _by_fold,
    "takes": _by_take,
    "official": _by_official_subsets,
}


def _share(
    recordings: Sequence[Recording],
    chosen: Mapping[Recording, str],
    duplicates: Iterable[Sequence[Recording]],
    by_speaker: bool,
) -> dict[Recording, str]:
    """Give all that must stay together the strongest subset that any of them has."""
    together: dict[Hashable, Hashable] = {}  # a forest: unit -> parent; a root is its own

    def root(unit: Hashable) -> Hashable:
        while (parent := together.setdefault(unit, unit)) != unit:
            unit = parent
        return unit

    def unit(recording: Recording) -> Hashable:
        return recording.who if by_speaker else recording

    for group in duplicates:
        for recording in group:
            together[root(unit(recording))] = root(unit(group[0]))
    strongest: dict[Hashable, str] = {}
    for recording in recordings:
        whole = root(unit(recording))
        strongest[whole] = max(strongest.get(whole, TRAIN), chosen[recording], key=SUBSETS.index)
    return {recording: strongest[root(unit(recording))] for recording in recordings}


def _check_left_out(recordings: Sequence[Recording], leave_out: Iterable[str]) -> None:
    speakers = {recording.who for recording in recordings}
    corpora = {recording.corpus for recording in recordings}
    for name in leave_out:
        if "/" not in name and name not in corpora:
            raise SplitError(
                f"params.yaml: split.leave_out: {name!r} is no corpus in data/raw, which holds "
                f"{', '.join(sorted(corpora))}"
            )
        if "/" in name and name not in speakers:
            close = difflib.get_close_matches(name, speakers, n=1, cutoff=0.0)
            raise SplitError(
                f"params.yaml: split.leave_out: {name!r} is no speaker in data/raw; the nearest of "
                f"its {len(speakers)} is {close[0]}"
            )


def _speakers_by_corpus(recordings: Iterable[Recording]) -> list[list[str]]:
    corpus_of = {recording.who: recording.corpus for recording in recordings}
    return grouped(corpus_of, corpus_of.__getitem__)


def _empty(subset: str, recordings: Sequence[Recording], settings: Split) -> str:
    corpus_of = {recording.who: recording.corpus for recording in recordings}
    speakers = Counter(corpus_of.values())
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


def _deal(tested: int, validating: int, total: int) -> list[str]:
    rest = total - tested - validating
    return [TEST] * tested + [VALIDATION] * validating + [TRAIN] * rest


def _hash(name: str) -> float:
    """Hash a name to 0..1, evenly, the same on every machine."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
