"""Nodes that calibrate the intervals of a predictor anew, on a month that is new to it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.metrics import PRESENTATIONS
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.splits import read_months
from trip_duration.models import Predictor
from trip_duration.models.training import recalibrate
from trip_duration.months import MonthPart, month_bounds
from trip_duration.params import ModellingParams, RecalibrationParams

log = logging.getLogger(__name__)


def read_newest_trips(
    trips: dict[str, MonthPart], passed_months: list[str], params: RecalibrationParams
) -> pd.DataFrame:
    """Read the trips to calibrate on.

    Args:
        trips: Processed months.
        passed_months: Months that passed the gate.
        params: The month; by default the newest that was processed.

    Raises:
        DataError: If the month was not processed or did not pass, or if none has.
    """
    newest = tuple(sorted(set(passed_months) & set(trips))[-1:])
    if not newest:
        raise DataError(
            "no month was processed: run the pipelines ingestion and data_processing for one."
        )
    return read_months(trips, passed_months, params.month or newest)


def recalibrate_intervals(
    predictor: Predictor, recalibration_trips: pd.DataFrame, params: ModellingParams
) -> Predictor:
    """Calibrate anew; point estimates stay as they are.

    Args:
        predictor: The predictor.
        recalibration_trips: Trips that it has not learnt from.
        params: Coverage, its margin, and number of bands.

    Raises:
        DataError: If it has learnt from months that do not end before these trips.
    """
    pickups = recalibration_trips["pickup_datetime"]
    last = max(predictor.facts["train_months"])
    if pickups.min() < month_bounds(last)[1]:
        raise DataError(
            f"the predictor has learnt from trips up to {last}: to calibrate on trips from "
            f"{pickups.min():%Y-%m-%d} on would promise too much. Ingest and process a later "
            "month, or name one as recalibration.month."
        )
    days = pickups.agg(["min", "max"]).dt.strftime("%Y-%m-%d")
    facts = {**predictor.facts, "calibrated_on": days.tolist()}
    return replace(recalibrate(predictor, recalibration_trips, params), facts=facts)


def compare_coverage(
    predictor: Predictor,
    recalibrated_predictor: Predictor,
    baseline: Predictor,
    recalibration_trips: pd.DataFrame,
) -> dict[str, Any]:
    """Say how many of the trips the intervals have held, and how many they hold now.

    Args:
        predictor: The predictor as it was.
        recalibrated_predictor: The same with new intervals.
        baseline: The lookup table.
        recalibration_trips: The trips; to the former they are new.

    Returns:
        Days, number of trips, and coverage and width before and after, by presentation.
    """
    before, after = (
        score_presentations(predict_trips(recalibration_trips, one, baseline))
        for one in (predictor, recalibrated_predictor)
    )
    held = {
        name: {
            when: {key: block[name][key] for key in ("coverage", "mean_width")}
            for when, block in (("before", before), ("after", after))
        }
        for name in PRESENTATIONS
        if "coverage" in before[name]
    }
    for name, found in held.items():
        then, now = (100 * found[when]["coverage"] for when in ("before", "after"))
        log.info("%s: intervals held %.1f %% of the trips, now %.1f %%", name, then, now)
    days = recalibrated_predictor.facts["calibrated_on"]
    return {"days": days, "trips": len(recalibration_trips), "intervals": held}
