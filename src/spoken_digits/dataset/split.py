"""The split: which recordings train, which validate, which test.

A speaker's subset follows from a stable hash of the speaker's name alone. Of a corpus's speakers
those whose hash, as a share of all hashes, is below ``test_percent`` are tested, and the next
``validation_percent`` validate. So adding recordings or speakers moves nobody, which an exact
count (the first 15% in order of hash) would: a new speaker could push another over an edge. But
hashes alone would test 3 of FSDD's 6 speakers where 15% is asked for. So where the number is more
than a third off, as chance has it in small corpora only, speakers are taken or given up in order
of hash.

Two schemes promise balance instead, and rank by hash: ``random`` keeps the digits' shares, and
the hash blocks of ``fold`` are equally large, as every speaker is tested once over the five folds.
"""

import csv
import difflib
import hashlib
import io
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from spoken_digits.errors import UserError
from spoken_digits.params import Split
from spoken_digits.recording import RecordingName, parse_name
from spoken_digits.shards import ShardError, list_shards, read_shard

T = TypeVar("T")

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
    ("audiomnist", f"{speaker:02}"): block
    for block, speakers in enumerate(_AUDIOMNIST_BLOCKS)
    for speaker in speakers
}
_FOLDS = len(_AUDIOMNIST_BLOCKS)

_OFFICIAL_TAKES = {"fsdd": (range(5), range(5, 10))}
"""Corpora whose official test is by take: the takes that are tested, those that validate."""

Speaker = tuple[str, str]
"""Corpus and speaker: the same name in two corpora is two people."""


class SplitError(UserError):
    """A split that params.yaml asks for and the recordings do not allow."""


class Recording(NamedTuple):
    """A recording in data/raw: where it is, what it is called, and its content's fingerprint."""

    corpus: str
    name: RecordingName
    shard: Path
    size: int  # bytes
    crc: int  # CRC-32, from the shard's directory

    @property
    def who(self) -> Speaker:
        """Who speaks."""
        return self.corpus, self.name.speaker

    def __str__(self) -> str:
        return f"{self.corpus}/{self.name.wav}"


def list_recordings(root: Path) -> list[Recording]:
    """List every recording under ``root``, by corpus and name, whichever shard holds it.

    Reads the shards' directories only. Raises ShardError if there are none or one is damaged.
    """
    recordings = []
    for shard in list_shards(root):
        try:
            with zipfile.ZipFile(shard) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, OSError) as error:
            raise ShardError(f"{shard}: not a readable shard ({error})") from None
        for member in members:
            name = parse_name(member.filename)
            recordings.append(
                Recording(shard.parent.name, name, shard, member.file_size, member.CRC)
            )
    return sorted(recordings, key=lambda recording: (recording.corpus, recording.name.wav))


def find_duplicates(recordings: Iterable[Recording]) -> list[list[Recording]]:
    """Group the recordings whose bytes are the same, two or more to a group.

    Only those whose size and CRC agree are read and compared by SHA-256. Raises ShardError if one
    is damaged.
    """
    by_print = _grouped(recordings, lambda recording: (recording.size, recording.crc))
    suspects = [recording for group in by_print if len(group) > 1 for recording in group]
    digests = {}
    for group in _grouped(suspects, lambda recording: recording.shard):
        wanted = {recording.name.wav: recording for recording in group}
        for name, content in read_shard(group[0].shard):
            if name in wanted:
                digests[wanted[name]] = hashlib.sha256(content).digest()
    return [group for group in _grouped(suspects, digests.__getitem__) if len(group) > 1]


def assign(
    recordings: Sequence[Recording], duplicates: Iterable[Sequence[Recording]], settings: Split
) -> list[str]:
    """Return the subset of each recording, in their order: one of SUBSETS.

    No speaker is in two subsets (schemes speaker and fold, and leave_out), and byte-identical
    recordings always share one: speakers who share a recording are treated as one, and test wins
    over validation, validation over train, so that nothing tested has been trained on.
    Raises SplitError if leave_out names a speaker who is not there, or a subset is empty.
    """
    left_out = _left_out(recordings, settings.leave_out)
    rest = [recording for recording in recordings if recording.who not in left_out]
    chosen = _SCHEMES[settings.scheme](rest, settings)
    if left_out:
        chosen = {
            recording: TRAIN if subset == TEST else subset for recording, subset in chosen.items()
        }
        chosen |= {recording: TEST for recording in recordings if recording.who in left_out}
    by_speaker = settings.scheme in ("speaker", "fold")
    subsets = _share(recordings, chosen, duplicates, by_speaker)
    for subset in SUBSETS:
        if subset not in subsets:
            raise SplitError(_empty(subset, recordings, settings))
    return subsets


def to_csv(recordings: Sequence[Recording], subsets: Sequence[str]) -> str:
    """Return data/split.csv's text: corpus, speaker, name, label, subset; a line a recording."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["corpus", "speaker", "name", "label", "subset"])
    for (corpus, name, *_), subset in zip(recordings, subsets, strict=True):
        writer.writerow([corpus, name.speaker, name.wav, name.label, subset])
    return text.getvalue()


def _by_speaker(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    test = settings.test_percent / 100
    validation = settings.validation_percent / 100
    subset_of: dict[Speaker, str] = {}
    for speakers in _grouped({recording.who for recording in recordings}, lambda who: who[0]):
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
    strata = _grouped(recordings, lambda recording: (recording.corpus, recording.name.class_index))
    for stratum in strata:
        ranked = sorted(
            stratum, key=lambda recording: _hash((recording.corpus, recording.name.wav))
        )
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
    speakers = {recording.who for recording in recordings} - block_of.keys()
    for others in _grouped(speakers, lambda who: who[0]):
        block_of |= {who: rank % _FOLDS for rank, who in enumerate(sorted(others, key=_hash))}
    return {recording: roles[block_of[recording.who]] for recording in recordings}


def _by_take(recordings: Sequence[Recording], settings: Split) -> dict[Recording, str]:
    others = [recording for recording in recordings if recording.corpus not in _OFFICIAL_TAKES]
    chosen = _by_speaker(others, settings)
    for recording in recordings:
        if recording.corpus in _OFFICIAL_TAKES:
            tested, validating = _OFFICIAL_TAKES[recording.corpus]
            take = recording.name.take
            chosen[recording] = (
                TEST if take in tested else VALIDATION if take in validating else TRAIN
            )
    return chosen


_SCHEMES: Mapping[str, Callable[[Sequence[Recording], Split], dict[Recording, str]]] = {
    "speaker": _by_speaker,
    "random": _at_random,
    "fold": _by_fold,
    "takes": _by_take,
}


def _share(
    recordings: Sequence[Recording],
    chosen: Mapping[Recording, str],
    duplicates: Iterable[Sequence[Recording]],
    by_speaker: bool,
) -> list[str]:
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
    return [strongest[root(unit(recording))] for recording in recordings]


def _left_out(recordings: Iterable[Recording], leave_out: Iterable[str]) -> set[Speaker]:
    speakers = {
        f"{corpus}/{speaker}": (corpus, speaker)
        for corpus, speaker in {recording.who for recording in recordings}
    }
    for name in leave_out:
        if name not in speakers:
            close = difflib.get_close_matches(name, speakers, n=1, cutoff=0.0)
            raise SplitError(
                f"params.yaml: split.leave_out: {name!r} is no speaker in data/raw; the nearest of "
                f"its {len(speakers)} is {close[0]}"
            )
    return {speakers[name] for name in leave_out}


def _empty(subset: str, recordings: Sequence[Recording], settings: Split) -> str:
    speakers = Counter(corpus for corpus, _ in {recording.who for recording in recordings})
    has = ", ".join(f"{corpus} {count}" for corpus, count in sorted(speakers.items()))
    needed = {
        "speaker": "it needs 3 speakers of a corpus",
        "fold": "it needs 5 speakers of a corpus",
        "takes": "it needs takes 0-4, 5-9 and later ones of fsdd, or 3 speakers of another corpus",
        "random": "it needs 3 recordings of a digit in a corpus",
    }[settings.scheme]
    beside = f" beside the {len(settings.leave_out)} left out" if settings.leave_out else ""
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


def _hash(parts: Sequence[str]) -> float:
    """Hash names to 0..1, evenly, the same on every machine."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())
