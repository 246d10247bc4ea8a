"""make numbers, in a small project: its stages run, once, and what they make is used.

Training begins with the released weights of single words: so few steps are then enough to read
something.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from checkpoints import mark_first_epoch
from conftest import ROOT, commit_all, set_params, use_this_environment
from live_support import save_model
from support import pronounce

from spoken_digits.evaluation.numbers import read as read_by
from spoken_digits.export import released
from spoken_digits.export.sequence_inference import load_number_model
from spoken_digits.model.ctc import edits
from spoken_digits.sound.decode import waveform
from spoken_digits.training.start_from import pinned
from spoken_digits.transcripts import read_transcripts

pytestmark = pytest.mark.slow

WEIGHTS, EXPORTED = Path("models/numbers.safetensors"), Path("models/numbers.onnx")
STAGES = ["utterances", "train_sequence", "export_sequence", "evaluate_sequence"]
BEFORE = ["download", "spectrogram", "split", "validate", "train"]
CHANGES = {
    "train.learning_rate": 1e-6,
    "sequence.corpora": ["espeak"],
    "sequence.takes": 4,
    "sequence.epochs": 3,
    "sequence.epoch_size": 40,
    "sequence.batch_size": 8,
    "sequence.augment": 0.0,
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, run, unbuilt) -> Path:
    """The project after make numbers, committed. Copy it; do not change it.

    Beside it, shown.txt is what make printed.
    """
    project = tmp_path_factory.mktemp("numbers") / "project"
    run("git", "clone", "--quiet", unbuilt, project, cwd=unbuilt)
    use_this_environment(project, ".installed")
    start = Path("start.safetensors")
    shutil.copy(ROOT / released.WEIGHTS, project / start)
    digest = pinned(project / start).rpartition("@")[2]
    set_params(project, CHANGES | {"train.start_from": f"{start}@{digest}"})
    shown = run("make", "numbers", cwd=project).stdout
    (project.parent / "shown.txt").write_text(shown, encoding="utf-8")
    commit_all(run, project, "A network that reads numbers")
    return project


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained project, cache and all, to do things to."""
    return shutil.copytree(trained, tmp_path / "project", symlinks=True)


def test_all_stages_run_those_that_they_need_first(trained):
    shown = (trained.parent / "shown.txt").read_text(encoding="utf-8")
    begun = [line.split("'")[1] for line in shown.splitlines() if line.startswith("Running stage")]
    assert begun == BEFORE + [f"numbers/dvc.yaml:{stage}" for stage in STAGES]


def test_what_they_write(trained, run):
    metrics = json.loads((trained / "metrics/numbers.json").read_text(encoding="utf-8"))
    assert list(metrics) == ["clean", "white_20", "white_10", "white_0", "telephone"]
    assert 0 <= metrics["clean"]["espeak"]["error"] < 0.9  # blank alone would be 1
    assert load_number_model(trained / EXPORTED).labels == tuple("0123456789")
    said = read_transcripts(trained / "data/numbers/transcripts.csv", "0123456789")
    assert len(said) == 8 * 4
    summary = json.loads((trained / "metrics/train_sequence/metrics.json").read_text("utf-8"))
    assert {"train_loss", "validation_loss", "validation_error"} <= set(summary)
    assert not list((trained / ".checkpoints").iterdir())
    held = run(
        "git", "ls-files", "metrics", "models", "data", "numbers", cwd=trained
    ).stdout.split()
    assert {"models/numbers.onnx", "metrics/numbers.json", "numbers/dvc.lock"} <= set(held)
    assert not {str(WEIGHTS), "data/numbers/transcripts.csv"} & set(held)


def test_afterwards_all_is_up_to_date_and_nothing_runs_again(work, run):
    assert json.loads(run("dvc", "status", "--json", "numbers/dvc.yaml", cwd=work).stdout) == {}
    before = {path: (work / path).stat().st_mtime_ns for path in (WEIGHTS, EXPORTED)}
    shown = run("make", "numbers", cwd=work).stdout
    assert "Running stage" not in shown
    for stage in STAGES:
        assert f"Stage 'numbers/dvc.yaml:{stage}' didn't change, skipping" in shown
    assert {path: (work / path).stat().st_mtime_ns for path in before} == before
    assert run("git", "status", "--porcelain", cwd=work).stdout == ""


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"sequence.takes": 5}, "utterances"),
        ({"sequence.learning_rate": 0.001}, "train_sequence"),
        ({"evaluate.seed": 3}, "evaluate_sequence"),
    ],
)
def test_a_param_reruns_its_own_stage_first(work, run, change, first):
    set_params(work, change)
    planned = run("dvc", "repro", "--dry", "numbers/dvc.yaml", cwd=work).stdout
    begun = [line.split("'")[1] for line in planned.splitlines() if "Running stage" in line]
    assert begun[0] == f"numbers/dvc.yaml:{first}"


def test_a_damaged_table_is_made_again(work, run):
    """As the messages of the stages say: make numbers."""
    table = work / "data/numbers/transcripts.csv"
    good = table.read_bytes()
    table.chmod(0o644)
    table.write_bytes(b"damaged")
    run("dvc", "repro", "numbers/dvc.yaml:utterances", cwd=work)
    assert table.read_bytes() == good


def test_the_program_reads_with_it(work, run):
    """live.model is trained; the model of single words, which it lies beside, only has to be there.

    The voice is none that it was trained on, so it may err: the program says what the network says.
    """
    save_model(work / "models/digits.onnx")
    set_params(work, {"live.reject": 0.0})
    (sound,), rate = pronounce("four seven two nine")
    soundfile.write(work / "n.wav", sound, rate)
    read = read_by(load_number_model(work / EXPORTED), waveform(sound, rate))
    assert len(read) >= 2
    shown = run(sys.executable, "src/predict_live.py", "--string", "n.wav", cwd=work).stdout
    name, _, heard = shown.strip().partition(": ")
    assert name == "n.wav"
    assert edits(read, tuple(heard.replace(" ", ""))).total <= 1, (read, heard)


def train(project: Path) -> subprocess.Popen[bytes]:
    """Start training. Errors go to a file: workers of a killed process keep a pipe open."""
    with (project.parent / "errors.txt").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "src/train_sequence.py"],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


def trained_to_the_end(project: Path) -> bytes:
    process = train(project)
    assert process.wait() == 0, (project.parent / "errors.txt").read_text(encoding="utf-8")
    return (project / WEIGHTS).read_bytes()


def losses(project: Path) -> list[str]:
    table = project / "metrics/train_sequence/plots/metrics/train_loss.tsv"
    return [line.split("\t")[1] for line in table.read_text(encoding="utf-8").splitlines()[1:]]


def test_trained_a_second_time_it_has_the_same_bytes(work):
    undisturbed = (work / WEIGHTS).read_bytes()
    (work / WEIGHTS).unlink()
    assert trained_to_the_end(work) == undisturbed


def test_killed_after_an_epoch_it_goes_on_and_ends_with_the_same_bytes(work):
    undisturbed, whole = (work / WEIGHTS).read_bytes(), losses(work)
    assert len(whole) == 3
    (work / WEIGHTS).unlink()
    process = train(work)
    while not (found := list((work / ".checkpoints").glob("train_sequence-*.pt"))):
        assert process.poll() is None, (work.parent / "errors.txt").read_text(encoding="utf-8")
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (work / WEIGHTS).exists()

    # What the rest of the run notes of the first epoch shows that it was not trained again.
    (checkpoint,) = found
    mark_first_epoch(checkpoint)
    assert trained_to_the_end(work) == undisturbed
    assert losses(work) == ["123.0", *whole[1:]]
    assert not list((work / ".checkpoints").iterdir())
    assert not list(work.glob("m*/.*.partial"))
