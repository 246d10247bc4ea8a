"""How long a recording takes on this machine, through onnxruntime, one at a time.

It is another number on every machine and on every run, so it goes into a file of its own,
metrics/latency.json, that is no stage's output and takes no part in reproducibility.
"""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spoken_digits.export.inference import load_model

RUNS = 300
_WARM_UP = 20


def measure_latency(path: Path, waveforms: NDArray[np.float32]) -> dict[str, float | int]:
    """Time a model on seconds of waveform, (n, 16000), n > 0: milliseconds from sound to digit.

    One thread, as in the live program. Raises ModelError if the model cannot be loaded.
    """
    model = load_model(path)
    taken = []
    for run in range(_WARM_UP + RUNS):
        second = waveforms[run % len(waveforms)][None]
        start = time.perf_counter()
        model.probabilities(second)
        taken.append(1000 * (time.perf_counter() - start))
    median, slow = np.percentile(taken[_WARM_UP:], [50, 99])
    return {
        "ms_median": round(float(median), 3),
        "ms_99th_percentile": round(float(slow), 3),
        "clips": RUNS,
        "threads": 1,
    }
