"""Sounds that are not speech through a real sound path: played, and heard by the running program.

Usage:  PYTHONPATH=src:benchmarks python benchmarks/live/sounds.py --sounds 100

Plays recordings of the test subset, words and others in turn, with 1 s between them in a noise 40
dB below them, to src/predict_live.py with the model and the detector that params.yaml names. Run it
where the pipeline was run on such sounds (docs/sounds.md). A sound is right if its label is claimed
and no other; sounds that repeat may be claimed more than once. Needs what the sound tests need
(tests/sound_server.py).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common.streams import ROOT, Said, Sound, stream

from spoken_digits.dataset.recordings import read_recordings
from spoken_digits.dataset.split_file import read_split
from spoken_digits.errors import run_script
from spoken_digits.recording import Recording
from spoken_digits.sizes import SAMPLE_RATE
from spoken_digits.sound.decode import read_wav, waveform

sys.path.insert(0, str(ROOT / "tests"))

from sound_server import SoundServer

_GAP_S = 1.0
_SNR_DB = 40.0
_SERVER_LATE_S = 6.0  # at most: a null sink's monitor sends nothing for a while


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sounds", type=int, default=100, help="how many are played (100)")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    tested = read_split(Path("data/split.csv")).part("test")
    chosen = [tested[i] for i in rng.permutation(len(tested))[: args.sounds]]
    sound, said = stream(list(_waveforms(chosen)), (_GAP_S, _GAP_S), "room", _SNR_DB, rng, [])
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder))
        server.start()
        program = subprocess.Popen(
            [sys.executable, "src/predict_live.py", "--json"], env=server.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert program.stderr
        while "listening" not in program.stderr.readline():
            pass
        server.play(sound)
        with_rest = len(sound) / SAMPLE_RATE + _SERVER_LATE_S
        try:
            program.wait(with_rest)
        except subprocess.TimeoutExpired:  # it listens on, as it should
            program.send_signal(2)
        output, _ = program.communicate(timeout=20)
        server.stop()
    heard = [json.loads(line) for line in output.splitlines()]
    outcomes = (judge(said, heard, delay) for delay in np.arange(-1, _SERVER_LATE_S, 0.05))
    right = max(outcomes, key=sum)
    for kind, wanted in (("sounds right", True), ("other sounds not claimed", False)):
        of_kind = [ok for one, ok in zip(chosen, right, strict=True) if one.is_word == wanted]
        print(f"{sum(of_kind)} of {len(of_kind)} {kind}")
    for one, ok in zip(chosen, right, strict=True):
        if not ok:
            print(f"  wrong: {one}")


def judge(said: Sequence[Said], heard: Sequence[Mapping[str, Any]], delay: float) -> list[bool]:
    """Say of each sound whether its label alone was claimed in its time; of others, whether none.

    ``delay``, s, is how much later the program's clock says it was.
    """
    right = []
    for label, start, end in said:
        claimed = {
            one["word"]
            for one in heard
            if start <= ((one["start"] + one["end"]) / 2 - delay) * SAMPLE_RATE < end
        } - {None}
        right.append(claimed == (set() if label.startswith("other") else {label}))
    return right


def _waveforms(recordings: Sequence[Recording]) -> Iterator[tuple[str, Sound]]:
    contents = read_recordings(Path("data/raw"), recordings)
    for one, content in zip(recordings, contents, strict=True):
        yield one.label, waveform(*read_wav(content))


if __name__ == "__main__":
    run_script(main)
