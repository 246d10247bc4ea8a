"""The stage train, as a user runs it, on a few pictures; killed, it ends with the same bytes."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import yaml
from checkpoints import mark_first_epoch

from spoken_digits.model.network import load_network, read_about
from spoken_digits.picture.convert import png
from spoken_digits.shards import write_shard

ROOT = Path(__file__).parents[2]
TRAIN = ROOT / "src" / "train.py"
MODEL = Path("models/digits.safetensors")
LABELS = [*"0123456789", "other-yes"]
SUBSETS = {"anna": "train", "ben": "train", "cleo": "validation", "dora": "test"}


def write_params(project: Path, **changes: object) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["corpora"] = ["espeak"]
    params["train"] |= {"epochs": 3, "epoch_size": 192, "batch_size": 16, "threads": 2} | changes
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def write_split(project: Path, subsets: dict[str, str], labels: list[str] = LABELS) -> None:
    with (project / "data/split.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["corpus", "speaker", "name", "label", "subset"])
        for speaker, subset in subsets.items():
            for label in labels:
                table.writerow(["fsdd", speaker, f"{label}_{speaker}_0.wav", label, subset])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three speakers' pictures; of the fourth, who is in the test subset, there are none."""
    chance = np.random.default_rng(0)
    for speaker in list(SUBSETS)[:3]:
        pictures = chance.integers(0, 256, (len(LABELS), 100, 100), np.uint8)
        members = [
            (f"{label}_{speaker}_0.png", png(picture))
            for label, picture in zip(LABELS, pictures, strict=True)
        ]
        write_shard(tmp_path / f"data/spectrograms/fsdd/{speaker}.zip", members)
    write_split(tmp_path, SUBSETS)
    write_params(tmp_path)
    return tmp_path


def start(project: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, TRAIN],
        cwd=project,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(project: Path, **environment: str) -> str:
    process = start(project, **environment)
    shown, errors = process.communicate()
    assert process.returncode == 0, errors
    return shown


def fail(project: Path) -> str:
    process = start(project)
    _, errors = process.communicate()
    assert process.returncode in (1, 2), errors
    assert "Traceback" not in errors
    assert not (project / MODEL).exists()
    return errors


def history(project: Path, metric: str) -> list[float]:
    with (project / f"metrics/train/plots/metrics/{metric}.tsv").open(encoding="utf-8") as file:
        return [float(row[metric]) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.slow
def test_killed_in_an_epoch_it_ends_with_the_same_bytes(project, tmp_path_factory):
    """One is undisturbed on all cores; one is killed, and goes on on one core and from disk."""
    assert "trained on 22 recordings; models/digits.safetensors" in train(project)
    undisturbed = (project / MODEL).read_bytes()
    losses = history(project, "train_loss")
    assert len(losses) == 3
    assert list((project / ".checkpoints").iterdir()) == []
    network = load_network(project / MODEL)
    assert network.temperature > 0
    assert read_about(project / MODEL)["corpora"] == ["espeak"]
    summary = json.loads((project / "metrics/train/metrics.json").read_text(encoding="utf-8"))
    assert {"train_loss", "validation_loss", "validation_accuracy", "temperature"} <= set(summary)
    assert summary["temperature"] == pytest.approx(float(network.temperature), rel=1e-3)

    (project / MODEL).unlink()
    process = start(project)
    checkpoints = project / ".checkpoints"
    while not list(checkpoints.glob("train-*.pt")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)  # the second epoch has begun
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (project / MODEL).exists()

    # What the rest of the run prints of the first epoch shows that it was not trained again.
    (checkpoint,) = checkpoints.glob("train-*.pt")
    mark_first_epoch(checkpoint)
    on_one = f"import os; os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[:1]})"
    startup = tmp_path_factory.mktemp("one-core")
    (startup / "sitecustomize.py").write_text(on_one, encoding="utf-8")
    write_params(project, memory=0.2)  # 20 of 33 pictures
    shown = train(
        project,
        PYTHONPATH=str(startup),
        ONEDNN_MAX_CPU_ISA="SSE41",
        ATEN_CPU_CAPABILITY="default",
        OMP_NUM_THREADS="1",
    )
    assert "pictures are read from disk batch by batch (train.memory)" in shown
    assert history(project, "train_loss") == [123.0, *losses[1:]]
    assert (project / MODEL).read_bytes() == undisturbed
    assert list(checkpoints.glob("train-*.pt")) == []


@pytest.mark.slow
def test_a_checkpoint_of_another_run_is_not_used(project):
    write_params(project, epochs=1, epoch_size=64)
    (project / ".checkpoints").mkdir()
    (project / ".checkpoints/train-0123456789abcdef.pt").write_bytes(b"of other data")
    train(project)
    first = (project / MODEL).read_bytes()
    write_params(project, epochs=1, epoch_size=64, seed=1)
    train(project)
    assert (project / MODEL).read_bytes() != first


@pytest.mark.slow
def test_training_starts_from_the_weights_of_a_file(project):
    write_params(project, epochs=1, epoch_size=64)
    train(project)
    start = project / "models/start.safetensors"
    (project / MODEL).rename(start)
    digest = hashlib.sha256(start.read_bytes()).hexdigest()[:12]
    write_params(
        project,
        epochs=1,
        epoch_size=64,
        learning_rate=1e-6,
        start_from=f"models/start.safetensors@{digest}",
    )
    train(project)
    before, after = load_network(start), load_network(project / MODEL)
    for name, value in after.named_parameters():
        assert torch.allclose(value, before.get_parameter(name), atol=1e-3), name
    assert (project / MODEL).read_bytes() != start.read_bytes()


@pytest.mark.slow
def test_weights_to_start_from_that_are_missing(project):
    write_params(project, start_from="models/start.safetensors@0123456789ab")
    words = "error: params.yaml: train.start_from: models/start.safetensors: no such file"
    assert words in fail(project)


@pytest.mark.slow
@pytest.mark.parametrize("subset", ["train", "validation"])
def test_no_digit_in_a_subset(project, subset):
    others = {speaker: name for speaker, name in SUBSETS.items() if name != subset}
    write_split(project, others)
    words = f"error: data/split.csv: no digit in the {subset} subset; see split in params.yaml"
    assert words in fail(project)


@pytest.mark.slow
def test_nothing_but_other_words(project):
    write_split(project, SUBSETS, ["other-yes"])
    assert "no digit in the train subset" in fail(project)


@pytest.mark.slow
def test_no_split(project):
    (project / "data/split.csv").unlink()
    assert (
        "error: data/split.csv: No such file or directory. Make it with: dvc repro split"
        in fail(project)
    )


@pytest.mark.slow
def test_pictures_that_are_missing(project):
    (project / "data/spectrograms/fsdd/ben.zip").unlink()
    errors = fail(project)
    assert "error: data/spectrograms: 11 images of the split are missing, among them" in errors
    assert "fsdd/0_ben_0.wav. Make them with: dvc repro" in errors


def test_params_are_checked_first(project):
    write_params(project, epochs="abc")
    (project / "data/split.csv").unlink()
    assert 'params.yaml: train.epochs: "abc" is not allowed' in fail(project)


def test_help_says_what_it_does():
    shown = subprocess.run(
        [sys.executable, TRAIN, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "Writes models/digits.safetensors" in shown
    assert "test" in shown


# In several processes


def torchrun(project: Path, processes: int, restarts: int = 0) -> subprocess.Popen[str]:
    options = ["--standalone", "--local-addr", "localhost", "--nproc-per-node", str(processes)]
    options += ["--max-restarts", str(restarts)]
    return subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", *options, TRAIN],
        cwd=project,
        env=os.environ | {"OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_go_on_when_one_is_killed(project):
    """They end as if nobody had been killed; the first one alone writes and prints."""
    write_params(project, threads=1)
    undisturbed = torchrun(project, 2)
    shown, errors = undisturbed.communicate()
    assert undisturbed.returncode == 0, errors
    assert shown == "trained on 22 recordings; models/digits.safetensors\n"
    model, losses = (project / MODEL).read_bytes(), history(project, "train_loss")
    assert len(losses) == 3

    (project / MODEL).unlink()
    process = torchrun(project, 2, restarts=1)
    while not list((project / ".checkpoints").glob("train-*.pt")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)
    killed = psutil.Process(process.pid).children()[-1]
    killed.kill()
    shown, errors = process.communicate()
    assert process.returncode == 0, errors
    assert f"exitcode: {-signal.SIGKILL}" in errors or "Signal 9" in errors or "SIGKILL" in errors
    assert (project / MODEL).read_bytes() == model
    assert history(project, "train_loss") == losses


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(project):
    """With its schedule; the losses differ by what dropout and batch normalisation draw."""
    write_params(project, threads=1, augment=0.0)
    train(project)
    rates, losses = history(project, "learning_rate"), history(project, "train_loss")
    together = torchrun(project, 2)
    _, errors = together.communicate()
    assert together.returncode == 0, errors
    assert history(project, "learning_rate") == rates
    assert history(project, "train_loss") == pytest.approx(losses, rel=0.1)
