"""make folds with real experiments in DVC's queue, and something quicker than training."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import commit_all, init_git

ROOT = Path(__file__).parents[2]
DVC_YAML = """\
stages:
  evaluate:
    cmd: python make.py
    deps: [make.py]
    params: [corpora, split, train.seed]
    outs: [metrics/plots]
    metrics:
      - metrics/evaluate.json: {cache: false}
"""
# Stands for the whole pipeline: fold 3 fails if train.seed is 13; it says where the mirror is.
MAKE = """\
import json, os, sys, yaml
from pathlib import Path
params = yaml.safe_load(open("params.yaml"))
with open(os.environ["RUNS"], "a") as runs:
    runs.write(f"{params['split']['fold']} {os.environ['CORPUS_MIRROR']}\\n")
if params["train"]["seed"] == 13 and params["split"]["fold"] == 3:
    sys.exit("error: fold 3 has no recordings")
left_out = params["split"]["leave_out"]
share = 0.9 + params["split"]["fold"] / 100 if not left_out else len(left_out[0]) / 100
Path("metrics/plots").mkdir(parents=True)
numbers = {"accuracy": share, "accuracy_low": share - 0.1, "accuracy_high": 1.0, "n": 100}
others = {"claimed": 0.25, "others": 8} if left_out != ["fsdd"] else {"claimed": None, "others": 0}
numbers["decided"] = {"reject": 0.65, "accuracy": share / 2, "low": 0.0, "high": 0.5, **others}
Path("metrics/evaluate.json").write_text(json.dumps(numbers))
curve = [
    {"threshold": t / 2, "rejected": t * share / 5, "lost": t / 100, "others_claimed": claimed}
    for t in range(3) for claimed in [others["claimed"] and 0.25 - t / 10]
]
Path("metrics/plots/rejection.json").write_text(json.dumps(curve))
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory, run):
    root = tmp_path_factory.mktemp("folds") / "project"
    root.mkdir()
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "make.py").write_text(MAKE)
    shutil.copy(ROOT / "params.yaml", root)
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    init_git(run, root)
    run("dvc", "init", "--quiet", cwd=root)
    commit_all(run, root, "first")
    return root


@pytest.fixture
def folds(origin, run, tmp_path):
    root = shutil.copytree(origin, tmp_path / "project", symlinks=True)

    def folds(*arguments: str):
        environment = {
            "PYTHONPATH": str(root / "src"),
            "CORPUS_MIRROR": "a mirror",
            "RUNS": str(tmp_path / "runs.txt"),
        }
        command = [sys.executable, "tools/folds.py", *arguments]
        return run(*command, cwd=root, env=environment, check=False)

    yield root, tmp_path / "runs.txt", folds
    run("dvc", "queue", "stop", "--kill", cwd=root, check=False)


@pytest.mark.slow
def test_five_folds_one_that_fails_and_the_rest_kept(folds):
    root, runs, folds = folds
    finished = folds("--corpora", "espeak,fsdd", "-S", "train.seed=13")
    assert finished.returncode == 1
    assert "failed: 3 (fold-3-" in finished.stdout, finished.stderr
    assert "error: fold 3 has no recordings" in finished.stdout
    assert "error: 1 of 5 folds failed; the others are kept" in finished.stderr
    assert "0                     90.00%" in finished.stdout
    assert not (root / "metrics" / "folds").exists()

    again = folds("--corpora", "espeak,fsdd", "-S", "train.seed=13")
    assert again.returncode == 1
    ran = sorted(line.split(" ", 1)[0] for line in runs.read_text().splitlines())
    assert ran == ["0", "1", "2", "3", "3", "4"]  # the fold that failed alone ran again
    mirrors = {line.split(" ", 1)[1] for line in runs.read_text().splitlines()}
    assert mirrors == {str(root / "a mirror")}


@pytest.mark.slow
def test_speakers_left_out_in_turn_are_summed_up(folds):
    root, _, folds = folds
    finished = folds("--speakers", "fsdd", "--corpora", "fsdd", "--name", "strangers")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    content = json.loads((root / "metrics/folds/strangers.json").read_text(encoding="utf-8"))
    tested = [one["tested"] for one in content["folds"]]
    assert tested == [
        f"fsdd/{name}" for name in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    ]
    assert [one["accuracy"] for one in content["folds"]] == [len(who) / 100 for who in tested]
    assert content["worst"] == 0.09  # fsdd/theo
    assert content["mean"] == pytest.approx(sum(map(len, tested)) / 600, abs=1e-6)

    again = folds("--speakers", "fsdd", "--corpora", "fsdd")
    assert again.returncode == 0
    assert (root / "metrics/folds/speakers-fsdd-fsdd.json").exists()


@pytest.mark.slow
def test_corpora_left_out_in_turn_say_how_the_program_decides(folds):
    root, _, folds = folds
    finished = folds("--leave-corpus-out", "--corpora", "fsdd,speech_commands,espeak")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for line in (
        "As the program decides, with live.reject 0.65",
        "speech_commands: 25.00% of 8 other words claimed",
        "at most 2% of digits lost (rejected, or mistaken): threshold 1.0, 5.00% of other words "
        "claimed",
        "at most 2% of digits rejected: threshold 0.5, 15.00% of other words claimed",
    ):
        assert line in finished.stdout.splitlines()
    name = "leave-corpus-out-fsdd+speech_commands+espeak"
    content = json.loads((root / f"metrics/folds/{name}.json").read_text(encoding="utf-8"))
    assert [one["tested"] for one in content["folds"]] == ["fsdd", "speech_commands"]
    assert [one["accuracy"] for one in content["folds"]] == [0.04, 0.15]
    assert [one["decided"]["accuracy"] for one in content["folds"]] == [0.02, 0.075]
    assert [one["curve"][2]["others_claimed"] for one in content["folds"]] == [None, 0.05]
    assert content["curve"][1] == {
        "threshold": 0.5,
        "rejected": 0.019,
        "lost": 0.01,
        "others_claimed": 0.15,
    }
    assert content["lost_at_most_2"]["threshold"] == 1.0
    assert (content["decided_mean"], content["decided_worst"]) == (0.0475, 0.02)
    assert content["rejected_at_most_2"] == content["curve"][1]
