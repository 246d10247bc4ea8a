"""Pictures: the same bytes every time, and nothing that only colour tells apart."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from spoken_digits.evaluation import metrics, plots
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.recording import Recording

SURE = np.linspace(0.2, 1, 60)
RIGHT = np.arange(60) % 5 > 0
TABLE = metrics.reliability(SURE, RIGHT)
TRADE_OFF = metrics.trade_off(np.c_[SURE, 1 - SURE], SURE > 0.3, np.c_[SURE - 0.2, 1.2 - SURE])
DECIDED = {"reject": 0.65, "accuracy": 0.44, "claimed": 0.2}
NOISE = [{"snr_db": 20, "white": 0.9, "pink": 0.8}, {"snr_db": 0, "white": 0.5, "pink": 0.2}]
SPEAKERS = {f"espeak/{n:04}-en": (n / 60, 40) for n in range(60)}
MISTAKE = Prediction(Recording("fsdd", "3", "theo", 0), "8", 0.98, 0)
IMAGES = np.tile(np.arange(100, dtype=np.uint8), (7, 100, 1))

THIRTY = [f"turn-on-light-number-{number}" for number in range(29)] + ["w" * 30]
COUNTS_OF_30 = np.eye(30, dtype=int) * 200 + np.eye(30, k=3, dtype=int) * 31

DRAWINGS = {
    "confusion": lambda path: plots.plot_confusion(
        path, np.eye(10, dtype=int) * 7, "0123456789", normalised=False
    ),
    "confusion_percent": lambda path: plots.plot_confusion(
        path, np.eye(10, dtype=int) * 7 + 1, "0123456789", normalised=True
    ),
    "confusion_of_digits_never_said": lambda path: plots.plot_confusion(
        path, np.zeros((10, 10), dtype=int), "0123456789", normalised=True
    ),
    "confusion_of_two_words": lambda path: plots.plot_confusion(
        path, np.array([[7, 1], [0, 5]]), ["yes", "no"], normalised=False
    ),
    "confusion_of_30_words": lambda path: plots.plot_confusion(
        path, COUNTS_OF_30, THIRTY, normalised=True
    ),
    "training": lambda path: plots.plot_training(
        path, {"train_loss": [2.0, 1.0], "validation_loss": [2.1, 1.2], "learning_rate": [0.1, 0.2]}
    ),
    "one_epoch": lambda path: plots.plot_training(path, {"validation_accuracy": [0.5]}),
    "noise": lambda path: plots.plot_noise(path, NOISE, 0.95, 300),
    "speakers": lambda path: plots.plot_speakers(path, SPEAKERS),
    "one_speaker": lambda path: plots.plot_speakers(path, {"fsdd/theo": (1.0, 500)}),
    "reliability": lambda path: plots.plot_reliability(path, TABLE, 0.01, "digit"),
    "rejection": lambda path: plots.plot_rejection(path, TRADE_OFF, DECIDED, 0.9, "word"),
    "rejection_in_the_corner": lambda path: plots.plot_rejection(
        path, TRADE_OFF, DECIDED | {"accuracy": 0.96, "claimed": 0.03}, 0.99, "word"
    ),
    "nothing": lambda path: plots.plot_nothing(path, "No other words"),
    "mistakes": lambda path: plots.plot_mistakes(path, [MISTAKE] * 7, IMAGES),
    "no_mistakes": lambda path: plots.plot_mistakes(path, [], IMAGES[:0]),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_drawn_the_same_whatever_the_users_style(name, tmp_path):
    first, second = tmp_path / "a" / "first.png", tmp_path / "second.png"
    DRAWINGS[name](first)
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "lines.linewidth": 9}):
        DRAWINGS[name](second)
    assert first.read_bytes() == second.read_bytes()
    with Image.open(first) as image:
        assert image.width >= 500
        assert "Software" not in image.info
        assert len(np.unique(np.asarray(image.convert("L")))) > 2


def ink_of_edges(path: Path) -> int:
    """Count pixels of the outermost rows and columns that are not paper."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("L"))
    edges = (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:])
    return sum(int((edge < 250).sum()) for edge in edges)


@pytest.mark.parametrize("count", [2, 10, 30, 60])
def test_a_confusion_matrix_grows_with_its_words_and_nothing_is_cut_off(tmp_path, count):
    labels = (["w" * 30] + [f"word-{number}" for number in range(60)])[:count]
    plots.plot_confusion(tmp_path / "some.png", np.eye(count, dtype=int), labels, normalised=False)
    assert ink_of_edges(tmp_path / "some.png") == 0
    with Image.open(tmp_path / "some.png") as image:
        assert min(image.size) / count >= 28, "room for a number in each cell"


def test_series_differ_without_colour():
    assert len({style["linestyle"] for style in plots.SERIES}) == len(plots.SERIES)
    assert len({style["marker"] for style in plots.SERIES}) == len(plots.SERIES)


@pytest.mark.parametrize("style", plots.SERIES)
def test_lines_stand_out_from_white_as_graphics_should(style):
    """WCAG 2.1, 1.4.11: a contrast of 3 to 1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(style["color"])
    ]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    assert 1.05 / (luminance + 0.05) >= 3


def test_a_failed_drawing_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), plots.picture(tmp_path / "half.png"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_only_the_worst_speakers_are_drawn_where_there_are_many(tmp_path):
    plots.plot_speakers(tmp_path / "all.png", SPEAKERS)
    worst = dict(sorted(SPEAKERS.items())[:40])
    plots.plot_speakers(tmp_path / "some.png", worst)
    with Image.open(tmp_path / "all.png") as many, Image.open(tmp_path / "some.png") as few:
        assert many.height == few.height
