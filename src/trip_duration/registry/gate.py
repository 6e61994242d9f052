"""The gate of promotion: what a challenger is worth beside the champion, criterion by criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.bootstrap import bootstrap_difference, draw_days
from trip_duration.evaluation.costs import measure_costs
from trip_duration.evaluation.measuring import sum_days
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.slices import (
    BEFOREHAND,
    SLICINGS,
    SUFFIXES,
    describe_trips,
    name_slice,
    slice_errors,
)
from trip_duration.features import requests_of
from trip_duration.models import Predictor
from trip_duration.months import MonthPart, span_months
from trip_duration.params.promotion import PromotionParams
from trip_duration.registry.admission import find_ungated, gain_over_table
from trip_duration.registry.records import Registered

Record = dict[str, Any]
_NO_CHAMPION = "there is no champion to compare with, so this counts as passed"
_KINDS = {"request": "without distance", "request_with_distance": "with distance"}


@dataclass(frozen=True)
class Criterion:
    """One criterion of the gate.

    Attributes:
        name: Its name.
        figure: What was found; None where there was nothing to find.
        bound: What it is held against.
        passed: Whether it is met.
        words: What was found, in words.
    """

    name: str
    figure: float | None
    bound: float
    passed: bool
    words: str


def read_months(trips: Mapping[str, MonthPart], months: Sequence[str]) -> pd.DataFrame:
    """Return the trips of months.

    Raises:
        DataError: If one of them was not processed.
    """
    missing = [month for month in months if month not in trips]
    if missing or not months:
        raise DataError(
            f"the gate needs trips of {', '.join(missing) or 'some month'}, which are not there "
            f"(there are: {span_months(tuple(trips)) or 'none'}). Run the pipelines ingestion and "
            "data_processing with these months, or set promotion.test_months."
        )
    return pd.concat([trips[month].read() for month in months], ignore_index=True)


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
        wanted = span_months(tuple(sorted({*months})))
        raise DataError(
            f"the data gate has not passed {', '.join(ungated)} (passed: "
            f"{span_months(tuple(passed_months)) or 'none'}). Run `kedro run --pipelines "
            f'ingestion,data_processing --params "months={wanted}"`; if a month fails there, see '
            "data_quality.json and leave it out of promotion.test_months."
        )


def measure(
    registered: Registered,
    baseline: Predictor,
    trips: pd.DataFrame,
    zones: pd.DataFrame,
    min_trips: int,
) -> Record:
    """Measure what a version is worth on trips.

    Args:
        registered: The version.
        baseline: The lookup table.
        trips: Trips that both are judged on.
        zones: Names and boroughs of the zones.
        min_trips: Trips below which a slice says too little.

    Returns:
        ``version``, ``sha256``, ``train_months``; ``metrics`` by presentation; ``days``, the sums
        of absolute errors by date; ``slices``, the mean absolute errors of each by its name;
        ``promise``, the coverage that its intervals are calibrated to; ``costs``.
    """
    predictor = registered.predictor
    predicted = predict_trips(trips, predictor, baseline)
    return {
        "version": registered.version.number,
        "sha256": registered.version.sha256,
        "train_months": list(predictor.facts.get("train_months", [])),
        "metrics": score_presentations(predicted),
        "days": sum_days(predicted),
        "slices": _measure_slices(predicted, zones, min_trips),
        "promise": predictor.intervals.coverage if predictor.intervals else None,
        "costs": measure_costs(predictor, requests_of(trips)),
    }


def _measure_slices(predicted: pd.DataFrame, zones: pd.DataFrame, min_trips: int) -> Record:
    described = describe_trips(predicted, zones)
    records = [
        (name_slice(slicing, record), record)
        for slicing in BEFOREHAND
        for record in slice_errors(described, SLICINGS[slicing], min_trips)
    ]
    return {
        f"{name}, {_KINDS[kind]}": float(record[f"mae{suffix}"])
        for name, record in records
        for kind, suffix in SUFFIXES.items()
    }


def judge(
    own: Record, champion: Record, checks: Sequence[Record], params: PromotionParams
) -> list[Criterion]:
    """Judge a challenger.

    Args:
        own: What ``measure`` has found of it.
        champion: What it has found of the champion on the same trips; empty if there is none.
        checks: Outcomes of the challenger's behaviour checks.
        params: Bounds.

    Returns:
        Every criterion, met or not.
    """
    return [
        _judge_behaviour(checks),
        _judge_table(own, params),
        _judge_champion(own, champion, params),
        _judge_slices(own, champion, params),
        *(_judge_coverage(kind, own, params) for kind in SUFFIXES),
        _judge_size(own, params),
        _judge_time(own, params),
    ]


def _judge_behaviour(checks: Sequence[Record]) -> Criterion:
    failed = [check["name"] for check in checks if not check["passed"]]
    said = f"it fails {', '.join(failed)}" if failed else "it passes every check"
    words = f"of {len(checks)} checks of behaviour {said}"
    return Criterion("behaviour", len(failed), 0, bool(checks) and not failed, words)


def _judge_table(own: Record, params: PromotionParams) -> Criterion:
    # the table knows no distance, so that the fair comparison is without
    mae, table = (own["metrics"][name]["mae"] for name in ("request", "baseline"))
    gain = gain_over_table(own["metrics"])
    words = (
        f"MAE {mae:.3f} minutes without distance, {table:.3f} by the lookup table: {gain:.1%} less"
    )
    return Criterion("lookup_table", gain, params.min_gain, gain >= params.min_gain, words)


def _judge_champion(own: Record, champion: Record, params: PromotionParams) -> Criterion:
    if not champion:
        return Criterion("champion", None, params.max_loss, True, _NO_CHAMPION)
    first, second = _sum_both(own), _sum_both(champion)
    trips = first[:, 0]
    draws = draw_days(len(trips), params.replicates, params.seed)
    found = bootstrap_difference(trips, first[:, 1], second[:, 1], draws, params.confidence)
    base = float(second[:, 1].sum() / trips.sum())
    loss = found.upper / base
    words = (
        f"MAE {base + found.estimate:.3f} minutes, {base:.3f} by version {champion['version']}: "
        f"{found.estimate / base:+.1%}, and with {params.confidence:.0%} confidence within "
        f"{found.lower / base:+.1%} and {loss:+.1%} ({len(trips)} days drawn again)"
    )
    return Criterion("champion", loss, params.max_loss, loss <= params.max_loss, words)


def _sum_both(record: Record) -> Any:
    """Return trips and absolute errors of each day, both kinds of request counting alike."""
    days = np.array([record["days"][day] for day in sorted(record["days"])], dtype=np.float64)
    return np.column_stack([days[:, 0], (days[:, 1] + days[:, 2]) / 2])


def _judge_slices(own: Record, champion: Record, params: PromotionParams) -> Criterion:
    bound = params.max_slice_loss
    if not champion:
        return Criterion("slices", None, bound, True, _NO_CHAMPION)
    losses = {
        name: mae / champion["slices"][name] - 1
        for name, mae in own["slices"].items()
        if champion["slices"][name] > 0
    }
    if not losses:
        words = f"no slice has {params.min_slice_trips} trips, so that there is nothing to compare"
        return Criterion("slices", None, bound, True, words)
    worst = max(losses, key=lambda name: losses[name])
    words = (
        f"of {len(losses)} slices the worst beside the champion is {worst}: {losses[worst]:+.1%}"
    )
    return Criterion("slices", losses[worst], bound, losses[worst] <= bound, words)


def _judge_coverage(kind: str, own: Record, params: PromotionParams) -> Criterion:
    name, bound, promise = f"coverage_{kind}", params.max_coverage_error, own["promise"]
    if promise is None:
        return Criterion(name, None, bound, False, "the predictor has no intervals")
    held = own["metrics"][kind]["coverage"]
    words = f"{_KINDS[kind]} its intervals hold {held:.1%} of the trips, {promise:.1%} are promised"
    off = abs(held - promise)
    return Criterion(name, off, bound, off <= bound, words)


def _judge_size(own: Record, params: PromotionParams) -> Criterion:
    size = own["costs"]["bytes"] / 1e6
    bound = params.max_megabytes
    return Criterion("size", size, bound, size <= bound, f"its files are {size:.2f} MB")


def _judge_time(own: Record, params: PromotionParams) -> Criterion:
    took = own["costs"]["request_microseconds"] / 1e3
    bound = params.max_milliseconds
    words = f"one request alone takes {took:.2f} ms, the median of many"
    return Criterion("time", took, bound, took <= bound, words)
