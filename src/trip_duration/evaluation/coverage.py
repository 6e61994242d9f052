"""Whether intervals keep their promise, over all trips and in every slice of trips enough."""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.slices import BEFOREHAND, SUFFIXES, name_slice

Json = dict[str, Any]
# how far the coverage over all may be off, how far that of a slice may fall below the promise, and
# the trips of a slice below which it says too little
TOLERANCE, SLACK, FEWEST = 0.015, 0.05, 2_000


def judge_coverage(test: Json, slices: dict[str, list[Json]], promise: float) -> Json:
    """Compare coverage with what was promised.

    Slices by the actual duration are not judged: no interval that is given before the trip can hold
    the same share of trips that turn out long.

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
        for slicing in BEFOREHAND
        for record in slices[slicing]
        for name, suffix in SUFFIXES.items()
        if record["trips"] >= FEWEST and f"coverage{suffix}" in record
    ]
    short = [record for record in judged if record["coverage"] < promise - SLACK]
    short.sort(key=lambda record: record["coverage"])
    return {"drifted": drifted, "judged": len(judged), "short": short}
