"""The gate of promotion: the trips that versions are judged on, and what is measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.costs import measure_costs
from trip_duration.evaluation.fairness import compare_boroughs
from trip_duration.evaluation.measuring import sum_days
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.slices import (
    BEFOREHAND,
    SLICINGS,
    describe_trips,
    name_slice,
    slice_errors,
)
from trip_duration.features import requests_of
from trip_duration.models import Predictor
from trip_duration.months import MonthPart, span_months
from trip_duration.params.promotion import PromotionParams
from trip_duration.registry.admission import find_ungated
from trip_duration.registry.criteria import name_errors
from trip_duration.registry.records import Registered

Record = dict[str, Any]


def require_gated(
    months: Sequence[str],
    trips: Mapping[str, MonthPart],
    passed_months: Sequence[str],
    data_quality: Record,
) -> None:
    """Refuse processed months that the gate of data_processing has not passed.

    Args:
        months: Months whose trips are needed.
        trips: Processed months.
        passed_months: Months that have passed the gate.
        data_quality: The quality report, for the months that fail it.

    Raises:
        DataError: With the months, and how to have them gated.
    """
    processed = [month for month in months if month in trips]
    ungated = find_ungated(processed, passed_months, data_quality)
    if ungated:
        months_option = span_months(tuple(sorted({*months})))
        raise DataError(
            f"the data gate has not passed {', '.join(ungated)} (passed: "
            f"{span_months(tuple(passed_months)) or 'none'}). Run `kedro run --pipelines "
            f'ingestion,data_processing --params "months={months_option}"`; if a month fails, see '
            "data_quality.json and leave it out of promotion.test_months."
        )


def measure(
    registered: Registered,
    baseline: Predictor,
    trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: PromotionParams,
) -> Record:
    """Measure what a version is worth on trips.

    Args:
        registered: The version.
        baseline: The lookup table.
        trips: Trips that both are judged on.
        zones: Names and boroughs of the zones.
        params: Trips below which a slice or a borough says too little.

    Returns:
        ``version``, ``sha256``, ``train_months``; ``metrics`` by presentation; ``days``, the sums
        of absolute errors by date; ``slices``, the mean absolute errors of each by its name;
        ``fairness`` over the boroughs in which trips begin, as ``compare_boroughs`` gives it;
        ``promise``, the coverage that its intervals are calibrated to; ``costs``.
    """
    predictor = registered.predictor
    predicted = predict_trips(trips, predictor, baseline)
    described = describe_trips(predicted, zones)
    boroughs = slice_errors(described, SLICINGS["pickup_borough"], params.min_borough_trips)
    return {
        "version": registered.version.number,
        "sha256": registered.version.sha256,
        "train_months": list(predictor.facts.get("train_months", [])),
        "metrics": score_presentations(predicted),
        "days": sum_days(predicted),
        "slices": _measure_slices(described, params.min_slice_trips),
        "fairness": compare_boroughs(boroughs, params.min_borough_trips),
        "promise": predictor.intervals.coverage if predictor.intervals else None,
        "costs": measure_costs(predictor, requests_of(trips)),
    }


def _measure_slices(described: pd.DataFrame, min_trips: int) -> Record:
    return {
        name: error
        for slicing in BEFOREHAND
        for record in slice_errors(described, SLICINGS[slicing], min_trips)
        for name, error in name_errors(name_slice(slicing, record), record).items()
    }
