"""The numbers of evaluate.json on a test set small enough to work out by hand."""

import json
import re
from typing import Any

import numpy as np
import pytest
import torch
from dvclive import Live

from spoken_digits.errors import UserError
from spoken_digits.evaluation import cost
from spoken_digits.evaluation.metrics import wilson
from spoken_digits.evaluation.plots_folder import draw, read_curves
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.evaluation.reported_metrics import (
    MEANING,
    most_confident_mistakes,
    rounded,
    summarise,
)
from spoken_digits.evaluation.robustness import SNRS_DB
from spoken_digits.recording import parse_name
from spoken_digits.vocabulary import digits


def row(name: str, heard: int, confidence: float, corpus: str = "fsdd") -> Prediction:
    return Prediction(parse_name(corpus, name), str(heard), confidence, 0)


ROWS = [
    row("1_anna_0.wav", 1, 0.9),
    row("1_anna_1.wav", 2, 0.8),
    row("2_ben_0.wav", 2, 0.7),
    row("2_ben_1.wav", 2, 0.6, corpus="espeak"),
    row("other-bed_ben_0.wav", 2, 0.65),
    row("other-cat_ben_0.wav", 1, 0.1),
]
LIKELY = np.full((6, 11), 0.01, dtype=np.float32)
LIKELY[[0, 1, 2, 3, 4, 5], [1, 2, 2, 2, 2, 1]] = [0.9, 0.8, 0.7, 0.6, 0.65, 0.1]  # as in ROWS
LIKELY[1, 1] = 0.1
LIKELY[[4, 5], 10] = [0.2, 0.8]
DIGITS = digits().labels
SUMMARY = summarise(ROWS, LIKELY, DIGITS, 0.65)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("accuracy", 3 / 4),
        ("n", 4),
        ("macro_f1", (2 * 1 / 3 + 2 * 2 / 5) / 2),
        ("nll", -np.log([0.9, 0.1, 0.7, 0.6]).mean()),
        # Each in a bin of its own: |1 - 0.9|, |0 - 0.8|, |1 - 0.7|, |1 - 0.6|.
        ("ece", (0.1 + 0.8 + 0.3 + 0.4) / 4),
    ],
)
def test_headline_by_hand(key, expected):
    assert SUMMARY[key] == pytest.approx(expected, abs=1e-6)


def test_the_interval_holds_the_accuracy():
    assert SUMMARY["accuracy_low"] < 0.75 < SUMMARY["accuracy_high"]


def test_parts_by_hand():
    assert SUMMARY["corpus"] == {
        "espeak": {"accuracy": 1.0, "n": 1},
        "fsdd": {"accuracy": pytest.approx(2 / 3), "n": 3},
    }
    assert SUMMARY["digit"] == {"1": 0.5, "2": 1.0}
    # ben of fsdd and ben of espeak are two speakers.
    assert SUMMARY["speaker"] == {
        "n": 3,
        "mean": pytest.approx((0.5 + 1 + 1) / 3),
        "worst": 0.5,
        "worst_name": "fsdd/anna",
        "worst_n": 2,
    }


def test_rejection_by_hand():
    # Digits score .9 .8 .7 .6; bed's .65 beats one of four, cat's .1 none: 7 of 8 pairs in order.
    # With no digit rejected the threshold is .6, and bed passes.
    # Three words are heard right, and cat is likelier something else than a digit: 4 of 6 classes.
    assert SUMMARY["rejection"] == {
        "n": 2,
        "auroc": 7 / 8,
        "accepted_at_5": 0.5,
        "accuracy": pytest.approx(4 / 6),
    }


def test_without_other_words_there_is_no_rejection():
    summary = summarise(ROWS[:4], LIKELY[:4], DIGITS, 0.65)
    of_words = {"n": 0, "auroc": None, "accepted_at_5": None, "accuracy": 3 / 4}
    assert summary["rejection"] == of_words


def test_as_the_program_decides_by_hand():
    # With 0.65 the fourth digit, 0.6, is rejected too; bed's 0.65, as float32, is just below.
    assert SUMMARY["decided"] == {
        "reject": 0.65,
        "accuracy": 2 / 4,
        "low": wilson(2, 4).low,
        "high": wilson(2, 4).high,
        "claimed": 0.0,
        "others": 2,
        "lost_1": {"threshold": None, "claimed": None},
        "lost_2": {"threshold": None, "claimed": None},
        "lost_5": {"threshold": None, "claimed": None},
    }


def test_thresholds_for_what_may_be_lost_by_hand():
    # Of 100 ones three have 0.305, 0.505 and 0.705, and the others 0.985. One is mistaken.
    sure = np.full(100, 0.985, np.float32)
    sure[:3] = [0.305, 0.505, 0.705]
    rows = [row(f"1_anna_{take}.wav", 2 if take == 99 else 1, sure[take]) for take in range(100)]
    rows += [row("other-bed_ben_0.wav", 1, 0.6), row("other-cat_ben_0.wav", 1, 0.4)]
    likely = np.zeros((102, 11), np.float32)
    likely[:, 1] = [*sure, 0.6, 0.4]
    likely[99, 1], likely[99, 2] = 0, 0.985
    decided = summarise(rows, likely, DIGITS, 0.8)["decided"]
    assert (decided["accuracy"], decided["claimed"]) == (0.96, 0.0)
    assert decided["lost_1"] == {"threshold": 0.3, "claimed": 1.0}
    assert decided["lost_2"] == {"threshold": 0.5, "claimed": 0.5}
    assert decided["lost_5"] == {"threshold": 0.98, "claimed": 0.0}


def test_without_other_words_none_is_claimed():
    decided = summarise(ROWS[:4], LIKELY[:4], DIGITS, 0.5)["decided"]
    assert (decided["accuracy"], decided["claimed"], decided["others"]) == (3 / 4, None, 0)


def test_without_digits_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no digit in the test set"):
        summarise(ROWS[4:], LIKELY[4:], DIGITS, 0.65)


def test_a_speaker_misheard_once_is_not_the_worst_where_others_said_enough():
    many = [row(f"1_carl_{take}.wav", 1 if take else 7, 0.9) for take in range(10)]
    one = [row("1_dora_0.wav", 7, 0.9)]
    summary = summarise(many + one, np.full((11, 11), 0.09, np.float32), DIGITS, 0.65)
    assert summary["speaker"]["worst_name"] == "fsdd/carl"
    assert summary["speaker"]["worst"] == 0.9
    assert summary["speaker"]["n"] == 2


def test_mistakes_come_most_confident_first_and_other_words_are_none():
    rows = [row("1_anna_0.wav", 2, 0.3), row("3_anna_0.wav", 4, 0.9), *ROWS[4:]]
    mistakes = most_confident_mistakes(rows, 5)
    assert [one.recording.name for one in mistakes] == ["3_anna_0.wav", "1_anna_0.wav"]
    assert len(most_confident_mistakes(rows, 1)) == 1


WORDS = ("yes", "no", "lights-on")


def said(name: str, heard: str, confidence: float) -> Prediction:
    return Prediction(parse_name("folder", name), heard, confidence, 0)


def test_a_vocabulary_of_words_by_hand():
    rows = [
        said("lights-on_anna_0.wav", "lights-on", 0.75),
        said("lights-on_anna_1.wav", "no", 0.25),
        said("yes_ben_0.wav", "yes", 0.25),
        said("other-go_ben_0.wav", "yes", 0.125),
    ]
    likely = np.array(
        [
            [0, 0.25, 0.75, 0],
            [0.25, 0.5, 0.25, 0],
            [0.25, 0, 0, 0.75],
            [0.125, 0, 0, 0.875],
        ],
        np.float32,
    )
    summary = summarise(rows, likely, WORDS, 0.5)
    assert summary["word"] == {"yes": 1.0, "lights-on": 0.5}
    assert "digit" not in summary
    assert (summary["n"], summary["accuracy"]) == (3, pytest.approx(2 / 3))
    assert summary["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert summary["nll"] == pytest.approx(-np.log([0.75, 0.25, 0.25]).mean())
    # The yes is heard as yes, but it is likelier something else.
    assert summary["rejection"]["accuracy"] == 2 / 4
    assert_documented(summary)


def test_without_words_there_is_nothing_to_say():
    rows = [said("other-go_ben_0.wav", "yes", 0.1)]
    with pytest.raises(ValueError, match="no word in the test set"):
        summarise(rows, np.ones((1, 4), np.float32), WORDS, 0.5)


def test_floats_are_rounded_at_every_depth_and_nothing_else_is():
    value = {"a": {"b": 1 / 3, "c": None, "d": 7}, "e": [2 / 3, "text"]}
    assert rounded(value) == {
        "a": {"b": 0.333333, "c": None, "d": 7},
        "e": [0.666667, "text"],
    }


def assert_documented(summary: dict[str, Any]) -> None:
    """See that each key of evaluate.json is one that MEANING lists, <...> for a name."""
    kinds = {re.escape(key).replace("<digit\\ or\\ word>", "(digit|word)") for key in MEANING}
    documented = [re.compile(re.sub(r"<.*?>", "[a-z0-9_-]+", kind)) for kind in kinds]
    for section, content in summary.items():
        keys = content if isinstance(content, dict) else [None]
        for key in keys:
            below = content[key] if key is not None else None
            for leaf in below if isinstance(below, dict) else [None]:
                name = ".".join(part for part in (section, key, leaf) if part is not None)
                assert any(pattern.fullmatch(name) for pattern in documented), name


def test_every_key_is_documented():
    assert_documented(SUMMARY)


def test_multiply_adds_by_hand():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False),  # 4x5x5 outputs of 9
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 4, 3, groups=4, bias=False),  # 4x3x3 outputs of 9
        torch.nn.Flatten(),
        torch.nn.Linear(36, 11),  # 11 outputs of 36
    )
    images = torch.zeros(1, 1, 10, 10)
    expected = 4 * 25 * 9 + 4 * 9 * 9 + 11 * 36
    assert cost.multiply_adds(network, lambda: network(images)) == expected
    assert cost.multiply_adds(network, lambda: network(images)) == expected  # hooks are gone
    assert cost.parameters(network) == 4 * 9 + 4 * 9 + 36 * 11 + 11


def drawn(folder, rows) -> dict[str, bytes]:
    likely = LIKELY[: len(rows)]
    summary = rounded(summarise(rows, likely, DIGITS, 0.65))
    noises = {f"{noise}_{snr}": 0.5 for noise in ("white", "pink", "babble") for snr in SNRS_DB}
    summary["robustness"] = {"n": 10, "clean": 0.9} | noises
    images = np.zeros((len(rows), 100, 100), dtype=np.uint8)
    draw(folder, rows, likely, images, summary, {"validation_loss": [2.0, 1.0]}, DIGITS)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_plot_is_there_as_data_and_as_picture(tmp_path):
    (tmp_path / "plots").mkdir()
    files = drawn(tmp_path / "plots", ROWS)
    pictures = {"confusion_percent.png", "mistakes.png", "training.png"}
    both = ("noise", "speakers", "reliability", "rejection")
    tables = {"confusion.csv", *(f"{name}.json" for name in both)}
    assert set(files) == pictures | tables | {f"{name}.png" for name in ("confusion", *both)}
    assert files["confusion.csv"] == b"said,heard\n1,1\n1,2\n2,2\n2,2\n"
    assert json.loads(files["speakers.json"])[1] == {
        "speaker": "fsdd/anna",
        "accuracy": 0.5,
        "recordings": 2,
    }
    assert json.loads(files["reliability.json"])[0] == {
        "confidence": 0.6,
        "accuracy": 1.0,
        "recordings": 1,
    }
    assert json.loads(files["noise.json"])[0] == {
        "snr_db": 20,
        "white": 0.5,
        "pink": 0.5,
        "babble": 0.5,
    }
    curve = json.loads(files["rejection.json"])
    assert [point["threshold"] for point in curve] == [number / 100 for number in range(101)]
    assert curve[0] == {"threshold": 0.0, "rejected": 0.0, "lost": 0.25, "others_claimed": 0.5}
    assert curve[-1] == {"threshold": 1.0, "rejected": 1.0, "lost": 1.0, "others_claimed": 0.0}


def test_without_other_words_the_rejection_plot_says_so(tmp_path):
    files = drawn(tmp_path / "plots", ROWS[:4])
    curve = json.loads(files["rejection.json"])
    assert curve[0] == {"threshold": 0.0, "rejected": 0.0, "lost": 0.25, "others_claimed": None}
    assert files["rejection.png"]


def test_training_curves_are_read_by_name(tmp_path):
    """dvclive itself writes them, as in the training stage."""
    with Live(str(tmp_path), dvcyaml=False, save_dvc_exp=False, report=None) as live:
        for loss in (2.5, 1.25):
            live.log_metric("validation_loss", loss)
            live.next_step()
    assert read_curves(tmp_path) == {"validation_loss": [2.5, 1.25]}


def test_missing_training_curves(tmp_path):
    with pytest.raises(UserError, match=r"no curves of training .* dvc repro train"):
        read_curves(tmp_path)
