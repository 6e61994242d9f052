"""Metrics of point predictions, in minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.float64]
# presentations of the same trips that every report compares, and their columns of predictions
PRESENTATIONS = ("request", "request_with_distance", "baseline")
SPLITS = ("test", "validation", "train")


def score(
    actual: npt.ArrayLike, predicted: npt.ArrayLike, bounds: npt.ArrayLike | None = None
) -> dict[str, float]:
    """Score predictions.

    Args:
        actual: Durations, minutes, shape ``(n,)``.
        predicted: Predicted durations, minutes.
        bounds: Lower and upper ends of the intervals, shape ``(2, n)``, where there are any.

    Returns:
        ``mae``, ``rmse``, ``p90_abs_error`` and ``bias`` (predicted less actual) in minutes,
        ``mape`` and ``r2`` as shares, ``rmsle``, and the number of trips ``n``. With bounds, also
        those of ``score_intervals``.
    """
    # it takes a second to import, which a command that measures nothing need not wait for
    from sklearn import metrics  # noqa: PLC0415

    truth, guess = np.asarray(actual, dtype=float), np.asarray(predicted, dtype=float)
    errors: Any = guess - truth
    block = {
        "mae": float(metrics.mean_absolute_error(truth, guess)),
        "rmse": float(metrics.root_mean_squared_error(truth, guess)),
        "mape": float(metrics.mean_absolute_percentage_error(truth, guess)),
        "r2": float(metrics.r2_score(truth, guess)),
        "rmsle": float(metrics.root_mean_squared_log_error(truth, guess.clip(min=0))),
        "p90_abs_error": float(np.quantile(np.abs(errors), 0.9)),
        "bias": float(errors.mean()),
        "n": len(truth),
    }
    known = bounds is not None and not np.isnan(np.asarray(bounds, dtype=float)).any()
    return block | (score_intervals(truth, guess, np.asarray(bounds, dtype=float)) if known else {})


def score_intervals(
    actual: Minutes, predicted: Minutes, bounds: npt.NDArray[np.float64]
) -> dict[str, float]:
    """Score intervals.

    Returns:
        ``coverage``, the share of trips that they hold; ``mean_width`` in minutes; and
        ``constant_width``, that of intervals of one width around the same predictions which would
        hold the same share.
    """
    lower, upper = bounds
    coverage = float(((lower <= actual) & (actual <= upper)).mean())
    return {
        "coverage": coverage,
        "mean_width": float((upper - lower).mean()),
        "constant_width": float(2 * np.quantile(np.abs(predicted - actual), coverage)),
    }
