"""Nodes that measure how good the predictions are, and tell it in words."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from trip_duration.evaluation.metrics import PRESENTATIONS, SPLITS
from trip_duration.evaluation.predictions import score_presentations
from trip_duration.evaluation.slices import SLICINGS, describe_trips, slice_errors
from trip_duration.params import ReportingParams

log = logging.getLogger(__name__)


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
    """Measure the errors on test trips by time, place and length of trip.

    Args:
        predictions: Trips of all splits with their predicted minutes.
        zones: Names and boroughs of the zones.
        params: Trips below which a slice is left out.

    Returns:
        Records of slices by the name of the slicing, as ``slice_errors`` gives them.
    """
    trips = describe_trips(predictions[predictions["split"] == "test"], zones)
    return {name: slice_errors(trips, by, params.min_slice) for name, by in SLICINGS.items()}
