"""The digits in an utterance."""

from collections.abc import Iterator

import numpy as np

from spoken_digits.live.decision import Verdict, decide, loudest_dbfs
from spoken_digits.live.endpoint import Utterance
from spoken_digits.onnx_model import Model
from spoken_digits.second import SAMPLE_RATE, one_second

_ROOM = SAMPLE_RATE // 10


def read_words(
    model: Model, utterance: Utterance, reject: float
) -> Iterator[tuple[int, int, Verdict]]:
    start, end = utterance.start - utterance.offset, utterance.end - utterance.offset
    sound = utterance.sound[max(start - _ROOM, 0) : end + _ROOM]
    (p,) = model.probabilities(one_second(sound.astype(np.float64)).astype(np.float32)[None])
    yield (
        utterance.start,
        utterance.end,
        decide(p, reject, loudest_dbfs(sound), (end - start) / SAMPLE_RATE),
    )
