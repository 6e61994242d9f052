"""Nodes that measure how good the predictions are, and tell it in words."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from trip_duration.evaluation.fairness import compare_boroughs
from trip_duration.evaluation.metrics import PRESENTATIONS, SPLITS
from trip_duration.evaluation.predictions import score_presentations
from trip_duration.evaluation.slices import SLICINGS, describe_trips, slice_errors
from trip_duration.evaluation.worst import choose_examples, rank_slices
from trip_duration.params import ReportingParams

log = logging.getLogger(__name__)
_WORST = 10


def compute_metrics(predictions: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """Score every split for requests without and with distance, beside the baseline.

    Args:
        predictions: Trips of all splits with their predicted minutes.

    Returns:
        Metrics by split and presentation.
    """
    metrics = {}
    for split in SPLITS:
        metrics[split] = score_presentations(predictions[predictions["split"] == split])
    test = metrics["test"]
    log.info(
        "test MAE %.3f minutes without distance, %.3f with, %.3f by the lookup table",
        *(test[name]["mae"] for name in PRESENTATIONS),
    )
    return metrics


def measure_slices(
    predictions: pd.DataFrame, zones: pd.DataFrame, params: ReportingParams
) -> dict[str, list[dict[str, Any]]]:
    """Measure errors and intervals on test trips by time, place and length of trip.

    Args:
        predictions: Trips of all splits with their predicted minutes.
        zones: Names and boroughs of the zones.
        params: Trips below which a slice is left out.

    Returns:
        Records of slices by the name of the slicing, as ``slice_errors`` gives them.
    """
    trips = describe_trips(predictions[predictions["split"] == "test"], zones)
    return {name: slice_errors(trips, by, params.min_slice) for name, by in SLICINGS.items()}


def find_worst_slices(
    predictions: pd.DataFrame,
    zones: pd.DataFrame,
    slices: dict[str, list[dict[str, Any]]],
    metrics: dict[str, dict[str, dict[str, float]]],
    params: ReportingParams,
) -> dict[str, Any]:
    """Find the ten slices in which most minutes are lost, with three trips of each.

    Args:
        predictions: Trips of all splits with their predicted minutes.
        zones: Names and boroughs of the zones.
        slices: What ``measure_slices`` returned.
        metrics: For the error over all test trips.
        params: Trips below which a slice is not ranked.

    Returns:
        ``slices``, as ``rank_slices`` gives them, each with its ``examples``; and ``min_trips``.
    """
    least, overall = params.worst_min_trips, metrics["test"]["request"]["mae"]
    worst = rank_slices(slices, overall, least, _WORST)
    trips = describe_trips(predictions[predictions["split"] == "test"], zones)
    shown = [
        {**record, "examples": choose_examples(trips, record["slicing"], record)}
        for record in worst
    ]
    return {"min_trips": least, "slices": shown}


def measure_fairness(
    slices: dict[str, list[dict[str, Any]]], params: ReportingParams
) -> dict[str, Any]:
    """Measure how far errors and bias differ over the boroughs in which trips begin.

    Args:
        slices: What ``measure_slices`` returned.
        params: Trips below which a borough is not compared.

    Returns:
        What ``compare_boroughs`` returns.
    """
    return compare_boroughs(slices["pickup_borough"], params.worst_min_trips)
