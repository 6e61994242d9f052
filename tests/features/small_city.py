"""A small city of four zones and a fitted transformer, for the rooms features and models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trip_duration.features import FeatureTransformer

FEET = 5280.0


def make_zones() -> pd.DataFrame:
    """Four zones a mile apart on a line to the east; the last is an airport."""
    return pd.DataFrame(
        {
            "zone": np.array([1, 2, 5, 7], dtype=np.int16),
            "name": ["Alder", "Birch", "Cedar", "Field"],
            "borough": ["Manhattan", "Manhattan", "Queens", "Queens"],
            "airport": [False, False, False, True],
            "x": np.array([0.0, 1.0, 2.0, 3.0]) * FEET,
            "y": np.array([0.0, 0.0, 0.0, 0.0]),
            "longitude": [-74.0, -73.9, -73.8, -73.7],
            "latitude": [40.7, 40.7, 40.7, 40.7],
            "area": [0.5, 0.5, 1.0, 4.0],
        }
    )


@pytest.fixture
def zones() -> pd.DataFrame:
    """The four zones."""
    return make_zones()


def make_trips(rows: int, seed: int = 0, first_day: str = "2023-01-02") -> pd.DataFrame:
    """Draw trips whose duration follows the distance between their zones."""
    random = np.random.default_rng(seed)
    ids = np.array([1, 2, 5])
    place = {1: 0.0, 2: 1.0, 5: 2.0, 7: 3.0}
    pickup, dropoff = random.choice(ids, rows), random.choice(ids, rows)
    seconds = np.sort(random.integers(0, 14 * 86_400, rows))
    length = np.array(
        [abs(place[a] - place[b]) + 0.5 for a, b in zip(pickup, dropoff, strict=True)]
    )
    miles = length * random.uniform(1.0, 1.6, rows)
    times = pd.Timestamp(first_day) + pd.to_timedelta(seconds, "s")
    return pd.DataFrame(
        {
            "pickup_datetime": times.as_unit("us"),
            "pickup_zone": pickup.astype(np.int16),
            "dropoff_zone": dropoff.astype(np.int16),
            "route_distance": miles,
            "duration_minutes": miles * 5 + random.exponential(2, rows) + 1,
        }
    )


@pytest.fixture
def trips() -> pd.DataFrame:
    """Four hundred trips in two weeks."""
    return make_trips(400)


@pytest.fixture
def fitted(zones: pd.DataFrame, trips: pd.DataFrame) -> FeatureTransformer:
    """A transformer fitted on the trips."""
    return FeatureTransformer(zones).fit(trips, trips["duration_minutes"])
