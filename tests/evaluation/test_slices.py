from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trip_duration.evaluation.slices import (
    SLICINGS,
    describe_trips,
    name_slice,
    slice_errors,
    trips_of,
)

ZONES = pd.DataFrame(
    {
        "zone": [1, 2, 3],
        "name": ["Airport", "Park", "Square"],
        "borough": ["EWR", "Queens", "Queens"],
        "airport": [True, False, False],
    }
)
# a Sunday, a Monday
PREDICTIONS = pd.DataFrame(
    {
        "pickup_datetime": pd.to_datetime(
            ["2023-01-01 08:15", "2023-01-01 08:59", "2023-01-02 23:00", "2023-01-02 23:30"]
        ),
        "pickup_zone": [2, 3, 2, 1],
        "dropoff_zone": [1, 2, 3, 2],
        "duration_minutes": [5.0, 10.0, 20.0, 61.0],
        "request": [6.0, 13.0, 15.0, 31.0],
        "request_with_distance": [5.0, 11.0, 18.0, 51.0],
        "baseline": [10.0, 10.0, 10.0, 11.0],
        "trip_distance": [1.0, 1.5, np.nan, 20.0],
    }
)


@pytest.fixture
def trips() -> pd.DataFrame:
    return describe_trips(PREDICTIONS, ZONES)


def test_trips_get_the_columns_of_every_slicing(trips: pd.DataFrame) -> None:
    assert trips["weekday"].tolist() == [6, 6, 0, 0]
    assert trips["hour"].tolist() == [8, 8, 23, 23]
    assert trips["pickup_borough"].tolist() == ["Queens", "Queens", "Queens", "EWR"]
    assert trips["dropoff_borough"].tolist() == ["EWR", "Queens", "Queens", "Queens"]
    assert trips["pickup_name"].tolist() == ["Park", "Square", "Park", "Airport"]
    assert trips["dropoff_name"].tolist() == ["Airport", "Park", "Square", "Park"]
    assert trips["hour_band"].tolist() == ["08 to 12", "08 to 12", "20 to 24", "20 to 24"]
    airports = ["to an airport", "no airport", "no airport", "from an airport"]
    assert trips["airport"].tolist() == airports
    assert trips["distance"].tolist() == ["0 to 1", "1 to 2", "unknown", "over 12"]
    assert trips["duration"].tolist() == ["0 to 5", "5 to 10", "10 to 20", "over 60"]
    assert {name for by in SLICINGS.values() for name in by} <= set(trips.columns)


def test_describing_leaves_the_predictions_as_they_were() -> None:
    before = PREDICTIONS.copy()
    describe_trips(PREDICTIONS, ZONES)
    pd.testing.assert_frame_equal(PREDICTIONS, before)


def test_errors_of_a_slice_are_exact(trips: pd.DataFrame) -> None:
    sunday, monday = slice_errors(trips, ("hour",), 1)
    assert sunday == pytest.approx(
        {
            "hour": 8,
            "trips": 2,
            "mae": 2.0,
            "mae_with_distance": 0.5,
            "mae_baseline": 2.5,
            "bias": 2.0,
            "bias_with_distance": 0.5,
            "minutes": 7.5,
            "over_30": 0.0,
        }
    )
    assert (monday["mae"], monday["bias"], monday["mae_baseline"]) == (17.5, -17.5, 30.0)
    assert (monday["minutes"], monday["over_30"]) == (40.5, 0.5)


def test_intervals_of_a_slice_are_exact(trips: pd.DataFrame) -> None:
    with_ends = trips.assign(
        request_lower=[5.0, 10.5, 1.0, 30.0],
        request_upper=[7.0, 14.5, 30.0, 61.0],
        request_with_distance_lower=[1.0, 1.0, 1.0, 1.0],
        request_with_distance_upper=[3.0, 11.0, 41.0, 11.0],
    )
    sunday, monday = slice_errors(with_ends, ("hour",), 1)
    # an end belongs to its interval
    assert (sunday["coverage"], sunday["width"]) == (0.5, 3.0)
    assert (sunday["coverage_with_distance"], sunday["width_with_distance"]) == (0.5, 6.0)
    assert (monday["coverage"], monday["coverage_with_distance"]) == (1.0, 0.5)


def test_unknown_ends_leave_coverage_and_width_out(trips: pd.DataFrame) -> None:
    unknown = trips.assign(request_lower=np.nan, request_upper=np.nan)
    assert slice_errors(unknown, ("hour",), 1) == slice_errors(trips, ("hour",), 1)
    assert "coverage" not in slice_errors(unknown, ("hour",), 1)[0]


@pytest.mark.parametrize(
    ("slicing", "record", "words"),
    [
        ("weekday_hour", {"weekday": 4, "hour": 7}, "Friday 07:00"),
        ("weekday", {"weekday": 0}, "Monday"),
        ("hour_band", {"hour_band": "08 to 12"}, "08 to 12 o'clock"),
        ("borough_pair", {"pickup_borough": "Bronx", "dropoff_borough": "EWR"}, "Bronx to EWR"),
        ("pickup_zone", {"pickup_name": "Park"}, "picked up in Park"),
        ("distance", {"distance": "over 12"}, "over 12 miles"),
        ("distance", {"distance": "unknown"}, "distance unknown"),
    ],
)
def test_slices_have_names(slicing: str, record: dict[str, Any], words: str) -> None:
    assert name_slice(slicing, record) == words


def test_every_slicing_names_its_slices_and_finds_their_trips(trips: pd.DataFrame) -> None:
    for slicing, by in SLICINGS.items():
        for record in slice_errors(trips, by, 1):
            assert name_slice(slicing, record)
            assert len(trips_of(trips, slicing, record)) == record["trips"]


def test_slices_of_two_columns_come_in_their_order(trips: pd.DataFrame) -> None:
    slices = slice_errors(trips, SLICINGS["borough_pair"], 1)
    pairs = [(s["pickup_borough"], s["dropoff_borough"], s["trips"]) for s in slices]
    assert pairs == [("EWR", "Queens", 1), ("Queens", "EWR", 1), ("Queens", "Queens", 2)]


def test_slice_with_too_few_trips_is_left_out(trips: pd.DataFrame) -> None:
    assert [s["pickup_zone"] for s in slice_errors(trips, SLICINGS["pickup_zone"], 2)] == [2]
    assert slice_errors(trips, ("hour",), 3) == []


def test_classes_of_duration_keep_their_order(trips: pd.DataFrame) -> None:
    slices = slice_errors(trips, SLICINGS["duration"], 1)
    assert [s["duration"] for s in slices] == ["0 to 5", "5 to 10", "10 to 20", "over 60"]
