from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from trip_duration.evaluation.slices import SLICINGS, describe_trips, slice_errors
from trip_duration.evaluation.worst import choose_examples, rank_slices

ZONES = pd.DataFrame(
    {"zone": [1, 2], "name": ["Park", "Pier"], "borough": ["Bronx", "Queens"], "airport": False}
)


def _slices(**records: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {**{name: [] for name in SLICINGS}, **records}


def test_slices_are_ranked_by_the_minutes_that_they_lose() -> None:
    slices = _slices(
        weekday=[
            {"weekday": 0, "trips": 1000, "mae": 4.5},
            {"weekday": 1, "trips": 100, "mae": 14.0},
            {"weekday": 2, "trips": 9000, "mae": 3.9},
            {"weekday": 3, "trips": 99, "mae": 100.0},
        ],
        duration=[{"duration": "over 60", "trips": 5000, "mae": 40.0}],
    )
    ranked = rank_slices(slices, 4.0, 100, 10)
    assert [(r["slicing"], r["name"], r["lost"]) for r in ranked] == [
        ("weekday", "Tuesday", 1000.0),
        ("weekday", "Monday", 500.0),
    ]
    assert ranked[0]["excess"] == 10.0
    assert [record["name"] for record in rank_slices(slices, 4.0, 100, 1)] == ["Tuesday"]


@pytest.fixture
def trips() -> pd.DataFrame:
    # errors of 0, 1, ..., 10 minutes on a Monday, and one of 50 on a Tuesday
    errors = [*range(11), 50]
    frame = pd.DataFrame(
        {
            "pickup_datetime": pd.to_datetime(["2023-01-02 08:15"] * 11 + ["2023-01-03 08:15"]),
            "pickup_zone": 1,
            "dropoff_zone": 2,
            "trip_distance": [None, *[1.25] * 11],
            "duration_minutes": 60.0,
            "request": [60.0 - error for error in errors],
            "request_with_distance": 59.0,
            "baseline": 30.0,
            "request_lower": 10.0,
            "request_upper": 70.0,
        }
    )
    return describe_trips(frame, ZONES)


def test_examples_are_a_usual_a_bad_and_the_worst_trip_of_the_slice(trips: pd.DataFrame) -> None:
    monday, tuesday = slice_errors(trips, ("weekday",), 1)
    examples = choose_examples(trips, "weekday", monday)
    assert [(e["what"], e["request"]) for e in examples] == [
        ("half are off by less", 55.0),
        ("nine of ten are off by less", 51.0),
        ("the worst", 50.0),
    ]
    assert examples[0] == {
        "what": "half are off by less",
        "pickup_datetime": "2023-01-02 08:15",
        "from": "Park",
        "to": "Pier",
        "miles": 1.25,
        "minutes": 60.0,
        "request": 55.0,
        "request_with_distance": 59.0,
        "request_lower": 10.0,
        "request_upper": 70.0,
    }
    assert [e["request"] for e in choose_examples(trips, "weekday", tuesday)] == [10.0] * 3


def test_distance_that_is_not_known_is_none(trips: pd.DataFrame) -> None:
    unknown = {"distance": "unknown"}
    assert {e["miles"] for e in choose_examples(trips, "distance", unknown)} == {None}
