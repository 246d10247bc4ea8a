"""Data tests: what can be wrong with recordings, their pictures and their split."""

import hashlib
import io
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from spoken_digits.dataset.images import SplitRow
from spoken_digits.dataset.split import SUBSETS
from spoken_digits.params import Split, Validate
from spoken_digits.recording import DIGITS, parse_name
from spoken_digits.shards import read_shard
from spoken_digits.sound.decode import RecordingError, read_wav

CLIPPED_SHARE = 0.01  # of the samples at full scale make a recording a clipped one
NAMED = 10  # offenders that a finding names
_FULL_SCALE = 32767


class Facts(NamedTuple):
    """What the checks need to know of one recording and its picture."""

    corpus: str
    name: str
    rate: int
    """Hz."""
    seconds: float
    peak_dbfs: float
    """Loudest sample, dB re full scale; -inf if all are zero."""
    clipped: bool
    digest: bytes
    """Of the samples and the rate."""
    constant: bool
    """Whether its picture has the same level everywhere."""


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


class Recording(NamedTuple):
    """A row of the split with the facts of its recording."""

    row: SplitRow
    facts: Facts

    @property
    def title(self) -> str:
        """How a finding names it."""
        return f"{self.row.corpus}/{self.row.name}"

    @property
    def speaker(self) -> str:
        """Who speaks; the same speaker name in two corpora is two speakers."""
        return f"{self.row.corpus}/{self.row.speaker}"


def shard_facts(shards: tuple[Path, Path]) -> list[Facts]:
    """Look at every recording of a shard, and at its picture in the second shard."""
    recordings, pictures = shards
    corpus = recordings.parent.name
    constant = {name: _is_constant(content) for name, content in read_shard(pictures)}
    facts = []
    for name, content in read_shard(recordings):
        try:
            samples, rate = read_wav(content)
        except RecordingError as error:
            raise RecordingError(f"{recordings}: {name}: {error}") from None
        loudest = max(int(samples.max()), -int(samples.min()))
        full = int(np.count_nonzero((samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)))
        facts.append(
            Facts(
                corpus,
                name,
                rate,
                seconds=len(samples) / rate,
                peak_dbfs=20 * math.log10(loudest / _FULL_SCALE) if loudest else -math.inf,
                clipped=full > CLIPPED_SHARE * len(samples),
                digest=hashlib.sha256(content).digest(),
                constant=constant.get(parse_name(name).png, True),
            )
        )
    return facts


def run_checks(
    rows: Sequence[SplitRow], facts: Iterable[Facts], bounds: Validate, split: Split
) -> list[Finding]:
    """Run every check on the split and the facts of all recordings."""
    known = {(fact.corpus, fact.name): fact for fact in facts}
    recordings = [
        Recording(row, known[row.corpus, row.name])
        for row in rows
        if (row.corpus, row.name) in known
    ]
    missing = [f"{row.corpus}/{row.name}" for row in rows if (row.corpus, row.name) not in known]
    listed = {(row.corpus, row.name) for row in rows}
    unlisted = [f"{corpus}/{name}" for corpus, name in known if (corpus, name) not in listed]
    return [
        _finding("missing_recordings", missing, "in data/split.csv, but not in data/raw"),
        _finding("unlisted_recordings", unlisted, "in data/raw, but not in data/split.csv"),
        _finding("wrong_labels", _wrong_labels(rows), "label in data/split.csv not its name's"),
        *_label_counts(rows, bounds),
        _uneven_speakers(rows),
        _speakers_across_subsets(rows, split),
        *_duplicates(recordings),
        *_sound(recordings, bounds),
    ]


def as_metrics(
    rows: Sequence[SplitRow], facts: Sequence[Facts], findings: Sequence[Finding]
) -> dict[str, Any]:
    """Return the content of metrics/validate.json: what there is, and how many offend."""
    seconds = [fact.seconds for fact in facts]
    return {
        "failed_checks": sum(finding.failed for finding in findings),
        "recordings": len(facts),
        "hours": round(sum(seconds) / 3600, 4),
        "shortest_seconds": round(min(seconds), 4),
        "longest_seconds": round(max(seconds), 4),
        "sample_rate": {
            str(rate): n for rate, n in sorted(Counter(fact.rate for fact in facts).items())
        },
        "subset": {
            subset: {
                "speakers": len(
                    {(row.corpus, row.speaker) for row in rows if row.subset == subset}
                ),
                "digits": sum(row.subset == subset and row.label in DIGITS for row in rows),
                "other_words": sum(
                    row.subset == subset and row.label not in DIGITS for row in rows
                ),
            }
            for subset in SUBSETS
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


def _wrong_labels(rows: Iterable[SplitRow]) -> list[str]:
    return [
        f"{row.corpus}/{row.name} is listed as {row.label}"
        for row in rows
        if parse_name(row.name).label != row.label
    ]


def _label_counts(rows: Iterable[SplitRow], bounds: Validate) -> list[Finding]:
    counts = Counter((row.subset, row.label) for row in rows)
    few, skewed = [], []
    for subset in SUBSETS:
        per_digit = {digit: counts[subset, digit] for digit in DIGITS}
        few += [
            f"{subset}: digit {digit} has {n} recordings"
            for digit, n in per_digit.items()
            if n < bounds.min_per_digit
        ]
        most, least = (
            max(per_digit, key=per_digit.__getitem__),
            min(per_digit, key=per_digit.__getitem__),
        )
        if per_digit[most] > bounds.max_label_skew * per_digit[least]:
            skewed.append(
                f"{subset}: {per_digit[most]} recordings of digit {most}, "
                f"{per_digit[least]} of digit {least}"
            )
    return [
        _finding(
            "few_of_a_digit", few, f"fewer than validate.min_per_digit, {bounds.min_per_digit}"
        ),
        _finding(
            "skewed_subsets",
            skewed,
            f"one digit over validate.max_label_skew, {bounds.max_label_skew:g}, times another",
        ),
    ]


def _uneven_speakers(rows: Iterable[SplitRow]) -> Finding:
    """Find speakers without one digit who have half as many again of another.

    Both measured by the corpus' median speaker: what a folder named after the wrong digit leaves.
    A corpus whose speakers usually lack digits has a median of 0 or 1 and is not judged.
    """
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in rows:
        if row.label in DIGITS:
            counts[row.corpus][row.speaker][row.label] += 1
    uneven = []
    for corpus, speakers in counts.items():
        usual = {
            digit: float(np.median([of[digit] for of in speakers.values()])) for digit in DIGITS
        }
        for speaker, of in speakers.items():
            without = [digit for digit in DIGITS if usual[digit] >= 2 and of[digit] == 0]
            excess = [
                digit for digit in DIGITS if usual[digit] >= 2 and of[digit] >= 1.5 * usual[digit]
            ]
            if without and excess:
                uneven.append(
                    f"{corpus}/{speaker} says {' and '.join(without)} never, but "
                    + " and ".join(f"{digit} {of[digit]} times" for digit in excess)
                )
    return _finding(
        "uneven_speakers", uneven, "one digit lacks, another is there too often: mislabelled?"
    )


def _speakers_across_subsets(rows: Iterable[SplitRow], split: Split) -> Finding:
    subsets: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        subsets[f"{row.corpus}/{row.speaker}"].add(row.subset)
    by_speaker = split.scheme in ("speaker", "fold")
    apart = by_speaker or bool(split.leave_out)
    # Beside speakers left out, the other schemes split everybody else's recordings.
    only_tested = apart and not by_speaker
    crossing = [
        f"{speaker} is in {' and '.join(subset for subset in SUBSETS if subset in of)}"
        for speaker, of in subsets.items()
        if len(of) > 1 and ("test" in of or not only_tested)
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


def _duplicates(recordings: Sequence[Recording]) -> list[Finding]:
    same: dict[bytes, list[Recording]] = defaultdict(list)
    for recording in recordings:
        same[recording.facts.digest].append(recording)
    groups = [group for group in same.values() if len(group) > 1]

    def differing(of: Callable[[SplitRow], str]) -> list[str]:
        return [
            " = ".join(f"{one.title} ({of(one.row)})" for one in group)
            for group in groups
            if len({of(one.row) for one in group}) > 1
        ]

    return [
        _finding(
            "duplicates",
            [" = ".join(one.title for one in group) for group in groups],
            "recordings that are there more than once, in one subset",
            allowed=math.inf,
        ),
        _finding(
            "duplicates_across_subsets",
            differing(lambda row: row.subset),
            "a leak: the same recording in more than one subset",
        ),
        _finding(
            "duplicates_across_labels",
            differing(lambda row: row.label),
            "the same recording under more than one label",
        ),
    ]


def _sound(recordings: Sequence[Recording], bounds: Validate) -> list[Finding]:
    silent = [
        f"{one.title}: {one.facts.peak_dbfs:.1f} dBFS"
        for one in recordings
        if one.facts.peak_dbfs < bounds.silent_dbfs
    ]
    clipped = [one.title for one in recordings if one.facts.clipped]
    constant = [one.title for one in recordings if one.facts.constant]
    low = [
        f"{one.title}: {one.facts.rate} Hz"
        for one in recordings
        if one.facts.rate < bounds.min_sample_rate
    ]
    odd_lengths = [
        f"{one.title}: {one.facts.seconds:.3f} s"
        for one in recordings
        if not bounds.min_seconds <= one.facts.seconds <= bounds.max_seconds
    ]
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
