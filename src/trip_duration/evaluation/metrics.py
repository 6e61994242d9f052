"""Metrics of point predictions, in minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

# presentations of the same trips that every report compares, and their columns of predictions
PRESENTATIONS = ("request", "request_with_distance", "baseline")
SPLITS = ("test", "validation", "train")


def score(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> dict[str, float]:
    """Score predictions.

    Args:
        actual: Durations, minutes, shape ``(n,)``.
        predicted: Predicted durations, minutes.

    Returns:
        ``mae``, ``rmse``, ``p90_abs_error`` and ``bias`` (predicted less actual) in minutes,
        ``mape`` and ``r2`` as shares, ``rmsle``, and the number of trips ``n``.
    """
    truth, guess = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    errors: Any = guess - truth
    return {
        "mae": float(metrics.mean_absolute_error(truth, guess)),
        "rmse": float(metrics.root_mean_squared_error(truth, guess)),
        "mape": float(metrics.mean_absolute_percentage_error(truth, guess)),
        "r2": float(metrics.r2_score(truth, guess)),
        "rmsle": float(metrics.root_mean_squared_log_error(truth, guess.clip(min=0))),
        "p90_abs_error": float(np.quantile(np.abs(errors), 0.9)),
        "bias": float(errors.mean()),
        "n": len(truth),
    }
