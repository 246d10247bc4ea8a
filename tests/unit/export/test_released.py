"""The released weights are those of the released model."""

from pathlib import Path

import numpy as np
import pytest
from support import pronounce

from spoken_digits.export import released
from spoken_digits.export.inference import load_model
from spoken_digits.model.network import probabilities
from spoken_digits.model.vocal_tracts import load_for_listening
from spoken_digits.params import load_params
from spoken_digits.picture.mel import images
from spoken_digits.sound.decode import waveform
from spoken_digits.sound.one_second import one_second

ROOT = Path(__file__).parents[3]
WEIGHTS = ROOT / released.WEIGHTS
DIGITS = "zero one two three four five six seven eight nine".split()


@pytest.mark.usefixtures("one_torch_thread")
def test_the_released_weights_and_the_released_model_say_the_same():
    clips, rate = pronounce(*DIGITS, "yes", "seventeen")
    seconds = np.stack([one_second(waveform(clip, rate)) for clip in clips])
    network = load_for_listening(WEIGHTS)
    pictures = images(seconds, load_params(ROOT / "params.yaml").spectrogram)
    ours = probabilities(network, pictures)
    theirs = load_model(ROOT / released.MODEL).probabilities(seconds.astype(np.float32))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).all()
