"""Requests are read alike from frames and arrays, and what cannot be read is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trip_duration.errors import DataError
from trip_duration.features import as_requests

COLUMNS = {
    "pickup_datetime": ["2023-04-12T08:30:00", "2023-04-12T09:00:00"],
    "pickup_zone": [74, 75],
    "dropoff_zone": [236, 74],
    "route_distance": [2.1, None],
}


def test_frames_and_arrays_give_the_same_requests() -> None:
    frame = pd.DataFrame(COLUMNS).astype({"pickup_datetime": "datetime64[us]"})
    arrays = {
        "pickup_datetime": np.array(COLUMNS["pickup_datetime"], dtype="datetime64[us]"),
        "pickup_zone": np.array([74, 75]),
        "dropoff_zone": np.array([236, 74]),
        "route_distance": np.array([2.1, np.nan]),
    }
    for given in (frame, arrays, COLUMNS):
        requests = as_requests(given)
        assert requests.pickup_datetime.tolist() == arrays["pickup_datetime"].tolist()
        assert requests.pickup_zone.tolist() == [74, 75]
        assert requests.dropoff_zone.tolist() == [236, 74]
        np.testing.assert_array_equal(requests.route_distance, [2.1, np.nan])


def test_times_with_a_zone_become_those_of_new_york() -> None:
    times = pd.to_datetime(["2023-04-12T12:30:00Z", "2023-12-01T12:30:00Z"])
    requests = as_requests({**COLUMNS, "pickup_datetime": times})
    assert requests.pickup_datetime.astype(str).tolist() == [
        "2023-04-12T08:30:00.000000",
        "2023-12-01T07:30:00.000000",
    ]


def test_a_distance_need_not_be_given() -> None:
    requests = as_requests({k: v for k, v in COLUMNS.items() if k != "route_distance"})
    assert np.isnan(requests.route_distance).all()


def test_zone_ids_that_are_missing_are_no_known_zone() -> None:
    frame = pd.DataFrame({**COLUMNS, "pickup_zone": pd.array([None, 75], dtype="Int64")})
    frame["dropoff_zone"] = [np.nan, np.inf]
    requests = as_requests(frame)
    assert requests.pickup_zone.tolist() == [0, 75]
    assert requests.dropoff_zone.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("column", "value", "word"),
    [
        ("pickup_datetime", ["soon", "later"], "pickup_datetime"),
        ("pickup_zone", ["A", "B"], "pickup_zone"),
        ("route_distance", ["far", "near"], "route_distance"),
        ("dropoff_zone", [1], "length"),
    ],
)
def test_what_cannot_be_read_is_named(column: str, value: list[object], word: str) -> None:
    with pytest.raises(DataError, match=word):
        as_requests({**COLUMNS, column: value})


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="dropoff_zone"):
        as_requests({"pickup_datetime": [], "pickup_zone": []})
