"""What was heard, as lines of text or of JSON."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import Model
from spoken_digits.live.decision import Verdict


def say(verdict: Verdict, noun: str) -> str:
    """Put a verdict into words, for example ``7  98%`` or ``not a digit (too short: 40 ms)``.

    ``noun`` is what a word of the vocabulary is called, "digit" or "word".
    """
    if verdict.label is not None:
        return f"{verdict.label}  {verdict.confidence:.0%}"
    what = f"not a {noun}" if noun != "word" else "no word of the vocabulary"
    return f"{what} ({verdict.reason}; nearest {verdict.guess}, {verdict.confidence:.0%})"


def joined(labels: Iterable[str], noun: str) -> str:
    """Put what was said in a row together: digits as a number, other words with blanks."""
    return ("" if noun == "digit" else " ").join(labels)


def as_json(model: Model, **fields: Any) -> str:
    """Return one line of JSON; of a ``verdict`` its word, confidence, probabilities and reason.

    The word is under what the model's are called: "digit" or "word".
    """
    verdict: Verdict | None = fields.pop("verdict", None)
    if verdict is not None:
        fields[model.noun] = verdict.label
        fields["confidence"] = round(verdict.confidence, 4)
        fields["probabilities"] = _by_class(model.classes, verdict.probabilities)
        if verdict.reason:
            fields["reason"] = verdict.reason
    return json.dumps(fields)


def _by_class(classes: Sequence[str], probabilities: NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(p), 4) for name, p in zip(classes, probabilities, strict=True)}
