"""Which word a sound is, or why it is none."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import Model
from spoken_digits.live.endpointer import Utterance
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.one_second import one_second

LONGEST_WORD_S = 1.5
"""No word takes longer, s, however slowly it is said."""
SHORTEST_WORD_S = 0.08
"""What is shorter is a click, s."""
QUIETEST_DBFS = -65.0
"""Below this a sound cannot be told from a sound card's own noise, dB re full scale."""
ZEROS_S = 3.0
"""So much digital silence is told, s: a real microphone has some noise."""
BEFORE, AFTER = (320, 1760), (0, 2000)
"""How much sound round an utterance is heard with it, samples: words begin and end softly."""


class Verdict(NamedTuple):
    """What a sound was taken for.

    ``label`` is the word's, or None if no word of the vocabulary is claimed; ``guess`` is the
    likeliest one all the same, and ``confidence`` its probability. ``probabilities`` are those of
    the model's classes, (n,); ``reason`` says why ``label`` is None, and is empty otherwise.
    """

    label: str | None
    guess: str
    confidence: float
    probabilities: NDArray[np.float32]
    reason: str = ""


def decide(
    labels: Sequence[str],
    probabilities: NDArray[np.float32],
    reject: float,
    level_dbfs: float,
    seconds: float,
) -> Verdict:
    """Judge one sound by its probabilities (n + 1,), its level and how long it is.

    A word, one of the n ``labels``, is claimed if it is likelier than everything else and at least
    ``reject`` likely.
    """
    likeliest = int(probabilities[:-1].argmax())
    confidence = float(probabilities[likeliest])
    reason = ""
    if level_dbfs < QUIETEST_DBFS:
        reason = f"too quiet: {max(level_dbfs, -200):.0f} dBFS"
    elif seconds < SHORTEST_WORD_S:
        reason = f"too short: {seconds * 1000:.0f} ms"
    elif seconds > LONGEST_WORD_S:
        reason = f"too long: {seconds:.1f} s"
    elif confidence < reject or probabilities[-1] > confidence:
        reason = "sounds like something else"
    guess = labels[likeliest]
    return Verdict(None if reason else guess, guess, confidence, probabilities, reason)


def recognise_utterance(model: Model, utterance: Utterance, reject: float) -> Verdict:
    """Say which word an utterance is: the mean of what it is when it is cut in four ways."""

    def cut(before: int, after: int) -> NDArray[np.float32]:
        first = max(utterance.start - before - utterance.offset, 0)
        return utterance.sound[first : utterance.end + after - utterance.offset]

    def hear(sound: NDArray[np.float32]) -> NDArray[np.float32]:
        second = one_second(sound.astype(np.float64)).astype(np.float32)
        probabilities: NDArray[np.float32] = model.probabilities(second[None])[0]
        return probabilities

    # One by one: a batch is hardly faster, and holds on to memory.
    heard = [hear(cut(before, after)) for before in BEFORE for after in AFTER]
    mean: NDArray[np.float32] = np.mean(heard, axis=0)
    level = loudest_dbfs(cut(max(BEFORE), max(AFTER)))
    seconds = (utterance.end - utterance.start) / SAMPLE_RATE
    return decide(model.labels, mean, reject, level, seconds)


def recognise_word(model: Model, waveform: NDArray[np.float32], reject: float) -> Verdict:
    """Say which word a 16 kHz recording (n,) of one is, whatever silence is round it.

    Silence does not make it too long: the second with the most energy is what is judged.
    """
    heard = one_second(waveform.astype(np.float64)).astype(np.float32)
    (probabilities,) = model.probabilities(heard[None])
    seconds = min(len(waveform) / SAMPLE_RATE, 1.0)
    return decide(model.labels, probabilities, reject, loudest_dbfs(waveform), seconds)


def loudest_dbfs(waveform: NDArray[np.float32]) -> float:
    """Return the level of the loudest 50 ms of a 16 kHz waveform, dB re a full-scale sine's."""
    width = SAMPLE_RATE // 20
    squares = np.cumsum(np.concatenate([[0.0], np.square(waveform, dtype=np.float64)]))
    width = min(width, len(waveform))
    loudest = float((squares[width:] - squares[:-width]).max(initial=0.0)) / max(width, 1)
    return 10 * float(np.log10(2 * max(loudest, 1e-20)))
