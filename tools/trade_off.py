"""The trade-off of rejection on corpora that were left out: by it live.reject is chosen.

A curve is what metrics/plots/rejection.json has, a point a threshold: which share of digits is
rejected, which is lost (rejected, or mistaken), and which share of other words is claimed.
"""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from spoken_digits.evaluation.metrics import highest_within

Curve = Sequence[dict[str, float | None]]

MOST = 0.02
"""Share of strangers' digits that may be lost, in the mean over corpora."""
COLUMNS = {"lost": "lost (rejected, or mistaken)", "rejected": "rejected"}


def mean(curves: Sequence[Curve]) -> Curve:
    """Return the mean of curves, point by point, each counted once.

    A share of other words is the mean over the corpora that have some; None if none has.
    """
    return [
        {column: _mean_of_known([point[column] for point in points]) for column in points[0]}
        for points in zip(*curves, strict=True)
    ]


def _mean_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.mean(known) if known else None


def highest_point(curve: Curve, column: str, most: float = MOST) -> dict[str, float | None] | None:
    """Return the point of the highest threshold at which a column is at most ``most``, or None."""
    place = highest_within(np.array([point[column] for point in curve], float), most)
    return None if place is None else curve[place]


def summary(curves: Sequence[Curve]) -> dict[str, Any]:
    """Return the mean curve, and its points at which MOST is lost, and rejected, at most."""
    curve = mean(curves)
    points = {
        f"{column}_at_most_{100 * MOST:g}": highest_point(curve, column) for column in COLUMNS
    }
    return {**points, "curve": curve}


def lines(curve: Curve) -> list[str]:
    """Say at which threshold MOST is lost, and rejected, at most."""
    said = []
    for column, meaning in COLUMNS.items():
        point = highest_point(curve, column)
        if point is None:
            what = f"no threshold, {curve[0][column]:.2%} are at 0"
        else:
            what = f"threshold {point['threshold']}"
            if point["others_claimed"] is not None:
                what += f", {point['others_claimed']:.2%} of other words claimed"
        said.append(f"at most {MOST:.0%} of digits {meaning}: {what}")
    return said
