"""make folds: which experiments there are, and how they are summed up."""

import json
import subprocess
import sys
from pathlib import Path

import folds
import pytest

from spoken_digits.errors import UserError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A Git repository with one commit, as the current directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "anna")
        monkeypatch.setenv(f"{name}_EMAIL", "anna@example.org")
    (tmp_path / "a.txt").write_text("1\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *command], check=True)
    return tmp_path


def test_five_folds_by_default(project):
    plan = folds.plan(folds.five_folds(), ["corpora=[espeak]"])
    assert [fold.tested for fold in plan] == ["0", "1", "2", "3", "4"]
    assert plan[2].overrides == (
        "corpora=[espeak]",
        "split.scheme=fold",
        "split.leave_out=[]",
        "split.fold=2",
    )
    assert len({fold.experiment for fold in plan}) == 5


def test_every_fsdd_speaker_is_left_out_once(project):
    plan = folds.plan(folds.each_speaker("fsdd", []), ["corpora=[fsdd]"])
    assert [fold.tested for fold in plan] == [
        f"fsdd/{name}" for name in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    ]
    assert plan[1].overrides[1:] == ("split.scheme=takes", "split.leave_out=[fsdd/jackson]")


def test_every_corpus_that_people_speak_in_is_left_out_once(project):
    corpora = ["fsdd", "espeak", "speech_commands", "pico"]
    plan = folds.plan(folds.each_corpus(corpora), ["train.epochs=3"])
    assert [fold.tested for fold in plan] == ["fsdd", "speech_commands"]
    assert plan[0].overrides == (
        "train.epochs=3",
        "split.scheme=takes",
        "split.leave_out=[fsdd]",
    )
    assert plan[1].experiment.startswith("fold-speech_commands-")


@pytest.mark.parametrize("corpora", [["espeak", "pico"], ["fsdd"]])
def test_something_must_be_left_to_leave_out_and_to_train_on(corpora):
    words = rf"--leave-corpus-out: of {', '.join(corpora)} none can be left out.*--corpora fsdd,esp"
    with pytest.raises(UserError, match=words):
        folds.each_corpus(corpora)


def test_an_unknown_corpus_is_named():
    words = (
        r"--corpora fsd,espeak: fsd is no corpus\. There are espeak, pico, hibari, audiomnist, fsdd"
    )
    with pytest.raises(UserError, match=words):
        folds.each_corpus(["fsd", "espeak"])


@pytest.mark.parametrize("chosen", ["[02,16,34,36]", "['02', 16, 34, 36]"])
def test_every_audiomnist_speaker_that_is_asked_for_is_left_out_once(project, chosen):
    chosen = folds.each_speaker("audiomnist", [f"download.audiomnist.speakers={chosen}"])
    assert list(chosen) == [f"audiomnist/{name:02}" for name in (2, 16, 34, 36)]


def test_audiomnist_speakers_by_default_are_those_of_params_yaml(project):
    committed = (ROOT / "params.yaml").read_text()
    (project / "params.yaml").write_text(committed)
    assert len(folds.each_speaker("audiomnist", [])) == 60
    (project / "params.yaml").write_text(committed.replace("speakers: all ", "speakers: [7, 9]"))
    assert list(folds.each_speaker("audiomnist", [])) == ["audiomnist/07", "audiomnist/09"]


def test_an_audiomnist_speaker_who_does_not_exist(project):
    with pytest.raises(UserError, match=r"-S download\.audiomnist\.speakers: 61 is no speaker"):
        folds.each_speaker("audiomnist", ["download.audiomnist.speakers=[61]"])


def test_a_name_stands_for_overrides_and_uncommitted_code(project):
    def name(*overrides: str) -> str:
        return folds.plan(folds.five_folds(), list(overrides))[0].experiment

    first = name("corpora=[espeak]")
    assert first == name("corpora=[espeak]")
    assert first != name("corpora=[espeak]", "train.seed=1")
    (project / "a.txt").write_text("2\n")
    assert first != name("corpora=[espeak]")


def test_speakers_of_a_corpus_that_is_not_there(project):
    with pytest.raises(UserError, match=r"--speakers folder: its speakers are not known.*download"):
        folds.each_speaker("folder", [])


RESULTS = [
    {"tested": "fsdd/a", "accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "n": 500},
    {"tested": "fsdd/b", "accuracy": 1.0, "accuracy_low": 0.99, "accuracy_high": 1.0, "n": 500},
    {"tested": "fsdd/c", "accuracy": 0.8, "accuracy_low": 0.7, "accuracy_high": 0.85, "n": 1500},
]


def test_the_table_has_mean_deviation_and_worst():
    assert folds.table(RESULTS).splitlines() == [
        "tested              accuracy  95% interval           n",
        "fsdd/a                90.00%   80.00% to  95.00%     500",
        "fsdd/b               100.00%   99.00% to 100.00%     500",
        "fsdd/c                80.00%   70.00% to  85.00%   1,500",
        "",
        "mean                  90.00%",
        "standard deviation    10.00%",
        "worst                 80.00%",
    ]


def point(threshold, rejected, lost, others):
    return {
        "threshold": threshold,
        "rejected": rejected,
        "lost": lost,
        "others_claimed": others,
    }


DECIDED = [
    one | {"decided": {"reject": 0.65, "accuracy": 0.75, "low": 0.7, "high": 0.8, **others}}
    for one, others in zip(
        RESULTS,
        [{"claimed": 0.5, "others": 1100}, *2 * [{"claimed": None, "others": 0}]],
        strict=True,
    )
]
CURVES = [
    [point(0.0, 0.0, 0.1, 1.0), point(0.5, 0.03, 0.12, 0.5), point(1.0, 1.0, 1.0, 0.0)],
    [point(0.0, 0.0, 0.0, None), point(0.5, 0.0, 0.0, None), point(1.0, 1.0, 1.0, None)],
    [point(0.0, 0.0, 0.2, None), point(0.5, 0.0, 0.2, None), point(1.0, 1.0, 1.0, None)],
]
DECIDED = [one | {"curve": curve} for one, curve in zip(DECIDED, CURVES, strict=True)]


def test_the_second_table_says_how_the_program_decides_and_what_live_reject_would_have_to_be():
    assert folds.decided_table(DECIDED).splitlines() == [
        "As the program decides, with live.reject 0.65",
        "tested              accuracy  95% interval           n",
        "fsdd/a                75.00%   70.00% to  80.00%     500",
        "fsdd/b                75.00%   70.00% to  80.00%     500",
        "fsdd/c                75.00%   70.00% to  80.00%   1,500",
        "",
        "mean                  75.00%",
        "standard deviation     0.00%",
        "worst                 75.00%",
        "",
        "fsdd/a: 50.00% of 1,100 other words claimed",
        "at most 2% of digits lost (rejected, or mistaken): no threshold, 10.00% are at 0",
        "at most 2% of digits rejected: threshold 0.5, 50.00% of other words claimed",
    ]


def test_a_curve_has_a_line_a_point_in_the_file():
    text = folds.as_json({"mean": 1 / 3, "curve": CURVES[0]})
    assert json.loads(text) == {"mean": 0.333333, "curve": CURVES[0]}
    assert (
        '    { "threshold": 0.5, "rejected": 0.03, "lost": 0.12, "others_claimed": 0.5 },\n' in text
    )


def test_the_file_says_the_same(project):
    content = folds.summary("five", ["corpora=[fsdd]"], RESULTS)
    assert content["mean"] == pytest.approx(0.9)
    assert content["standard_deviation"] == pytest.approx(0.1)
    assert content["worst"] == 0.8
    assert content["folds"] == RESULTS
    assert len(content["baseline"]) == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-S", "train.seed=1,2"], "one value a key"),
        (["-S", "train.seed"], "one KEY=VALUE"),
        (["--speakers", "fsdd", "--corpora", "espeak"], "--speakers fsdd: not among --corpora"),
        (["--five", "--speakers", "fsdd"], "not allowed with"),
        (["--leave-corpus-out", "--five"], "not allowed with"),
        (["--name", "../x"], "--name ../x: letters"),
    ],
)
def test_wrong_arguments_are_named(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["folds.py", *arguments])
    with pytest.raises(SystemExit, match="2"):
        folds.arguments()
    assert message in capsys.readouterr().err


def test_lists_may_be_overridden(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["folds.py", "-S", "split.leave_out=[fsdd/a,fsdd/b]"])
    assert folds.arguments().set_param == ["split.leave_out=[fsdd/a,fsdd/b]"]
