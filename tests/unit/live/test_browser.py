"""What the page in web/ listens by is what the live program listens by."""

import json
from pathlib import Path

import numpy as np
import pytest

from spoken_digits.live.browser import listening
from spoken_digits.live.silero import SileroDetector
from spoken_digits.params import load_params
from spoken_digits.sizes import HOP

ROOT = Path(__file__).parents[3]


@pytest.fixture
def written() -> dict[str, object]:
    return listening(load_params(ROOT / "params.yaml").live)


def test_the_committed_file_is_that_of_the_committed_params_and_code(written):
    committed = json.loads((ROOT / "models/listening.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(written)), "make it anew with: dvc repro export"


def test_settings_are_those_of_params_yaml():
    live = load_params(ROOT / "params.yaml").live
    changed = live.model_copy(update={"reject": 0.9, "hangover_ms": 500, "detector": "level"})
    found = listening(changed)
    assert (found["reject"], found["hangover_ms"], found["detector"]) == (0.9, 500, "level")


def test_silero_s_context_is_that_of_the_network_which_the_live_program_runs(written):
    detector = SileroDetector()
    for _ in range(4):  # a chunk is three frames and a fifth
        detector.score(np.ones(HOP, np.float32))
    speech = written["speech"]
    assert isinstance(speech, dict)
    assert detector._network._context.shape == (1, speech["context"])
