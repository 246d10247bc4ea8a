"""Data tests: what can be wrong with recordings, their pictures and their split."""

import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits import kept
from spoken_digits.dataset.recordings import grouped
from spoken_digits.dataset.table import SUBSETS, TEST, Recordings, SplitTable
from spoken_digits.params import SYNTHETIC, Split, Validate
from spoken_digits.recording import Recording, parse_name
from spoken_digits.shards import read_shard, shard_digest
from spoken_digits.sound.decode import RecordingError, read_wav
from spoken_digits.vocabulary import OTHER, noun

CLIPPED_SHARE = 0.01  # of the samples at full scale make a recording a clipped one
NAMED = 10  # offenders that a finding names

# Two checks judge recordings of people by their levels, taken every 10 ms. Measured: 0 to 1.2% of
# FSDD, the Speech Commands subset, AN4 and four speakers of AudioMNIST end as loudly as CUT_OFF_DB,
# and 57 to 81% of the same when they are cut at 40 to 60% of their length. At most 0.1% are as
# steady as STEADY_DB; white and pink noise and hum always are, brown noise and voices in the
# background are not. How a word begins says nothing: 10% of FSDD begin as loudly as they ever are.
CUT_OFF_DB = -6.0
"""A recording whose last 20 ms are no further below its loudest 30 ms is cut off, dB."""
STEADY_DB = 5.0
"""One whose levels differ by less (5th to 95th percentile) is noise alone, dB."""
SPARED = 2
"""So many of a corpus may be cut off, or noise, however small it is."""
_FULL_SCALE = 32767


FACT = np.dtype(
    [
        ("digest", "S16"),  # of the samples and the rate
        ("rate", np.uint32),  # Hz
        ("seconds", np.float64),
        ("peak_dbfs", np.float64),  # loudest sample, dB re full scale; -inf if all are zero
        ("clipped", np.bool_),
        ("constant", np.bool_),  # whether its picture has the same level everywhere
        ("end_db", np.float64),  # how loud its last 20 ms are, dB re its loudest 30 ms
        ("spread_db", np.float64),  # how much its levels differ, dB
    ]
)
"""What the checks need to know of one recording and its picture."""


class Facts(NamedTuple):
    """Recordings, and what was found out about each."""

    recordings: Recordings
    columns: NDArray[np.void]
    """(n,) of FACT."""

    def part(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Facts":
        """Return those of some recordings, by their indices or a mask."""
        return Facts(self.recordings[chosen], self.columns[chosen])


def join_facts(parts: Sequence[Facts]) -> Facts:
    """Return the facts of all shards as one."""
    return Facts(
        Recordings.joined([recordings for recordings, _ in parts]),
        np.concatenate([np.empty(0, FACT), *(columns for _, columns in parts)]),
    )


class Finding(NamedTuple):
    """One check's outcome."""

    check: str
    """Its key in metrics/validate.json."""
    failed: bool
    number: int
    """How many offend; allowed up to a bound, where there is one."""
    meaning: str
    """What the offenders are, and what is allowed."""
    offenders: tuple[str, ...]


class Look(NamedTuple):
    """One task: a shard of recordings, and that of their pictures."""

    recordings: Path
    pictures: Path
    key: str | None = None
    """What the facts are kept under; None: they are not."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Which of them are files to read; cluster.py sends them."""
        return ("recordings", "pictures")

    @property
    def writes(self) -> tuple[str, ...]:
        """Which of them are files to write."""
        return ()


def facts_key(recordings: Path, pictures: Path, code: str) -> str:
    """Return what a shard's facts are kept under; ``code`` is a digest of what looks.

    Raises ShardError if a shard is missing.
    """
    return kept.key_of(code, shard_digest(recordings), shard_digest(pictures))


def known_facts(task: Look) -> Facts | None:
    """Return what was found out before about a shard; None if nothing was."""
    if task.key is None or not (content := kept.read("facts", task.key)):
        return None
    rows = json.loads(content)
    return Facts(
        Recordings.of(parse_name(task.recordings.parent.name, name) for name, _ in rows),
        np.array([(bytes.fromhex(digest), *others) for _, (digest, *others) in rows], FACT),
    )


def keep_facts(task: Look, facts: Facts) -> None:
    """Keep what was found out about a shard."""
    if task.key is not None:
        names = (recording.name for recording in facts.recordings)
        rows = list(zip(names, facts.columns.tolist(), strict=True))
        kept.write("facts", task.key, json.dumps(rows, default=bytes.hex).encode())


def shard_facts(task: Look) -> Facts:
    """Look at every recording of a shard, and at its picture in the second shard.

    Raises ShardError if a shard is missing or damaged, RecordingError that names the recording that
    is no WAV of this project.
    """
    recordings, pictures, _ = task
    constant = {name: _is_constant(content) for name, content in read_shard(pictures)}
    said, facts = [], []
    for name, content in read_shard(recordings):
        try:
            samples, rate = read_wav(content)
        except RecordingError as error:
            raise RecordingError(f"{recordings}: {name}: {error}") from None
        said.append(parse_name(recordings.parent.name, name))
        loudest = max(int(samples.max()), -int(samples.min()))
        end, spread = _course(samples, rate)
        full = int(np.count_nonzero((samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)))
        fact = {
            "digest": hashlib.sha256(content).digest()[:16],
            "rate": rate,
            "seconds": len(samples) / rate,
            "peak_dbfs": 20 * math.log10(loudest / _FULL_SCALE) if loudest else -math.inf,
            "clipped": full > CLIPPED_SHARE * len(samples),
            "constant": constant.get(said[-1].png, True),
            "end_db": end,
            "spread_db": spread,
        }  # in the order of FACT
        facts.append(tuple(fact.values()))
    return Facts(Recordings.of(said), np.array(facts, FACT))


def run_checks(
    table: SplitTable,
    wrong_labels: Iterable[tuple[Recording, str]],
    facts: Facts,
    bounds: Validate,
    split: Split,
    words: Sequence[str],
    left_out: Sequence[str] = (),
) -> list[Finding]:
    """Run every check on the split, the wrong labels that it lists and the facts of all recordings.

    ``words`` are the labels of the vocabulary, ``left_out`` the lines of data/raw/skipped.csv.
    """
    places = facts.recordings.find(table.recordings)
    there = places >= 0
    row = np.full(len(facts.recordings), -1)  # of the split that each of the facts is about
    row[places[there]] = np.flatnonzero(there)
    listed = row >= 0
    looked_at = facts if listed.all() else facts.part(listed)  # a copy takes 66 bytes for each
    return [
        _finding(
            "missing_recordings",
            map(str, table.recordings[~there]),
            "in data/split.csv, but not in data/raw",
        ),
        _finding(
            "unlisted_recordings",
            map(str, facts.recordings[~listed]),
            "in data/raw, but not in data/split.csv",
        ),
        _finding(
            "left_out",
            left_out,
            "left out by the download stage (data/raw/skipped.csv)",
            allowed=math.inf,
        ),
        _finding(
            "wrong_labels",
            [f"{recording} is listed as {label}" for recording, label in wrong_labels],
            "label in data/split.csv not its name's",
        ),
        *_label_counts(table, bounds, split, words),
        _outside_vocabulary(table.recordings),
        _uneven_speakers(table.recordings, words),
        _speakers_across_subsets(table, split),
        *_duplicates(looked_at, row[listed], table.subset),
        *_sound(looked_at, bounds),
        *_course_of_speech(looked_at, bounds),
    ]


def as_metrics(
    table: SplitTable, facts: Facts, findings: Sequence[Finding], words: Sequence[str]
) -> dict[str, Any]:
    """Return the content of metrics/validate.json: what there is, and how many offend."""
    seconds = facts.columns["seconds"]
    rates, counts = np.unique(facts.columns["rate"], return_counts=True)
    return {
        "failed_checks": sum(finding.failed for finding in findings),
        "recordings": len(seconds),
        "hours": round(sum(map(float, seconds)) / 3600, 4),
        "shortest_seconds": round(float(seconds.min()), 4),
        "longest_seconds": round(float(seconds.max()), 4),
        "sample_rate": {
            str(rate): n for rate, n in zip(rates.tolist(), counts.tolist(), strict=True)
        },
        "subset": {
            subset: {
                "speakers": len(part.those_who_speak()),
                f"{noun(words)}s": int(part.is_word.sum()),
                "other_words": int((~part.is_word).sum()),
            }
            for subset in SUBSETS
            for part in [table.part(subset)]
        },
        "found": {finding.check: finding.number for finding in findings},
    }


def explain(findings: Iterable[Finding]) -> str:
    """Say of each finding what it is and who offends, a paragraph each."""
    lines = []
    for finding in findings:
        lines.append(f"  {finding.check}: {finding.number}: {finding.meaning}")
        lines += [f"    {offender}" for offender in finding.offenders[:NAMED]]
        if len(finding.offenders) > NAMED:
            lines.append(f"    and {len(finding.offenders) - NAMED} more")
    return "\n".join(lines)


def _finding(check: str, offenders: Iterable[str], meaning: str, *, allowed: float = 0) -> Finding:
    named = tuple(sorted(offenders))
    return Finding(check, len(named) > allowed, len(named), meaning, named)


def _is_constant(png: bytes) -> bool:
    with Image.open(io.BytesIO(png)) as image:
        low, high = image.getextrema()
    return low == high


def _label_counts(
    table: SplitTable, bounds: Validate, split: Split, words: Sequence[str]
) -> list[Finding]:
    """Find words that a subset has too few of. A corpus left out is tested as it is."""
    kind = noun(words)
    whole_corpora = any("/" not in name for name in split.leave_out)
    few, skewed = [], []
    for subset in SUBSETS[:TEST] if whole_corpora else SUBSETS:
        part = table.part(subset)
        numbers = np.bincount(part.label, minlength=len(part.labels)).tolist()
        counts = dict(zip(part.labels, numbers, strict=True))
        per_word = {word: counts.get(word, 0) for word in words}
        few += [
            f"{subset}: {kind} {word} has {n} recordings"
            for word, n in per_word.items()
            if n < bounds.min_per_word
        ]
        most, least = (
            max(per_word, key=per_word.__getitem__),
            min(per_word, key=per_word.__getitem__),
        )
        if per_word[most] > bounds.max_label_skew * per_word[least]:
            skewed.append(
                f"{subset}: {per_word[most]} recordings of {kind} {most}, "
                f"{per_word[least]} of {kind} {least}"
            )
    return [
        _finding(
            f"few_of_a_{kind}", few, f"fewer than validate.min_per_word, {bounds.min_per_word}"
        ),
        _finding(
            "skewed_subsets",
            skewed,
            f"one {kind} over validate.max_label_skew, {bounds.max_label_skew:g}, times another",
        ),
    ]


def _outside_vocabulary(recordings: Recordings) -> Finding:
    outside = recordings[~recordings.is_word & ~_synthetic(recordings)]
    corpora, corpus = outside.by_corpus()
    pairs, first, counts = np.unique(
        corpus * len(outside.labels) + outside.label, return_index=True, return_counts=True
    )
    named = []
    for index in np.lexsort((first, -counts)):  # the most frequent first
        of, label = divmod(int(pairs[index]), len(outside.labels))
        word = outside.labels[label].removeprefix(f"{OTHER}-")
        named.append(f"{corpora[of]}: {counts[index]} of {word}")
    return Finding(
        "outside_vocabulary",
        failed=False,
        number=len(outside),
        meaning="recordings of words that are not in the vocabulary: they are used as others",
        offenders=tuple(named),
    )


def _uneven_speakers(recordings: Recordings, words: Sequence[str]) -> Finding:
    """Find speakers without one word who have half as many again of another.

    Both measured by the corpus' median speaker: what a folder named after the wrong word leaves.
    A corpus in which speakers usually lack a word that others of it say is not judged.
    """
    said = recordings[recordings.is_word]
    number = {word: index for index, word in enumerate(words)}
    word = np.array([number.get(label, -1) for label in said.labels], np.int64)[said.label]
    counts = np.zeros((len(said.speakers), len(words)), np.int32)
    np.add.at(counts, (said.speaker[word >= 0], word[word >= 0]), 1)
    uneven = []
    for speakers in grouped(said.those_who_speak(), lambda one: said.speakers[one][0]):
        of_corpus = counts[speakers]  # (speakers, words)
        usual = np.median(of_corpus, axis=0)
        if not usual[of_corpus.any(axis=0)].all():
            continue
        without = (usual >= 2) & (of_corpus == 0)
        excess = (usual >= 2) & (of_corpus >= 1.5 * usual)
        for index in np.flatnonzero(without.any(axis=1) & excess.any(axis=1)):
            never = [words[one] for one in np.flatnonzero(without[index]).tolist()]
            often = [
                f"{words[one]} {of_corpus[index, one]} times"
                for one in np.flatnonzero(excess[index]).tolist()
            ]
            uneven.append(
                f"{said.who(speakers[index])} says {' and '.join(never)} never, but "
                + " and ".join(often)
            )
    return _finding(
        "uneven_speakers",
        uneven,
        f"one {noun(words)} lacks, another is there too often: mislabelled?",
    )


def _speakers_across_subsets(table: SplitTable, split: Split) -> Finding:
    recordings = table.recordings
    within = np.zeros((len(recordings.speakers), len(SUBSETS)), np.bool_)
    within[recordings.speaker, table.subset] = True
    by_speaker = split.scheme in ("speaker", "fold")
    apart = by_speaker or bool(split.leave_out)
    # Beside speakers left out, the other schemes split everybody else's recordings.
    only_tested = apart and not by_speaker
    counts = (within.sum(axis=1) > 1) & (within[:, TEST] | (not only_tested))
    crossing = [
        f"{recordings.who(int(speaker))} is in "
        + " and ".join(SUBSETS[code] for code in np.flatnonzero(within[speaker]))
        for speaker in np.flatnonzero(counts)
    ]
    why = (
        "a leak: the split keeps speakers apart"
        if apart
        else f"as split.scheme {split.scheme} does"
    )
    return _finding(
        "speakers_across_subsets",
        crossing,
        f"speakers in more than one subset, {why}",
        allowed=0 if apart else math.inf,
    )


def _duplicates(facts: Facts, row: NDArray[np.int64], subset: NDArray[np.uint8]) -> list[Finding]:
    """Find the same recordings; ``row`` is where in the split, and in ``subset``, each is, (n,)."""
    digests = facts.columns["digest"]
    _, number, counts = np.unique(digests, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(counts[number] > 1)
    in_order = alike[np.argsort(row[alike])].tolist()
    groups = [
        [(facts.recordings[index], SUBSETS[subset[row[index]]]) for index in group]
        for group in grouped(in_order, number.__getitem__)
    ]

    def differing(of: Callable[[Recording, str], str]) -> list[str]:
        return [
            " = ".join(f"{one[0]} ({of(*one)})" for one in group)
            for group in groups
            if len({of(*one) for one in group}) > 1
        ]

    return [
        _finding(
            "duplicates",
            [" = ".join(str(recording) for recording, _ in group) for group in groups],
            "recordings that are there more than once, in one subset",
            allowed=math.inf,
        ),
        _finding(
            "duplicates_across_subsets",
            differing(lambda _, its_subset: its_subset),
            "a leak: the same recording in more than one subset",
        ),
        _finding(
            "duplicates_across_labels",
            differing(lambda recording, _: recording.label),
            "the same recording under more than one label",
        ),
    ]


def _synthetic(recordings: Recordings) -> NDArray[np.bool_]:
    corpora, corpus = recordings.by_corpus()
    return np.array([one in SYNTHETIC for one in corpora], np.bool_)[corpus]


def _course(samples: NDArray[np.int16], rate: int) -> tuple[float, float]:
    """Return ``end_db`` and ``spread_db`` of a recording, (n,) at ``rate`` Hz."""
    hop = max(rate // 100, 1)
    frames = len(samples) // hop
    if frames < 3:
        return -math.inf, math.inf
    levels = _levels(samples[: frames * hop].reshape(frames, hop))
    loudest = np.sort(levels)[-3:].mean()
    end = 10 * np.log10((10 ** (_levels(samples[-2 * hop :].reshape(2, hop)) / 10)).mean())
    low, high = np.percentile(levels, [5, 95])
    return float(end - loudest), float(high - low)


def _levels(frames: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the levels of (n, samples) without their offset, (n,) dB."""
    levels: NDArray[np.float64] = 10 * np.log10(frames.var(axis=1, dtype=np.float64) + 0.1)
    return levels


def _course_of_speech(facts: Facts, bounds: Validate) -> list[Finding]:
    """Find corpora of which too much is cut off, or is noise; a synthesiser does neither."""
    by_people = facts.part(~_synthetic(facts.recordings))
    corpora, corpus = by_people.recordings.by_corpus()
    spoken = np.bincount(corpus, minlength=len(corpora))

    def found(
        check: str, percent: float, key: str, meaning: str, offends: NDArray[np.bool_]
    ) -> Finding:
        few = np.bincount(corpus[offends], minlength=len(corpora))
        failed = bool((few > np.maximum(SPARED, percent / 100 * spoken)).any())
        named = sorted(map(str, by_people.recordings[offends]))
        allowed = f"allowed: validate.{key}, {percent:g}% of a corpus"
        return Finding(check, failed, len(named), f"{meaning}; {allowed}", tuple(named))

    return [
        found(
            "cut_off",
            bounds.max_cut_off_percent,
            "max_cut_off_percent",
            f"as loud at the end as anywhere (within {-CUT_OFF_DB:g} dB): cut off, or no words",
            by_people.columns["end_db"] > CUT_OFF_DB,
        ),
        found(
            "noise_alone",
            bounds.max_noise_percent,
            "max_noise_percent",
            f"equally loud all the time (within {STEADY_DB:g} dB): noise, and no word",
            by_people.columns["spread_db"] < STEADY_DB,
        ),
    ]


def _sound(facts: Facts, bounds: Validate) -> list[Finding]:
    recordings, columns = facts

    def named(offends: NDArray[np.bool_], field: str, style: str) -> list[str]:
        values = columns[field][offends].tolist()
        return [
            f"{recording}: {value:{style}}"
            for recording, value in zip(recordings[offends], values, strict=True)
        ]

    seconds = columns["seconds"]
    silent = [
        f"{one} dBFS"
        for one in named(columns["peak_dbfs"] < bounds.silent_dbfs, "peak_dbfs", ".1f")
    ]
    clipped = map(str, recordings[columns["clipped"]])
    constant = map(str, recordings[columns["constant"]])
    low = [f"{one} Hz" for one in named(columns["rate"] < bounds.min_sample_rate, "rate", "")]
    odd = (seconds < bounds.min_seconds) | (seconds > bounds.max_seconds)
    odd_lengths = [f"{one} s" for one in named(odd, "seconds", ".3f")]
    n = len(recordings)
    return [
        _finding(
            "silent",
            silent,
            f"peak below validate.silent_dbfs, {bounds.silent_dbfs:g} dBFS; allowed: "
            f"validate.max_silent_percent, {bounds.max_silent_percent:g}% of {n}",
            allowed=bounds.max_silent_percent / 100 * n,
        ),
        _finding(
            "clipped",
            clipped,
            f"more than {CLIPPED_SHARE:.0%} of samples at full scale; allowed: "
            f"validate.max_clipped_percent, {bounds.max_clipped_percent:g}% of {n}",
            allowed=bounds.max_clipped_percent / 100 * n,
        ),
        _finding(
            "low_sample_rate", low, f"below validate.min_sample_rate, {bounds.min_sample_rate} Hz"
        ),
        _finding(
            "odd_length",
            odd_lengths,
            "not validate.min_seconds to validate.max_seconds, "
            f"{bounds.min_seconds:g} to {bounds.max_seconds:g} s",
        ),
        _finding(
            "constant_pictures",
            constant,
            "no picture, or one that is grey all over; allowed: "
            f"validate.max_constant_percent, {bounds.max_constant_percent:g}% of {n}",
            allowed=bounds.max_constant_percent / 100 * n,
        ),
    ]
