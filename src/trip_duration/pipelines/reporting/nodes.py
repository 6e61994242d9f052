"""Nodes that say how good the predictions are."""

from __future__ import annotations

import logging

import pandas as pd

from trip_duration.evaluation.metrics import PRESENTATIONS, SPLITS, score

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
        rows = predictions[predictions["split"] == split]
        actual = rows["duration_minutes"]
        metrics[split] = {name: score(actual, rows[name]) for name in PRESENTATIONS}
    test = metrics["test"]
    log.info(
        "test MAE %.3f minutes without distance, %.3f with, %.3f by the lookup table",
        *(test[name]["mae"] for name in PRESENTATIONS),
    )
    return metrics
