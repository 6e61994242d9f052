"""Errors by part of the city, time and length of trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.metrics import PRESENTATIONS

# what each slicing groups by; the names are columns of ``describe_trips``
SLICINGS: dict[str, tuple[str, ...]] = {
    "weekday_hour": ("weekday", "hour"),
    "hour": ("hour",),
    "borough_pair": ("pickup_borough", "dropoff_borough"),
    "pickup_borough": ("pickup_borough",),
    "pickup_zone": ("pickup_zone", "pickup_name", "pickup_borough"),
    "duration": ("duration",),
}
# minutes at which a longer class of trips begins
DURATION_EDGES = (0, 5, 10, 20, 30, 60)


def describe_trips(predictions: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Give trips the columns by which they are sliced.

    Args:
        predictions: Trips with their predicted minutes.
        zones: Names and boroughs of the zones.

    Returns:
        The trips with ``weekday`` (Monday is 0), ``hour``, boroughs of both ends, the name of the
        pickup zone, and the class of the actual ``duration``.
    """
    known = zones.set_index("zone")
    clock = predictions["pickup_datetime"].dt
    return predictions.assign(
        weekday=clock.weekday,
        hour=clock.hour,
        pickup_borough=predictions["pickup_zone"].map(known["borough"]),
        dropoff_borough=predictions["dropoff_zone"].map(known["borough"]),
        pickup_name=predictions["pickup_zone"].map(known["name"]),
        duration=_classify(predictions["duration_minutes"]),
    )


def _classify(minutes: pd.Series[float]) -> pd.Series[Any]:
    upper = [*DURATION_EDGES[1:], np.inf]
    labels = [f"{low} to {high}" for low, high in zip(DURATION_EDGES, upper[:-1], strict=False)]
    labels.append(f"over {DURATION_EDGES[-1]}")
    return pd.cut(minutes, [*DURATION_EDGES, np.inf], labels=labels)


def slice_errors(trips: pd.DataFrame, by: Sequence[str], min_trips: int) -> list[dict[str, Any]]:
    """Measure the errors of each slice.

    Args:
        trips: Trips with the columns to slice by and the predictions of every presentation.
        by: Columns that make up a slice.
        min_trips: Trips below which a slice says too little to be given.

    Returns:
        A record for each slice, in the order of its columns: these, ``trips``, mean absolute error
        in minutes as ``mae`` (request without distance), ``mae_with_distance`` and
        ``mae_baseline``, and ``bias`` (predicted less actual, without distance).
    """
    errors = trips[list(PRESENTATIONS)].sub(trips["duration_minutes"], axis=0)
    measured = errors.abs().set_axis(["mae", "mae_with_distance", "mae_baseline"], axis=1)
    measured["bias"] = errors["request"]
    groups = measured.groupby([trips[name] for name in by], observed=True)
    means = groups.mean()
    means.insert(0, "trips", groups.size())
    records = means[means["trips"] >= min_trips].reset_index().to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]
