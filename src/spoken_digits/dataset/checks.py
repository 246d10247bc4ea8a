"""Data tests: what can be wrong with recordings, their pictures and their split."""

import hashlib
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spoken_digits import kept
from spoken_digits.dataset.recordings import grouped
from spoken_digits.dataset.split import SUBSETS, TRAIN, VALIDATION
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


Offends = Callable[["Facts"], bool]


class Facts(NamedTuple):
    """What the checks need to know of one recording and its picture."""

    recording: Recording
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
    end_db: float
    """How loud its last 20 ms are, dB re its loudest 30 ms."""
    spread_db: float
    """How much its levels differ, dB."""


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
    code: str | None = None
    """A digest of the code that looks, by which facts are kept; None: they are not."""

    @property
    def key(self) -> str:
        """What the facts are kept under. Raises ShardError if a shard is missing."""
        assert self.code is not None
        return kept.key_of(self.code, shard_digest(self.recordings), shard_digest(self.pictures))


def known_facts(task: Look) -> list[Facts] | None:
    """Return what was found out before about a shard; None if nothing was."""
    if task.code is None or not (content := kept.read("facts", task.key)):
        return None
    return [_fact(task.recordings.parent.name, *values) for values in json.loads(content)]


def shard_facts(task: Look) -> list[Facts]:
    """Look at every recording of a shard, and at its picture in the second shard.

    Raises ShardError if a shard is missing or damaged, RecordingError that names the recording that
    is no WAV of this project.
    """
    facts = _look(task)
    if task.code is not None:
        stored = [(fact.recording.name, *fact[1:]) for fact in facts]
        kept.write("facts", task.key, json.dumps(stored, default=bytes.hex).encode())
    return facts


def _fact(corpus: str, name: str, *values: Any) -> Facts:
    """Return a fact as it was before it was text: JSON has no records and no bytes."""
    fact = Facts(parse_name(corpus, name), *values)
    return fact._replace(digest=bytes.fromhex(values[Facts._fields.index("digest") - 1]))


def _look(task: Look) -> list[Facts]:
    recordings, pictures, _ = task
    constant = {name: _is_constant(content) for name, content in read_shard(pictures)}
    facts = []
    for name, content in read_shard(recordings):
        try:
            samples, rate = read_wav(content)
        except RecordingError as error:
            raise RecordingError(f"{recordings}: {name}: {error}") from None
        recording = parse_name(recordings.parent.name, name)
        loudest = max(int(samples.max()), -int(samples.min()))
        end, spread = _course(samples, rate)
        full = int(np.count_nonzero((samples >= _FULL_SCALE) | (samples <= -_FULL_SCALE)))
        facts.append(
            Facts(
                recording,
                rate,
                seconds=len(samples) / rate,
                peak_dbfs=20 * math.log10(loudest / _FULL_SCALE) if loudest else -math.inf,
                clipped=full > CLIPPED_SHARE * len(samples),
                digest=hashlib.sha256(content).digest(),
                constant=constant.get(recording.png, True),
                end_db=end,
                spread_db=spread,
            )
        )
    return facts


def run_checks(
    subsets: Mapping[Recording, str],
    labels: Mapping[Recording, str],
    facts: Iterable[Facts],
    bounds: Validate,
    split: Split,
    words: Sequence[str],
    left_out: Sequence[str] = (),
) -> list[Finding]:
    """Run every check on the split, the labels that it lists and the facts of all recordings.

    ``words`` are the labels of the vocabulary, ``left_out`` the lines of data/raw/skipped.csv.
    """
    known = {fact.recording: fact for fact in facts}
    looked_at = [known[recording] for recording in subsets if recording in known]
    missing = [str(recording) for recording in subsets if recording not in known]
    unlisted = [str(recording) for recording in known if recording not in subsets]
    return [
        _finding("missing_recordings", missing, "in data/split.csv, but not in data/raw"),
        _finding("unlisted_recordings", unlisted, "in data/raw, but not in data/split.csv"),
        _finding(
            "left_out",
            left_out,
            "left out by the download stage (data/raw/skipped.csv)",
            allowed=math.inf,
        ),
        _finding("wrong_labels", _wrong_labels(labels), "label in data/split.csv not its name's"),
        *_label_counts(subsets, bounds, split, words),
        _outside_vocabulary(subsets),
        _uneven_speakers(subsets, words),
        _speakers_across_subsets(subsets, split),
        *_duplicates(looked_at, subsets),
        *_sound(looked_at, bounds),
        *_course_of_speech(looked_at, bounds),
    ]


def as_metrics(
    subsets: Mapping[Recording, str],
    facts: Sequence[Facts],
    findings: Sequence[Finding],
    words: Sequence[str],
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
                "speakers": len({recording.who for recording in part}),
                f"{noun(words)}s": sum(recording.is_word for recording in part),
                "other_words": sum(not recording.is_word for recording in part),
            }
            for subset in SUBSETS
            for part in [[recording for recording, of in subsets.items() if of == subset]]
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


def _wrong_labels(labels: Mapping[Recording, str]) -> list[str]:
    return [
        f"{recording} is listed as {label}"
        for recording, label in labels.items()
        if recording.label != label
    ]


def _label_counts(
    subsets: Mapping[Recording, str], bounds: Validate, split: Split, words: Sequence[str]
) -> list[Finding]:
    """Find words that a subset has too few of. A corpus left out is tested as it is."""
    kind = noun(words)
    whole_corpora = any("/" not in name for name in split.leave_out)
    counts = Counter((subset, recording.label) for recording, subset in subsets.items())
    few, skewed = [], []
    for subset in (TRAIN, VALIDATION) if whole_corpora else SUBSETS:
        per_word = {word: counts[subset, word] for word in words}
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


def _outside_vocabulary(recordings: Iterable[Recording]) -> Finding:
    counts = Counter(
        (recording.corpus, recording.label)
        for recording in recordings
        if not recording.is_word and recording.corpus not in SYNTHETIC
    )
    return Finding(
        "outside_vocabulary",
        failed=False,
        number=sum(counts.values()),
        meaning="recordings of words that are not in the vocabulary: they are used as others",
        offenders=tuple(
            f"{corpus}: {n} of {label.removeprefix(f'{OTHER}-')}"
            for (corpus, label), n in counts.most_common()
        ),
    )


def _uneven_speakers(recordings: Iterable[Recording], words: Sequence[str]) -> Finding:
    """Find speakers without one word who have half as many again of another.

    Both measured by the corpus' median speaker: what a folder named after the wrong word leaves.
    A corpus in which speakers usually lack a word that others of it say is not judged.
    """
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for recording in recordings:
        if recording.is_word:
            counts[recording.corpus][recording.who][recording.label] += 1
    uneven = []
    for speakers in counts.values():
        said = [word for word in words if any(of[word] for of in speakers.values())]
        usual = {word: float(np.median([of[word] for of in speakers.values()])) for word in said}
        if not all(usual.values()):
            continue
        for who, of in speakers.items():
            without = [word for word in said if usual[word] >= 2 and of[word] == 0]
            excess = [word for word in said if usual[word] >= 2 and of[word] >= 1.5 * usual[word]]
            if without and excess:
                uneven.append(
                    f"{who} says {' and '.join(without)} never, but "
                    + " and ".join(f"{word} {of[word]} times" for word in excess)
                )
    return _finding(
        "uneven_speakers",
        uneven,
        f"one {noun(words)} lacks, another is there too often: mislabelled?",
    )


def _speakers_across_subsets(subsets: Mapping[Recording, str], split: Split) -> Finding:
    by_who: dict[str, set[str]] = defaultdict(set)
    for recording, subset in subsets.items():
        by_who[recording.who].add(subset)
    by_speaker = split.scheme in ("speaker", "fold")
    apart = by_speaker or bool(split.leave_out)
    # Beside speakers left out, the other schemes split everybody else's recordings.
    only_tested = apart and not by_speaker
    crossing = [
        f"{who} is in {' and '.join(subset for subset in SUBSETS if subset in of)}"
        for who, of in by_who.items()
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


def _duplicates(facts: Sequence[Facts], subsets: Mapping[Recording, str]) -> list[Finding]:
    groups = [
        [fact.recording for fact in group]
        for group in grouped(facts, lambda fact: fact.digest)
        if len(group) > 1
    ]

    def differing(of: Callable[[Recording], str]) -> list[str]:
        return [
            " = ".join(f"{recording} ({of(recording)})" for recording in group)
            for group in groups
            if len({of(recording) for recording in group}) > 1
        ]

    return [
        _finding(
            "duplicates",
            [" = ".join(map(str, group)) for group in groups],
            "recordings that are there more than once, in one subset",
            allowed=math.inf,
        ),
        _finding(
            "duplicates_across_subsets",
            differing(lambda recording: subsets[recording]),
            "a leak: the same recording in more than one subset",
        ),
        _finding(
            "duplicates_across_labels",
            differing(lambda recording: recording.label),
            "the same recording under more than one label",
        ),
    ]


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


def _course_of_speech(facts: Sequence[Facts], bounds: Validate) -> list[Finding]:
    """Find corpora of which too much is cut off, or is noise; a synthesiser does neither."""
    by_people = [fact for fact in facts if fact.recording.corpus not in SYNTHETIC]
    spoken = grouped(by_people, lambda fact: fact.recording.corpus)

    def found(check: str, percent: float, key: str, meaning: str, offends: Offends) -> Finding:
        offenders = [[fact for fact in of if offends(fact)] for of in spoken]
        failed = any(
            len(few) > max(SPARED, percent / 100 * len(of))
            for few, of in zip(offenders, spoken, strict=True)
        )
        named = sorted(str(fact.recording) for few in offenders for fact in few)
        allowed = f"allowed: validate.{key}, {percent:g}% of a corpus"
        return Finding(check, failed, len(named), f"{meaning}; {allowed}", tuple(named))

    return [
        found(
            "cut_off",
            bounds.max_cut_off_percent,
            "max_cut_off_percent",
            f"as loud at the end as anywhere (within {-CUT_OFF_DB:g} dB): cut off, or no words",
            lambda fact: fact.end_db > CUT_OFF_DB,
        ),
        found(
            "noise_alone",
            bounds.max_noise_percent,
            "max_noise_percent",
            f"equally loud all the time (within {STEADY_DB:g} dB): noise, and no word",
            lambda fact: fact.spread_db < STEADY_DB,
        ),
    ]


def _sound(facts: Sequence[Facts], bounds: Validate) -> list[Finding]:
    silent = [
        f"{fact.recording}: {fact.peak_dbfs:.1f} dBFS"
        for fact in facts
        if fact.peak_dbfs < bounds.silent_dbfs
    ]
    clipped = [str(fact.recording) for fact in facts if fact.clipped]
    constant = [str(fact.recording) for fact in facts if fact.constant]
    low = [
        f"{fact.recording}: {fact.rate} Hz" for fact in facts if fact.rate < bounds.min_sample_rate
    ]
    odd_lengths = [
        f"{fact.recording}: {fact.seconds:.3f} s"
        for fact in facts
        if not bounds.min_seconds <= fact.seconds <= bounds.max_seconds
    ]
    n = len(facts)
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
