"""Calibrated intervals as a plain script makes them; nothing of this project is imported."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np

BELOW, TRIPS = (0.25, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5), 200
Bounds = Callable[[Any, Any], tuple[Any, Any]]


def learn(train: Any, later: Any, guess: Any, distance: int, job: dict[str, Any]) -> Bounds:
    """Quantile trees on log minutes, and shifts of both ends by kind of request and by band.

    Args:
        train: Features and minutes.
        later: Those that it is calibrated with.
        guess: Point estimates of the latter.
        distance: Column that is NaN for requests without a distance.
        job: Settings.
    """
    missed = 1 - job["coverage"]
    levels = (BELOW[0] * missed, 1 - missed + BELOW[0] * missed)
    models = [fit(train, later, level, job["quantiles"]) for level in levels]

    def ends(matrix: Any) -> Any:
        return np.sort([model.predict(matrix) for model in models], axis=0)

    kind, (low, high) = np.isnan(later[0][:, distance]), ends(later[0])
    share = job["coverage"] + job["drift_margin"]
    shifts = {}
    for side in (True, False):
        rows = np.flatnonzero(kind == side)
        bands = max(min(job["bands"], len(rows) // TRIPS), 1)
        edges = np.quantile(guess[rows], np.arange(1, bands) / bands)
        band = np.searchsorted(edges, guess[rows], side="right")
        groups = [rows[band == number] for number in range(bands)]
        actual = np.log(later[1])
        found = [shortest(low[g], high[g], actual[g], share) for g in groups]
        shifts[side] = edges, np.array(found)

    def bounds(matrix: Any, minutes: Any) -> tuple[Any, Any]:
        low, high = ends(matrix)
        kind = np.isnan(matrix[:, distance])
        for side, (edges, found) in shifts.items():
            rows = kind == side
            band = np.searchsorted(edges, minutes[rows], side="right")
            low[rows] += found[band, 0]
            high[rows] += found[band, 1]
        return np.minimum(np.exp(low), minutes), np.maximum(np.exp(high), minutes)

    return bounds


def fit(train: Any, later: Any, level: float, job: dict[str, Any]) -> lgb.Booster:
    settings = {**job["lightgbm"], "objective": "quantile", "metric": "quantile", "alpha": level}
    settings["verbosity"] = -1
    data = lgb.Dataset(train[0], np.log(train[1]), params=settings)
    watched = lgb.Dataset(later[0], np.log(later[1]), reference=data, params=settings)
    stop = lgb.early_stopping(job["early_stopping_rounds"], verbose=False)
    return lgb.train(settings, data, job["num_trees"], valid_sets=[watched], callbacks=[stop])


def shortest(low: Any, high: Any, actual: Any, share: float) -> tuple[float, float]:
    pairs = []
    for below in BELOW:
        if below * (1 - share) * len(actual) <= 1:
            continue
        down = -conformal(low - actual, below * (1 - share))
        up = conformal(actual - high, (1 - below) * (1 - share))
        pairs.append(((np.exp(high + up) - np.exp(low + down)).mean(), down, up))
    return min(pairs)[1:]


def conformal(scores: Any, missed: float) -> float:
    level = min(math.ceil((len(scores) + 1) * (1 - missed)) / len(scores), 1.0)
    return float(np.quantile(scores, level, method="lower"))
