from __future__ import annotations

import numpy as np
import pytest

from trip_duration.evaluation.metrics import score


def test_score_of_three_trips_is_exact() -> None:
    scores = score([10.0, 20.0, 30.0], [12.0, 20.0, 24.0])
    logs = np.log([13 / 11, 1.0, 25 / 31])
    assert scores == pytest.approx(
        {
            "mae": 8 / 3,
            "rmse": np.sqrt(40 / 3),
            "mape": (0.2 + 0.0 + 0.2) / 3,
            "r2": 1 - 40 / 200,
            "rmsle": np.sqrt((logs**2).mean()),
            "p90_abs_error": 5.2,
            "bias": -4 / 3,
            "n": 3,
        }
    )


def test_score_takes_a_prediction_below_zero_as_zero_in_the_logarithm() -> None:
    assert score([1.0, 3.0], [-5.0, 3.0])["rmsle"] == pytest.approx(np.sqrt(np.log(2) ** 2 / 2))


def test_perfect_predictions_have_no_error() -> None:
    scores = score([5.0, 7.0], [5.0, 7.0])
    assert [scores[name] for name in ("mae", "rmse", "bias", "r2")] == [0, 0, 0, 1]


def test_intervals_are_scored_exactly() -> None:
    bounds = [[9.0, 19.0, 30.0, 10.0], [11.0, 21.0, 34.0, 30.0]]
    scores = score([10.0, 20.0, 29.0, 10.0], [10.0, 20.0, 32.0, 18.0], bounds)
    # the third trip is missed, and an end belongs to its interval
    assert (scores["coverage"], scores["mean_width"]) == (0.75, 7.0)
    # errors of 0, 0, 3 and 8: three quarters lie within 4.25
    assert scores["constant_width"] == 8.5


def test_unknown_ends_are_not_scored() -> None:
    assert "coverage" not in score([5.0, 7.0], [5.0, 7.0], [[np.nan] * 2, [np.nan] * 2])
    assert "coverage" not in score([5.0, 7.0], [5.0, 7.0])
