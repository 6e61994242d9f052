"""Whether intervals keep their promise, over all trips and in every slice of trips enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from trip_duration.evaluation.slices import (
    SLICINGS,
    SUFFIXES,
    describe_trips,
    name_slice,
    slice_errors,
)

Json = dict[str, Any]
# slicings in whose slices intervals have to keep their promise, without and with a distance
PROMISED = ("hour_band", "borough_pair", "distance")
# how far the coverage over all may be off, how far that of a slice may fall below the promise, and
# the trips of a slice below which it says too little
TOLERANCE, SLACK, FEWEST = 0.015, 0.05, 2_000


def judge_coverage(test: Json, slices: dict[str, list[Json]], promise: float) -> Json:
    """Compare coverage with what was promised.

    Judged are the slices of ``PROMISED``. By the actual duration there is no promise: no interval
    that is given before the trip can hold the same share of trips that turn out long.

    Args:
        test: Metrics of the test trips by presentation.
        slices: Records by slicing.
        promise: Share of trips that intervals are calibrated to hold.

    Returns:
        ``drifted``: presentations whose coverage over all is off by more than ``TOLERANCE``;
        ``judged``: the number of slices and presentations with ``FEWEST`` trips; ``short``: those
        of them that fall below the promise by more than ``SLACK``, the shortest first, with
        ``slicing``, ``name``, ``presentation``, ``trips`` and ``coverage``.
    """
    drifted = [
        name
        for name in SUFFIXES
        if "coverage" in test[name] and abs(test[name]["coverage"] - promise) > TOLERANCE
    ]
    judged = [
        {
            "slicing": slicing,
            "name": name_slice(slicing, record),
            "presentation": name,
            "trips": record["trips"],
            "coverage": record[f"coverage{suffix}"],
        }
        for slicing in PROMISED
        for record in slices[slicing]
        for name, suffix in SUFFIXES.items()
        if record["trips"] >= FEWEST and f"coverage{suffix}" in record
    ]
    short = [record for record in judged if record["coverage"] < promise - SLACK]
    short.sort(key=lambda record: record["coverage"])
    return {"drifted": drifted, "judged": len(judged), "short": short}


def find_lowest_coverage(
    predicted: pd.DataFrame, zones: pd.DataFrame, min_trips: int = FEWEST
) -> dict[str, Json | None]:
    """Find the slice in which the fewest trips are held by their intervals.

    Args:
        predicted: Trips with predictions and intervals.
        zones: Boroughs of the zones.
        min_trips: Trips below which a slice says too little.

    Returns:
        By presentation the ``coverage``, the ``slice`` in words, and its ``trips``; None if no
        slice has trips enough.
    """
    described = describe_trips(predicted, zones)
    slices = [
        {**record, "slice": name_slice(slicing, record)}
        for slicing in PROMISED
        for record in slice_errors(described, SLICINGS[slicing], min_trips)
    ]
    return {name: _lowest(slices, f"coverage{suffix}") for name, suffix in SUFFIXES.items()}


def _lowest(slices: Sequence[Json], coverage: str) -> Json | None:
    lowest = min(slices, key=lambda record: record[coverage], default=None)
    if lowest is None:
        return None
    return {"slice": lowest["slice"], "coverage": lowest[coverage], "trips": lowest["trips"]}
