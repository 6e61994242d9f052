"""How evenly good predictions are over the boroughs in which trips begin.

A borough whose trips are longer has larger errors for that alone, so errors are also given as a
share of the mean duration.
"""

from __future__ import annotations

from typing import Any

from trip_duration.evaluation.slices import SUFFIXES

Json = dict[str, Any]


def compare_boroughs(boroughs: list[Json], min_trips: int) -> Json:
    """Compare errors and bias over boroughs.

    Args:
        boroughs: Slices by borough of the pickup.
        min_trips: Trips below which a borough is left out of the comparison.

    Returns:
        ``boroughs``, with ``relative`` and ``relative_with_distance`` (error as a share of the mean
        duration); the names of those ``left_out``; and ``disparity``: for ``mae``, ``relative`` and
        ``bias``, without and with distance, the ``best`` and ``worst`` borough with their
        ``value``, the ``gap`` between both and, but for the bias, their ``ratio``. The best bias is
        the one nearest to none; its gap is that of the lowest and the highest.
    """
    compared = [_add_shares(record) for record in boroughs if record["trips"] >= min_trips]
    left_out = [record["pickup_borough"] for record in boroughs if record["trips"] < min_trips]
    disparity = {
        f"{measure}{suffix}": _disparity(compared, f"{measure}{suffix}")
        for suffix in SUFFIXES.values()
        for measure in ("mae", "relative", "bias")
        if compared
    }
    return {
        "min_trips": min_trips,
        "boroughs": compared,
        "left_out": left_out,
        "disparity": disparity,
    }


def _add_shares(record: Json) -> Json:
    shares = {
        f"relative{suffix}": record[f"mae{suffix}"] / record["minutes"]
        for suffix in SUFFIXES.values()
    }
    return {**record, **shares}


def _disparity(boroughs: list[Json], measure: str) -> Json:
    ranked = sorted(boroughs, key=lambda record: abs(record[measure]))
    best, worst = ranked[0], ranked[-1]
    values = [record[measure] for record in boroughs]
    found = {
        "best": {"borough": best["pickup_borough"], "value": best[measure]},
        "worst": {"borough": worst["pickup_borough"], "value": worst[measure]},
        "gap": max(values) - min(values),
    }
    if not measure.startswith("bias") and best[measure]:
        found["ratio"] = worst[measure] / best[measure]
    return found
