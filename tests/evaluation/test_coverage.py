from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.features.small_city import zones
from trip_duration.evaluation.coverage import find_lowest_coverage, judge_coverage
from trip_duration.evaluation.slices import SLICINGS

__all__ = ["zones"]


def _test(without: float, known: float) -> dict[str, Any]:
    return {"request": {"coverage": without}, "request_with_distance": {"coverage": known}}


def _slice(trips: int, without: float, known: float, **keys: Any) -> dict[str, Any]:
    return {**keys, "trips": trips, "coverage": without, "coverage_with_distance": known}


SLICES: dict[str, list[dict[str, Any]]] = {
    **{name: [] for name in SLICINGS},
    "distance": [_slice(2000, 0.86, 0.84, distance="0 to 1"), _slice(1999, 0.1, 0.1, distance="x")],
    "hour_band": [_slice(5000, 0.8, 0.85, hour_band="04 to 08")],
    "weekday": [_slice(9000, 0.2, 0.2, weekday=0)],
    "duration": [_slice(9000, 0.2, 0.2, duration="over 60")],
}


def test_slices_with_trips_enough_that_hold_too_few_are_named_the_shortest_first() -> None:
    judged = judge_coverage(_test(0.9, 0.9), SLICES, 0.9)
    assert judged["judged"] == 4
    assert [(r["name"], r["presentation"], r["coverage"], r["trips"]) for r in judged["short"]] == [
        ("04 to 08 o'clock", "request", 0.8, 5000),
        ("0 to 1 miles", "request_with_distance", 0.84, 2000),
    ]


def test_coverage_over_all_may_be_off_by_little() -> None:
    assert judge_coverage(_test(0.886, 0.914), SLICES, 0.9)["drifted"] == []
    assert judge_coverage(_test(0.884, 0.916), SLICES, 0.9)["drifted"] == [
        "request",
        "request_with_distance",
    ]


def test_predictor_without_intervals_breaks_no_promise() -> None:
    bare = {"request": {"mae": 3.0}, "request_with_distance": {"mae": 2.0}}
    judged = judge_coverage(bare, {name: [] for name in SLICINGS}, 0.9)
    assert judged == {"drifted": [], "judged": 0, "short": []}


def test_the_lowest_coverage_names_its_slice(zones: pd.DataFrame) -> None:
    minutes = [10.0, 10.0, 10.0, 10.0]
    predicted = pd.DataFrame(
        {
            "pickup_datetime": pd.to_datetime(["2023-01-02 01:00"] * 2 + ["2023-01-02 09:00"] * 2),
            "pickup_zone": [1, 2, 1, 2],
            "dropoff_zone": [5, 5, 1, 1],
            "trip_distance": [2.5, 2.5, 0.5, np.nan],
            "duration_minutes": minutes,
            "baseline": minutes,
            **{name: minutes for name in ("request", "request_with_distance")},
            "request_lower": [12.0, 12.0, 5.0, 5.0],
            "request_upper": [15.0] * 4,
            "request_with_distance_lower": [5.0, 12.0, 5.0, 5.0],
            "request_with_distance_upper": [15.0] * 4,
        }
    )
    found = find_lowest_coverage(predicted, zones, min_trips=2)
    assert found["request"] == {"slice": "00 to 04 o'clock", "coverage": 0.0, "trips": 2}
    assert (found["request_with_distance"] or {})["coverage"] == 0.5
    assert find_lowest_coverage(predicted, zones, min_trips=5) == {
        "request": None,
        "request_with_distance": None,
    }
