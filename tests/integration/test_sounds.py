"""Sounds that are not speech, from a folder of them to the live program; docs/sounds.md."""

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import make_sounds
import numpy as np
import pytest
import soundfile
import yaml
from conftest import ROOT, Run, set_params
from live_support import room
from test_sound_path import Program

from spoken_digits.dataset.split_file import read_split
from spoken_digits.model.network import SpectrogramNet
from spoken_digits.model.vocal_tracts import load_for_listening
from spoken_digits.recording import Recording

PAGE = (ROOT / "docs" / "sounds.md").read_text(encoding="utf-8")
KINDS = ["clap", "bark", "siren", "bell", "whistle"]
SMALL = {
    "vocabulary": KINDS,
    "corpora": ["folder"],
    "download.folder.path": "sounds",
    "split.scheme": "speaker",
    "train.omit": ["pieces", "vocal_tract", "fricatives", "blur"],
    "train.epochs": 3,
    "train.epoch_size": 1600,
    "train.batch_size": 32,
    "train.threads": 1,
    "live.detector": "level",
    "validate.max_cut_off_percent": 100,
    "validate.max_noise_percent": 100,
}


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, run: Run, copy_project: Callable[[Path], Path]
) -> Path:
    """A project whose pipeline has run on a sixth of the walk-through's sounds."""
    project = copy_project(tmp_path_factory.mktemp("sounds") / "project")
    set_params(project, SMALL)
    command = [sys.executable, "tools/make_sounds.py", "sounds", "--sources", "14", "--takes", "4"]
    run(*command, cwd=project, env={"PYTHONPATH": "src"})
    for stage in "download spectrogram split validate train evaluate export report".split():
        run(sys.executable, f"src/{stage}.py", cwd=project)
    return project


@pytest.mark.slow
def test_sources_that_were_never_trained_on_are_recognised(project):
    metrics = json.loads((project / "metrics/evaluate.json").read_text())
    assert metrics["n"] >= 40
    assert metrics["accuracy"] >= 0.95
    assert set(metrics["word"]) == set(KINDS)
    assert metrics["rejection"]["auroc"] > 0.95


@pytest.mark.slow
def test_the_model_is_used_as_it_was_trained(project):
    assert isinstance(load_for_listening(project / "models/digits.safetensors"), SpectrogramNet)


@pytest.mark.slow
@pytest.mark.sound
def test_sounds_are_heard_as_they_are_played(project, sound_server):
    """Through PulseAudio and PortAudio, one after the other."""
    tested = {one.speaker for one in read_split(project / "data/split.csv").part("test")}
    labels = [*KINDS, "other-paper", KINDS[-1]]
    sounds = [make_sounds.make(Recording("folder", label, min(tested), 9)) for label in labels]
    parts = [part for sound in sounds for part in (sound.astype(np.float32) / 32768, 1.0)]
    program = Program(sound_server, project, "--json")
    program.wait_for("listening to")
    sound_server.play(room(1.0, *parts, noise=0.0002))
    heard: list[str | None] = []
    while heard.count(KINDS[-1]) < 2:
        heard.append(json.loads(program.line())["word"])
    assert program.stop() == 0
    assert heard[-2] is None  # the paper
    # Claps that are far apart are sounds of their own, and a soft last one may be rejected.
    words = [label for label in heard[:-2] if label]
    assert [label for i, label in enumerate(words) if words[:i][-1:] != [label]] == KINDS


@pytest.mark.slow
def test_a_file_of_one_sound(project, run):
    done = run(sys.executable, "src/predict_live.py", "sounds/bell_source00_0.wav", cwd=project)
    assert done.stdout.startswith("sounds/bell_source00_0.wav: bell  ")


def esc50(folder: Path) -> None:
    """Lay out a stand-in as ESC-50 is: meta/esc50.csv, and clips of 5 s at 44.1 kHz."""
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()
    rows = []
    for target, (category, kind) in enumerate([("church_bells", "bell"), ("dog", "bark")]):
        for fold in range(1, 6):
            for clip in range(8):
                name = f"{fold}-{100 * fold + clip // 2}-{'AB'[clip % 2]}-{target}.wav"
                sound = make_sounds.make(Recording("folder", kind, f"source{fold}", clip))
                five_seconds = np.zeros(5 * 44_100, np.int16)
                five_seconds[40_000 : 40_000 + len(sound)] = sound
                soundfile.write(folder / "audio" / name, five_seconds, 44_100)
                rows.append({
                    "filename": name, "fold": fold, "target": target, "category": category,
                    "esc10": False, "src_file": 100 * fold + clip // 2, "take": "AB"[clip % 2],
                })  # fmt: skip
    with (folder / "meta" / "esc50.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.slow
def test_esc_50_as_the_page_says(work, run):
    esc50(work / "ESC-50-master")
    (python,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    run(sys.executable, "-c", python, cwd=work)
    names = sorted(path.name for path in (work / "esc50").iterdir())
    assert len(names) == 80
    assert names[0] == "church-bells_fold1_10000.wav"
    (command,) = re.findall(r"<!-- not run: needs ESC-50.*?```bash\n(.*?)```", PAGE, re.DOTALL)
    run("bash", "-euc", command, cwd=work)
    params = yaml.safe_load((work / "params.yaml").read_text())
    assert params["vocabulary"] == ["church-bells", "dog"]
    folds: dict[str, set[str]] = {}
    for recording, subset in read_split(work / "data/split.csv").items():
        folds.setdefault(subset, set()).add(recording.speaker)
    assert folds["test"] == {"fold1"}
    assert (len(folds["validation"]), len(folds["train"])) == (1, 3)
    assert json.loads((work / "metrics/evaluate.json").read_text())["n"] == 16
