"""Errors and intervals by part of the city, time, and length of trip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

# what each slicing groups by; the names are columns of ``describe_trips``
SLICINGS: dict[str, tuple[str, ...]] = {
    "weekday_hour": ("weekday", "hour"),
    "weekday": ("weekday",),
    "hour": ("hour",),
    "hour_band": ("hour_band",),
    "borough_pair": ("pickup_borough", "dropoff_borough"),
    "pickup_borough": ("pickup_borough",),
    "pickup_zone": ("pickup_zone", "pickup_name", "pickup_borough"),
    "airport": ("airport",),
    "distance": ("distance",),
    "duration": ("duration",),
}
# those of them that a caller could tell before the trip
BEFOREHAND = tuple(name for name in SLICINGS if name != "duration")
_WORDS = {
    "weekday_hour": "{day} {hour:02}:00",
    "weekday": "{day}",
    "hour": "{hour:02}:00",
    "hour_band": "{hour_band} o'clock",
    "borough_pair": "{pickup_borough} to {dropoff_borough}",
    "pickup_borough": "picked up in {pickup_borough}",
    "pickup_zone": "picked up in {pickup_name}",
    "airport": "{airport}",
    "distance": "{distance} miles",
    "duration": "{duration} minutes",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# minutes, and miles by the meter, at which a longer class of trips begins
DURATION_EDGES = (0, 5, 10, 20, 30, 60)
DISTANCE_EDGES = (0, 1, 2, 3, 5, 8, 12)
UNKNOWN = "unknown"
_BAND = 4
_LONG = 30
# presentations that have intervals, and what the names of their measures end with
SUFFIXES = {"request": "", "request_with_distance": "_with_distance"}
# the same in words
LABELS = {"request": "without distance", "request_with_distance": "with distance"}


def describe_trips(predictions: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Give trips the columns by which they are sliced.

    Args:
        predictions: Trips with their predicted minutes.
        zones: Names, boroughs and airports of the zones.

    Returns:
        The trips with ``weekday`` (Monday is 0), ``hour``, ``hour_band`` of four hours, boroughs
        of both ends, the names of both zones, whether an ``airport`` is an end, and the classes of
        the metered ``distance`` and of the actual ``duration``.
    """
    known = zones.set_index("zone")
    clock = predictions["pickup_datetime"].dt
    start, end = predictions["pickup_zone"], predictions["dropoff_zone"]
    distance = _classify(predictions["trip_distance"], DISTANCE_EDGES)
    return predictions.assign(
        weekday=clock.weekday,
        hour=clock.hour,
        hour_band=[f"{hour:02} to {hour + _BAND:02}" for hour in clock.hour // _BAND * _BAND],
        pickup_borough=start.map(known["borough"]),
        dropoff_borough=end.map(known["borough"]),
        pickup_name=start.map(known["name"]),
        dropoff_name=end.map(known["name"]),
        airport=_name_airport(*(ids.map(known["airport"]).eq(True) for ids in (start, end))),
        distance=distance.cat.add_categories(UNKNOWN).fillna(UNKNOWN),
        duration=_classify(predictions["duration_minutes"], DURATION_EDGES),
    )


def _name_airport(starts: pd.Series[bool], ends: pd.Series[bool]) -> Any:
    return np.select([starts, ends], ["from an airport", "to an airport"], "no airport")


def _classify(values: pd.Series[float], edges: Sequence[int]) -> pd.Series[Any]:
    labels = [f"{low} to {high}" for low, high in pairwise(edges)]
    labels.append(f"over {edges[-1]}")
    return pd.cut(values, [*edges, np.inf], labels=labels, include_lowest=True)


def slice_errors(trips: pd.DataFrame, by: Sequence[str], min_trips: int) -> list[dict[str, Any]]:
    """Measure the errors and intervals of each slice.

    Args:
        trips: Trips with the columns to slice by and the predictions of every presentation.
        by: Columns that make up a slice.
        min_trips: Trips below which a slice says too little to be given.

    Returns:
        A record for each slice, in the order of its columns: these, the number of ``trips``, and
        the means of what ``measure_trips`` measures.
    """
    measured = measure_trips(trips)
    groups = measured.groupby([trips[name] for name in by], observed=True)
    means = groups.mean()
    means.insert(0, "trips", groups.size())
    records = means[means["trips"] >= min_trips].reset_index().to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def measure_trips(trips: pd.DataFrame) -> pd.DataFrame:
    """Measure each trip, so that means over trips are the measures of a slice.

    Args:
        trips: Trips with the predictions of every presentation.

    Returns:
        For requests without distance ``mae`` (absolute error, minutes) and ``bias`` (predicted less
        actual); where there are intervals ``coverage`` (whether they hold the duration) and
        ``width``. The same for requests with distance, their names ending in ``_with_distance``.
        Then ``mae_baseline``, the actual ``minutes``, and ``over_30``, whether they are more than
        30.
    """
    actual = trips["duration_minutes"]
    columns: dict[str, pd.Series[float]] = {}
    for name, suffix in SUFFIXES.items():
        columns[f"mae{suffix}"] = (trips[name] - actual).abs()
        columns[f"bias{suffix}"] = trips[name] - actual
        columns |= {f"{key}{suffix}": held for key, held in _measure_ends(trips, name).items()}
    columns["mae_baseline"] = (trips["baseline"] - actual).abs()
    return pd.DataFrame(
        {**columns, "minutes": actual, "over_30": (actual > _LONG).astype(np.float64)}
    )


def _measure_ends(trips: pd.DataFrame, name: str) -> dict[str, pd.Series[float]]:
    ends = [f"{name}_lower", f"{name}_upper"]
    if not set(ends) <= set(trips.columns) or trips[ends].isna().any(axis=None):
        return {}
    lower, upper = (trips[end] for end in ends)
    held = trips["duration_minutes"].between(lower, upper)
    return {"coverage": held.astype(np.float64), "width": upper - lower}


def name_slice(slicing: str, record: dict[str, Any]) -> str:
    """Return a slice's name in words.

    Args:
        slicing: Name of the slicing, of ``SLICINGS``.
        record: The slice's record.
    """
    day = DAYS[record["weekday"]] if "weekday" in record else ""
    words = _WORDS[slicing].format(**{**record, "day": day})
    return words.replace(f"{UNKNOWN} miles", "distance unknown")


def trips_of(trips: pd.DataFrame, slicing: str, record: dict[str, Any]) -> pd.DataFrame:
    """Return the trips of a slice, from those of all."""
    alike = [trips[column] == record[column] for column in SLICINGS[slicing]]
    return trips[np.logical_and.reduce(alike)]
