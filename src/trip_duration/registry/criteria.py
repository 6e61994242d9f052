"""The criteria of the gate of promotion, each held against its bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trip_duration.evaluation.bootstrap import bootstrap_difference, draw_days
from trip_duration.evaluation.slices import LABELS, SUFFIXES
from trip_duration.params.promotion import PromotionParams
from trip_duration.registry.admission import gain_over_table

Record = dict[str, Any]
_NO_CHAMPION = "there is no champion to compare with, so this counts as passed"


@dataclass(frozen=True)
class Criterion:
    """One criterion of the gate.

    Attributes:
        name: Its name.
        figure: Measured value; None if there was nothing to measure.
        bound: Bound of the figure.
        passed: Whether it is met.
        words: Figure and bound in a sentence.
    """

    name: str
    figure: float | None
    bound: float
    passed: bool
    words: str


def name_errors(name: str, record: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean absolute errors of a slice, minutes, by its name and kind of request."""
    return {
        f"{name}, {LABELS[kind]}": float(record[f"mae{suffix}"])
        for kind, suffix in SUFFIXES.items()
    }


def judge(
    challenger: Record, champion: Record, checks: Sequence[Record], params: PromotionParams
) -> list[Criterion]:
    """Judge a challenger.

    Args:
        challenger: What ``measure`` has difference of it.
        champion: What it has difference of the champion on the same trips; empty if there is none.
        checks: Outcomes of the challenger's behaviour checks.
        params: Bounds.

    Returns:
        Every criterion, met or not.
    """
    return [
        _judge_behaviour(checks),
        _judge_table(challenger, params),
        _judge_champion(challenger, champion, params),
        _judge_slices(challenger, champion, params),
        _judge_ratio(challenger["fairness"], params),
        _judge_boroughs(challenger["fairness"], params),
        *(_judge_coverage(kind, challenger, params) for kind in SUFFIXES),
        _judge_size(challenger, params),
        _judge_time(challenger, params),
    ]


def _judge_behaviour(checks: Sequence[Record]) -> Criterion:
    failed = [check["name"] for check in checks if not check["passed"]]
    outcome = f"it fails {', '.join(failed)}" if failed else "it passes every check"
    words = f"of {len(checks)} checks of behaviour {outcome}"
    return Criterion("behaviour", len(failed), 0, bool(checks) and not failed, words)


def _judge_table(challenger: Record, params: PromotionParams) -> Criterion:
    # the table knows no distance, so that the fair comparison is without
    mae, table = (challenger["metrics"][name]["mae"] for name in ("request", "baseline"))
    gain = gain_over_table(challenger["metrics"])
    words = (
        f"MAE {mae:.3f} minutes without distance, {table:.3f} by the lookup table: {gain:.1%} less"
    )
    return Criterion("lookup_table", gain, params.min_gain, gain >= params.min_gain, words)


def _judge_champion(challenger: Record, champion: Record, params: PromotionParams) -> Criterion:
    if not champion:
        return Criterion("champion", None, params.max_loss, True, _NO_CHAMPION)
    first, second = _sum_both(challenger), _sum_both(champion)
    trips = first[:, 0]
    draws = draw_days(len(trips), params.replicates, params.seed)
    difference = bootstrap_difference(trips, first[:, 1], second[:, 1], draws, params.confidence)
    base = float(second[:, 1].sum() / trips.sum())
    loss = difference.upper / base
    words = (
        f"MAE {base + difference.estimate:.3f} minutes, the mean without and with distance, "
        f"{base:.3f} by version "
        f"{champion['version']}: "
        f"{difference.estimate / base:+.1%}, and with {params.confidence:.0%} confidence within "
        f"{difference.lower / base:+.1%} and {loss:+.1%} ({len(trips)} days drawn again)"
    )
    return Criterion("champion", loss, params.max_loss, loss <= params.max_loss, words)


def _sum_both(record: Record) -> Any:
    """Return trips and absolute errors of each day, both kinds of request counting alike."""
    days = np.array([record["days"][day] for day in sorted(record["days"])], dtype=np.float64)
    return np.column_stack([days[:, 0], (days[:, 1] + days[:, 2]) / 2])


def _judge_slices(challenger: Record, champion: Record, params: PromotionParams) -> Criterion:
    bound = params.max_slice_loss
    if not champion:
        return Criterion("slices", None, bound, True, _NO_CHAMPION)
    losses = {
        name: mae / champion["slices"][name] - 1
        for name, mae in challenger["slices"].items()
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


def _judge_ratio(fairness: Record, params: PromotionParams) -> Criterion:
    name, bound = "fairness_ratio", params.max_borough_ratio
    if not fairness["boroughs"]:
        return Criterion(name, None, bound, True, _say_too_few(params))
    ratios = {kind: fairness["disparity"][f"relative{suffix}"] for kind, suffix in SUFFIXES.items()}
    kind = max(ratios, key=lambda kind: ratios[kind]["ratio"])
    best, worst = (ratios[kind][end] for end in ("best", "worst"))
    words = (
        f"{LABELS[kind]} its MAE is {worst['value']:.1%} of a trip's duration in "
        f"{worst['borough']}, {best['value']:.1%} in {best['borough']}: "
        f"{ratios[kind]['ratio']:.2f} times as much"
    )
    return Criterion(name, ratios[kind]["ratio"], bound, ratios[kind]["ratio"] <= bound, words)


def _judge_boroughs(fairness: Record, params: PromotionParams) -> Criterion:
    name, bound = "fairness_gain", params.min_borough_gain
    if not fairness["boroughs"]:
        return Criterion(name, None, bound, True, _say_too_few(params))
    gains = {
        record["pickup_borough"]: 1 - record["mae"] / record["mae_baseline"]
        for record in fairness["boroughs"]
    }
    least = min(gains, key=lambda borough: gains[borough])
    words = (
        f"of {len(gains)} boroughs {least} gains least beside the lookup table: MAE without "
        f"distance {gains[least]:.1%} less"
    )
    return Criterion(name, gains[least], bound, gains[least] >= bound, words)


def _say_too_few(params: PromotionParams) -> str:
    return f"no borough has {params.min_borough_trips} trips, so that there is nothing to compare"


def _judge_coverage(kind: str, challenger: Record, params: PromotionParams) -> Criterion:
    name, bound, promise = f"coverage_{kind}", params.max_coverage_error, challenger["promise"]
    if promise is None:
        return Criterion(name, None, bound, False, "the predictor has no intervals")
    coverage = challenger["metrics"][kind]["coverage"]
    words = (
        f"{LABELS[kind]} its intervals hold {coverage:.1%} of the trips, {promise:.1%} are promised"
    )
    error = abs(coverage - promise)
    return Criterion(name, error, bound, error <= bound, words)


def _judge_size(challenger: Record, params: PromotionParams) -> Criterion:
    size = challenger["costs"]["bytes"] / 1e6
    bound = params.max_megabytes
    return Criterion("size", size, bound, size <= bound, f"its files are {size:.2f} MB")


def _judge_time(challenger: Record, params: PromotionParams) -> Criterion:
    milliseconds = challenger["costs"]["request_microseconds"] / 1e3
    bound = params.max_milliseconds
    words = f"one request alone takes {milliseconds:.2f} ms, the median of many"
    return Criterion("time", milliseconds, bound, milliseconds <= bound, words)
