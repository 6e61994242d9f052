"""Nodes that calibrate the intervals of a predictor anew, on a month that is new to it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.behaviour import report_behaviour
from trip_duration.evaluation.metrics import PRESENTATIONS
from trip_duration.evaluation.origin import records_of, require_origin
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.splits import read_months
from trip_duration.models import Predictor
from trip_duration.models.training import recalibrate, train_lookup
from trip_duration.months import MonthPart, month_bounds
from trip_duration.params import BehaviourParams, ModellingParams, RecalibrationParams

log = logging.getLogger(__name__)
Record = dict[str, Any]


def read_newest_trips(
    trips: dict[str, MonthPart], passed_months: list[str], params: RecalibrationParams
) -> tuple[pd.DataFrame, Record]:
    """Read the trips to calibrate on.

    Args:
        trips: Processed months.
        passed_months: Months that passed the gate.
        params: The month; by default the newest that was processed.

    Returns:
        The trips, and where they come from: ``month``, ``service``, ``source``, and ``file`` and
        ``sha256`` of the raw month.

    Raises:
        DataError: If the month was not processed or did not pass, or if none has.
    """
    newest = tuple(sorted(set(passed_months) & set(trips))[-1:])
    if not newest:
        raise DataError(
            "no month was processed: run the pipelines ingestion and data_processing for one."
        )
    (month,) = params.month or newest
    rows = read_months(trips, passed_months, [month])
    record, names = trips[month].record, ("service", "source", "file", "sha256")
    return rows, {"month": month, **{name: record.get(name) for name in names}}


def recalibrate_intervals(
    parent_predictor: Predictor,
    recalibration_trips: pd.DataFrame,
    recalibration_month: Record,
    params: ModellingParams,
) -> Predictor:
    """Calibrate anew; point estimates stay as they are.

    Args:
        parent_predictor: The predictor to begin from.
        recalibration_trips: Trips that it has not learnt from.
        recalibration_month: Where they come from.
        params: Coverage, its margin, and number of bands.

    Returns:
        The predictor with new intervals. Its facts say under ``calibration`` of which predictor
        (``parent``, a sha256) and on which raw ``months``.

    Raises:
        DataError: If it has no intervals, or has learnt from months that do not end before these
            trips, or is of another service or source.
    """
    if parent_predictor.intervals is None:
        raise DataError(
            f"the predictor, a {parent_predictor.family}, has no intervals to calibrate. Name "
            'another by --params "model=...".'
        )
    pickups = recalibration_trips["pickup_datetime"]
    last = max(parent_predictor.facts["train_months"])
    if pickups.min() < month_bounds(last)[1]:
        raise DataError(
            f"the predictor has learnt from trips up to {last}: to calibrate on trips from "
            f"{pickups.min():%Y-%m-%d} on would promise too much. Ingest and process a later "
            "month, or name one as recalibration.month."
        )
    require_origin(parent_predictor.facts, {recalibration_month["month"]: recalibration_month})
    days = pickups.agg(["min", "max"]).dt.strftime("%Y-%m-%d")
    raw = {name: recalibration_month[name] for name in ("file", "sha256")}
    months = {recalibration_month["month"]: raw}
    facts = {
        **parent_predictor.facts,
        "calibrated_on": days.tolist(),
        "calibration": {"parent": parent_predictor.sha256, "months": months},
    }
    return replace(recalibrate(parent_predictor, recalibration_trips, params), facts=facts)


def read_train_trips(
    parent_predictor: Predictor, trips: dict[str, MonthPart], passed_months: list[str]
) -> pd.DataFrame:
    """Read the trips that the predictor was trained on.

    Args:
        parent_predictor: The predictor.
        trips: Processed months.
        passed_months: Months that passed the gate.

    Raises:
        DataError: If one of its training months was not processed or did not pass, or is of another
            service or source.
    """
    months = parent_predictor.facts["train_months"]
    require_origin(parent_predictor.facts, records_of(trips, months))
    return read_months(trips, passed_months, months)


def train_parent_table(
    parent_predictor: Predictor, parent_train_trips: pd.DataFrame, params: ModellingParams
) -> Predictor:
    """Train the lookup table that the predictor has to beat, on the trips of its own months.

    Args:
        parent_predictor: The predictor.
        parent_train_trips: Trips that it was trained on.
        params: Settings of the table.
    """
    transformer, facts = parent_predictor.transformer, parent_predictor.facts
    return train_lookup(parent_train_trips, transformer, params, facts)


def examine_recalibrated(
    recalibrated_predictor: Predictor,
    parent_train_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: BehaviourParams,
) -> Record:
    """Run the suite of behaviour checks, for intervals are part of how a predictor behaves.

    Args:
        recalibrated_predictor: The predictor with new intervals.
        parent_train_trips: Trips that it was trained on.
        zones: Geometry of the zones.
        params: Bounds.

    Returns:
        What ``report_behaviour`` returns.
    """
    return report_behaviour(recalibrated_predictor, zones, parent_train_trips, params)


def compare_coverage(
    parent_predictor: Predictor,
    recalibrated_predictor: Predictor,
    parent_table: Predictor,
    recalibration_trips: pd.DataFrame,
) -> Record:
    """Say how many of the trips the intervals have held, and how many they hold now.

    Args:
        parent_predictor: The predictor as it was.
        recalibrated_predictor: The same with new intervals.
        parent_table: The lookup table of the same training months.
        recalibration_trips: The trips; to the former they are new.

    Returns:
        The ``days`` and the number of ``trips``; coverage and width of the ``intervals`` before
        and after, by presentation; the ``predictor`` by its sha256; ``points_unchanged``, whether
        its point estimates are those of its parent to the bit; and under ``metrics`` the ``mae``
        of each presentation, the table among them.
    """
    parent_predictions, new_predictions = (
        predict_trips(recalibration_trips, predictor, parent_table)
        for predictor in (parent_predictor, recalibrated_predictor)
    )
    before, after = score_presentations(parent_predictions), score_presentations(new_predictions)
    held = {
        name: {
            when: {key: block[name][key] for key in ("coverage", "mean_width")}
            for when, block in (("before", before), ("after", after))
        }
        for name in PRESENTATIONS
        if "coverage" in before[name]
    }
    for name, intervals in held.items():
        then, now = (100 * intervals[when]["coverage"] for when in ("before", "after"))
        log.info("%s: intervals held %.1f %% of the trips, now %.1f %%", name, then, now)
    points = list(PRESENTATIONS)
    return {
        "days": recalibrated_predictor.facts["calibrated_on"],
        "trips": len(recalibration_trips),
        "intervals": held,
        "predictor": recalibrated_predictor.sha256,
        "points_unchanged": parent_predictions[points].equals(new_predictions[points]),
        "metrics": {name: {"mae": after[name]["mae"]} for name in PRESENTATIONS},
    }
