"""The evaluation as pictures, in one style: legible in black and white and to the colour-blind.

Series differ by line, marker and colour (Okabe and Ito's), never by colour alone. No date and no
version goes into a file, so the same numbers give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spoken_digits.dataset.table import SUBSETS
from spoken_digits.evaluation import metrics
from spoken_digits.evaluation.metrics import Reliability, TradeOff
from spoken_digits.evaluation.predictions import Prediction
from spoken_digits.evaluation.reported_metrics import LOST_PERCENT
from spoken_digits.files import replacing
from spoken_digits.vocabulary import noun

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"
SERIES: list[dict[str, Any]] = [
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": ORANGE, "linestyle": "--", "marker": "s"},
    {"color": GREEN, "linestyle": "-.", "marker": "^"},
    {"color": "black", "linestyle": ":", "marker": "D"},
]
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is everywhere the same
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "lines.markersize": 5,
    "legend.frameon": False,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
}


@contextmanager
def picture(path: Path, width: float = 6.4, height: float = 4.0) -> Iterator[Figure]:
    """Yield a figure, inches; save it as PNG, whole or not at all, if the block succeeds."""
    with mpl.rc_context():
        mpl.rcdefaults()  # a user's matplotlibrc must not change the bytes
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with replacing(path) as partial:
            figure.savefig(partial, format="png", metadata={"Software": None})


def plot_confusion(
    path: Path, counts: NDArray[np.int64], labels: Sequence[str], *, normalised: bool
) -> None:
    """Draw a confusion matrix, (n, n): counts, or per cent of each of the n words said."""
    word = noun(labels)
    longest = max(map(len, labels))
    side = max(5.0, 1.0 + 0.33 * len(labels)) + 0.11 * (longest - 1)  # inches
    said = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / said
    with picture(path, side + 0.6, side) as figure:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        # The square root lets a handful of mistakes be seen beside hundreds of hits.
        shown = axes.imshow(np.sqrt(shares), cmap="Greys", vmin=0, vmax=1)
        bar = figure.colorbar(shown, shrink=0.85, ticks=np.sqrt([0, 0.01, 0.1, 0.25, 0.5, 1]))
        bar.ax.set_yticklabels(["0%", "1%", "10%", "25%", "50%", "100%"])
        bar.set_label(f"of that {word}'s recordings")
        for row, column in np.ndindex(*counts.shape):
            if counts[row, column]:
                share, count = 100 * shares[row, column], counts[row, column]
                text = f"{share:.1f}".removesuffix(".0") if normalised else f"{count}"
                colour = "white" if shares[row, column] > 0.25 else "black"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
        upright = longest <= 2
        axes.set_xticks(range(len(labels)), labels, rotation=0 if upright else 90)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel(f"heard ({word})")
        axes.set_ylabel(f"said ({word})")
        unit = f"% of each {word} said" if normalised else "recordings"
        axes.set_title(f"What was said and what was heard, {unit}")


def plot_training(path: Path, curves: Mapping[str, Sequence[float]]) -> None:
    """Draw the curves of training, a value an epoch, as ``<subset>_<quantity>`` or ``<quantity>``.

    One panel a quantity, one line a subset.
    """
    panels: dict[str, dict[str, Sequence[float]]] = {}
    for name, values in sorted(curves.items()):
        subset, _, quantity = name.partition("_") if name.startswith(SUBSETS) else ("", "", name)
        panels.setdefault(quantity, {})[subset] = values
    ordered = sorted(panels.items(), key=lambda panel: (panel[0] != "loss", panel[0]))
    with picture(path, 6.4, 2.1 * len(panels)) as figure:
        rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (quantity, lines) in zip(rows, ordered, strict=True):
            for subset, values in lines.items():
                # A subset looks the same in every panel.
                style = SERIES[SUBSETS.index(subset)] if subset else SERIES[3]
                epochs = np.arange(1, len(values) + 1)
                axes.plot(epochs, values, label=subset, markevery=-(-len(values) // 20), **style)
            axes.set_ylabel(_UNITS.get(quantity, quantity.replace("_", " ")))
            if any(lines):
                axes.legend()
        rows[-1].set_xlabel("epoch")
        rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        rows[0].set_title("Training")


_UNITS = {"loss": "loss (nats)", "accuracy": "accuracy (share)", "learning_rate": "learning rate"}


def plot_noise(path: Path, table: Sequence[Mapping[str, float]], clean: float, n: int) -> None:
    """Draw accuracy against signal-to-noise ratio; ``clean`` is the accuracy without noise."""
    noises = [key for key in table[0] if key != "snr_db"]
    with picture(path) as figure:
        axes = figure.add_subplot()
        axes.axhline(100 * clean, color=GREY, linewidth=1)
        snrs = [row["snr_db"] for row in table]
        axes.annotate(
            f"no noise {clean:.1%}", (max(snrs), 100 * clean), (0, 3), textcoords="offset points",
            fontsize=8, color="#444444",
        )  # fmt: skip
        for style, noise in zip(SERIES, noises, strict=False):
            correct = np.rint([row[noise] * n for row in table]).astype(int)
            bounds = np.array([metrics.wilson(int(count), n) for count in correct])
            shares = correct / n
            axes.errorbar(
                snrs, 100 * shares, 100 * np.abs(bounds - shares[:, None]).T, label=noise,
                capsize=3, elinewidth=1, **style,
            )  # fmt: skip
        axes.invert_xaxis()
        axes.set_xticks(snrs)
        axes.set_xlabel("speech above noise (dB); noisier to the right")
        axes.set_ylabel("accuracy (%)")
        axes.set_title(f"Accuracy in noise, {n} recordings, 95% intervals")
        axes.legend(title="noise", loc="lower left")


def plot_speakers(path: Path, speakers: Mapping[str, tuple[float, int]], most: int = 40) -> None:
    """Draw accuracy by speaker, (accuracy, n) each, the worst at the top, ``most`` at most."""
    worst_first = sorted(speakers.items(), key=lambda item: (item[1][0], -item[1][1], item[0]))
    shown = worst_first[:most]
    names = [name for name, _ in shown]
    shares = np.array([share for _, (share, _) in shown])
    counts = [n for _, (_, n) in shown]
    bounds = np.array(
        [metrics.wilson(round(share * n), n) for share, n in zip(shares, counts, strict=True)]
    )
    mean = float(np.mean([share for share, _ in speakers.values()]))
    with picture(path, 6.4, 1.3 + 0.22 * len(shown)) as figure:
        axes = figure.add_subplot()
        axes.grid(visible=False, axis="y")
        axes.barh(
            names, 100 * shares, xerr=100 * np.abs(bounds - shares[:, None]).T, color="#9CC3DD",
            edgecolor=BLUE, ecolor="black", capsize=2, error_kw={"elinewidth": 1},
        )  # fmt: skip
        axes.axvline(100 * mean, color=ORANGE, linestyle="--")
        lowest = 100 * float(bounds[:, 0].min())
        axes.set_xlim(max(0.0, 10 * np.floor(lowest / 10) - 5), 100.5)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.tick_params(axis="y", labelsize=8, length=0)
        axes.set_xlabel(f"accuracy (%), 95% intervals; dashed: their mean, {mean:.1%}")
        title = f"Accuracy of {len(speakers)} speakers"
        if len(shown) < len(speakers):
            title += f", the worst {len(shown)}"
        axes.set_title(title)


def plot_reliability(path: Path, table: Reliability, ece: float, word: str) -> None:
    """Draw accuracy against confidence in a ``word``, and how many predictions each bin holds."""
    with picture(path, 5.2, 5.2) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        edges = np.linspace(0, 1, len(table.n) + 1)
        centres, width = (edges[:-1] + edges[1:]) / 2, 1 / len(table.n)
        some = table.n > 0
        bounds = np.array(
            [
                metrics.wilson(round(share * n), n)
                for share, n in zip(table.accuracy[some], table.n[some], strict=True)
            ]
        )
        upper.plot([0, 100], [0, 100], color=GREY, linewidth=1, label="as sure as right")
        upper.errorbar(
            100 * table.confidence[some], 100 * table.accuracy[some],
            100 * np.abs(bounds - table.accuracy[some, None]).T, capsize=3, elinewidth=1,
            label="this model, 95% intervals", **SERIES[0],
        )  # fmt: skip
        upper.set_ylabel("accuracy (%)")
        upper.set_title(f"Is it as often right as it is sure? ECE {ece:.4f}")
        upper.legend(loc="lower right")
        upper.set_ylim(-2, 102)
        lower.bar(100 * centres, table.n, 100 * width, color="#9CC3DD", edgecolor=BLUE)
        lower.set_yscale("log")
        lower.set_ylim(bottom=0.7)
        lower.set_ylabel("recordings")
        lower.set_xlabel(f"confidence in the {word} heard (%)")
        lower.set_xlim(0, 100)


def plot_rejection(
    path: Path, curve: TradeOff, decided: Mapping[str, Any], auroc: float, word: str
) -> None:
    """Draw other words claimed against the vocabulary's words lost, shares, over the thresholds.

    The highest thresholds that lose 1, 2 and 5% are marked, and live.reject, of which ``decided``
    in evaluate.json says what it does. ``word`` is what one of the vocabulary's is called.
    """
    lost, claimed = 1 - decided["accuracy"], decided["claimed"]
    with picture(path, 5.6, 4.6) as figure:
        axes = figure.add_subplot()
        axes.plot(100 * curve.lost, 100 * curve.others_claimed, color=BLUE)
        for percent in LOST_PERCENT:
            place = metrics.highest_within(curve.lost, percent / 100)
            if place is not None:
                point = 100 * curve.lost[place], 100 * curve.others_claimed[place]
                axes.plot(*point, color=BLUE, clip_on=False, marker="s")
                axes.annotate(
                    f"{percent}% lost: {metrics.THRESHOLDS[place]:g}", point, (6, 2),
                    textcoords="offset points", fontsize=8,
                )  # fmt: skip
        axes.plot(100 * lost, 100 * claimed, marker="o", markersize=8, color=ORANGE, clip_on=False)
        axes.annotate(
            f"live.reject {decided['reject']:g}:\n{lost:.1%} of {word}s lost,\n"
            f"{claimed:.1%} of other words claimed", (100 * lost, 100 * claimed), (14, 14),
            textcoords="offset points", fontsize=9, backgroundcolor="white",
        )  # fmt: skip
        limit = 100 if max(lost, claimed) > 0.15 else 20  # a good model's curve lies in the corner
        axes.set_xlim(0, limit)
        axes.set_ylim(0, limit)
        axes.set_xlabel(f"{word}s lost: rejected, or mistaken (%)")
        axes.set_ylabel(f"other words claimed to be {word}s (%)")
        axes.set_title(f"Telling {word}s from other words, AUROC {auroc:.4f}")


def plot_nothing(path: Path, why: str) -> None:
    """Write a picture that says why there is nothing to draw."""
    with picture(path, 5.2, 1.2) as figure:
        figure.text(0.5, 0.5, why, ha="center", va="center")


def plot_mistakes(
    path: Path, mistakes: Sequence[Prediction], images: NDArray[np.uint8], columns: int = 5
) -> None:
    """Draw spectrograms, (n, 100, 100), with what was said and heard; a note if there are none."""
    rows = max(1, -(-len(mistakes) // columns))
    with picture(path, 7.6, 0.5 + 1.8 * rows) as figure:
        figure.suptitle(
            "Most confident mistakes (upwards: frequency; to the right: 1 s)"
            if mistakes
            else "No mistakes on the test set",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes in panels.flat:
            axes.axis("off")
        for axes, mistake, image in zip(panels.flat, mistakes, images, strict=False):
            _spectrogram(axes, mistake, image)


def _spectrogram(axes: Axes, mistake: Prediction, image: NDArray[np.uint8]) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    recording, share = mistake.recording, mistake.confidence
    axes.set_title(
        f"said {recording.label}, heard {mistake.predicted} ({share:.0%})\n"
        f"{recording.who if len(recording.who) < 25 else recording.who[:23] + '…'}",
        fontsize=7, fontweight="normal", loc="center",
    )  # fmt: skip
