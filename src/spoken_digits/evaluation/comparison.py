"""Two experiments on the same test recordings: which is better, and whether it means anything."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from spoken_digits.errors import UserError
from spoken_digits.evaluation import metrics
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.recording import Recording

NAMED = 5


class ComparisonError(UserError):
    """Two experiments that cannot be compared."""


class Change(NamedTuple):
    """A recording that one experiment heard rightly and the other wrongly."""

    recording: str
    """corpus/name"""
    said: str
    before: str
    after: str


class Comparison(NamedTuple):
    """How the accuracy on n words changed. Shares are 0-1."""

    n: int
    before: float
    after: float
    low: float
    """Lower end of the 95% interval of after - before (paired bootstrap over recordings)."""
    high: float
    p: float
    """McNemar's exact test, two-sided: how often chance alone would change as many or more."""
    won: tuple[Change, ...]
    lost: tuple[Change, ...]

    @property
    def difference(self) -> float:
        """The accuracy gained, negative if it was lost."""
        return self.after - self.before

    @property
    def verdict(self) -> str:
        """One line: which is better, as far as these recordings can tell."""
        if self.p >= 0.05:
            return f"no difference that these {self.n} recordings can show (p = {self.p:.2g})"
        return f"{'better' if self.difference > 0 else 'worse'} (p = {self.p:.2g})"


def compare(before: Sequence[Prediction], after: Sequence[Prediction]) -> Comparison:
    """Compare the words heard in two experiments, recording by recording.

    Raises ComparisonError, naming recordings, if the two were tested on different words or if a
    recording's sound changed.
    """
    old, new = _words(before), _words(after)
    _insist_same(old, new)
    won = tuple(_changes(old, new, lambda one, other: other.correct and not one.correct))
    lost = tuple(_changes(old, new, lambda one, other: one.correct and not other.correct))
    n = len(old)
    interval = metrics.paired_bootstrap(len(won), len(lost), n)
    return Comparison(
        n=n,
        before=sum(one.correct for one in old.values()) / n,
        after=sum(one.correct for one in new.values()) / n,
        low=interval.low,
        high=interval.high,
        p=metrics.mcnemar(len(won), len(lost)),
        won=won,
        lost=lost,
    )


def as_json(comparison: Comparison, base: str, other: str) -> dict[str, Any]:
    """Return everything, for programs."""
    return {
        "base": base,
        "other": other,
        "n": comparison.n,
        "base_accuracy": comparison.before,
        "other_accuracy": comparison.after,
        "difference": comparison.difference,
        "difference_low": comparison.low,
        "difference_high": comparison.high,
        "mcnemar_p": comparison.p,
        "verdict": comparison.verdict,
        "won": [change._asdict() for change in comparison.won],
        "lost": [change._asdict() for change in comparison.lost],
    }


def as_text(comparison: Comparison, base: str, other: str) -> str:
    """Return a table for people; ``NAMED`` of the recordings won and lost each."""
    width = max(len(base), len(other), len("difference"))
    one = comparison
    lines = [
        f"{'':{width}}  accuracy on {one.n} words",
        f"{base:{width}}  {one.before:8.2%}",
        f"{other:{width}}  {one.after:8.2%}",
        f"{'difference':{width}}  {one.difference:+8.2%}   "
        f"95% interval {one.low:+.2%} to {one.high:+.2%}",
        "",
        f"{other} is {one.verdict}" if one.p < 0.05 else one.verdict,
    ]
    for title, changes in (("won", one.won), ("lost", one.lost)):
        lines += ["", f"{title}: {len(changes)} recordings"]
        lines += [
            f"  {change.recording}: said {change.said}, {base} heard {change.before}, "
            f"{other} {change.after}"
            for change in changes[:NAMED]
        ]
        if len(changes) > NAMED:
            lines.append(f"  and {len(changes) - NAMED} more (--json lists all)")
    return "\n".join(lines)


Words = dict[Recording, Prediction]


def _words(predictions: Sequence[Prediction]) -> Words:
    return {one.recording: one for one in predictions if one.recording.is_word}


def _insist_same(old: Words, new: Words) -> None:
    both = old.keys() & new.keys()
    changed = {recording for recording in both if old[recording].crc32 != new[recording].crc32}
    problems = [
        f"{len(recordings)} {what}, for example {min(map(str, recordings))}"
        for recordings, what in (
            (old.keys() - both, "only in the base"),
            (new.keys() - both, "only in the other"),
            (changed, "with another sound under the same name"),
        )
        if recordings
    ]
    if problems:
        raise ComparisonError(
            f"the test sets differ ({len(old)} and {len(new)} words): {'; '.join(problems)}. "
            "Only experiments with the same corpora and split can be compared recording by "
            "recording; for others see: dvc metrics diff"
        )
    if not both:
        raise ComparisonError("neither experiment was tested on a word of its vocabulary")


def _changes(
    old: Words, new: Words, wanted: Callable[[Prediction, Prediction], bool]
) -> list[Change]:
    return [
        Change(str(one), one.label, old[one].predicted, new[one].predicted)
        for one in sorted(old, key=str)
        if wanted(old[one], new[one])
    ]
