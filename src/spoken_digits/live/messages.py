"""What was heard, as lines of text or of JSON."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spoken_digits.live.decision import Verdict
from spoken_digits.recording import CLASSES


def say(verdict: Verdict) -> str:
    """Put a verdict into words, for example ``7  98%`` or ``not a digit (too short: 40 ms)``."""
    if verdict.digit is not None:
        return f"{verdict.digit}  {verdict.confidence:.0%}"
    return f"not a digit ({verdict.reason}; nearest {verdict.guess}, {verdict.confidence:.0%})"


def as_json(**fields: Any) -> str:
    """Return one line of JSON; of a ``verdict`` its digit, confidence, probabilities and reason."""
    verdict: Verdict | None = fields.pop("verdict", None)
    if verdict is not None:
        fields["digit"] = verdict.digit
        fields["confidence"] = round(verdict.confidence, 4)
        fields["probabilities"] = _by_class(verdict.probabilities)
        if verdict.reason:
            fields["reason"] = verdict.reason
    return json.dumps(fields)


def _by_class(probabilities: NDArray[np.float32]) -> dict[str, float]:
    return {name: round(float(p), 4) for name, p in zip(CLASSES, probabilities, strict=True)}
