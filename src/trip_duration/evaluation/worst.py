"""The slices in which most minutes are lost, with trips to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.slices import BEFOREHAND, name_slice, trips_of
from trip_duration.models.intervals import ENDS

Slices = dict[str, list[dict[str, Any]]]
# what an example is typical of, and the share of the slice's trips that are off by less
_EXAMPLES = {"half are off by less": 0.5, "nine of ten are off by less": 0.9, "the worst": 1.0}


def rank_slices(slices: Slices, overall: float, min_trips: int, count: int) -> list[dict[str, Any]]:
    """Rank slices by the minutes of error that they have beyond the mean of all trips.

    That is trips times the excess of their mean absolute error: a large error on few trips and a
    smaller one on many weigh the same. Slices by the actual duration are left out, because they
    sort trips by their luck.

    Args:
        slices: Records by slicing.
        overall: Mean absolute error of all test trips, without distance.
        min_trips: Trips that a slice must have.
        count: Slices that are returned.

    Returns:
        Records with their ``slicing``, their ``name`` in words, the ``excess`` of the error in
        minutes, and the minutes ``lost`` by it; the most first.
    """
    ranked = [
        {
            "slicing": slicing,
            "name": name_slice(slicing, record),
            **record,
            "excess": record["mae"] - overall,
            "lost": record["trips"] * (record["mae"] - overall),
        }
        for slicing in BEFOREHAND
        for record in slices[slicing]
        if record["trips"] >= min_trips and record["mae"] > overall
    ]
    return sorted(ranked, key=lambda record: -record["lost"])[:count]


def choose_examples(trips: pd.DataFrame, slicing: str, record: dict[str, Any]) -> list[Any]:
    """Choose trips of a slice: off by as much as half of them, as nine of ten, and the worst.

    Args:
        trips: Described trips with their predictions.
        slicing: Name of the slicing.
        record: The slice.

    Returns:
        A record for each: when, from and to where, miles (none if not known), minutes that it took,
        and what was predicted, without and with distance.
    """
    inside = trips_of(trips, slicing, record)
    order = (inside["request"] - inside["duration_minutes"]).abs().to_numpy().argsort(kind="stable")
    places = {what: round(share * (len(order) - 1)) for what, share in _EXAMPLES.items()}
    return [
        {"what": what, **_describe(inside.iloc[order[place]])} for what, place in places.items()
    ]


def _describe(trip: pd.Series[Any]) -> dict[str, Any]:
    predicted = ("request", "request_with_distance")
    ends = [f"{name}_{end}" for name in predicted for end in ENDS]
    numbers = [name for name in (*predicted, *ends) if name in trip and not np.isnan(trip[name])]
    miles = float(trip["trip_distance"])
    return {
        "pickup_datetime": f"{trip['pickup_datetime']:%Y-%m-%d %H:%M}",
        "from": trip["pickup_name"],
        "to": trip["dropoff_name"],
        "miles": None if np.isnan(miles) else miles,
        "minutes": float(trip["duration_minutes"]),
        **{name: float(trip[name]) for name in numbers},
    }
