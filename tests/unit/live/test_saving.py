"""What is heard or recorded is kept as WAV that the pipeline reads."""

import numpy as np
import pytest

from spoken_digits.errors import explain
from spoken_digits.live.saving import next_name, write_wav
from spoken_digits.sound.decode import read_wav


def test_a_waveform_is_written_as_16_bits_and_clipped_at_full_scale(tmp_path):
    path = tmp_path / "not there yet" / "7_anna_0.wav"
    write_wav(path, np.array([0, 0.5, -2], np.float32))
    samples, rate = read_wav(path.read_bytes())
    assert (samples.tolist(), rate) == ([0, 16384, -32767], 16_000)


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(OSError) as raised:  # noqa: PT011 (what it says is below)
        write_wav(tmp_path / "taken" / "7_anna_0.wav", np.zeros(100, np.float32))
    assert explain(raised.value) == f"{tmp_path / 'taken' / '7_anna_0.wav'}: Not a directory"


def test_takes_are_counted_on(tmp_path):
    (tmp_path / "7_live_0.wav").touch()
    assert next_name(tmp_path, "7", "live") == tmp_path / "7_live_1.wav"
    assert next_name(tmp_path, "8", "live") == tmp_path / "8_live_0.wav"
