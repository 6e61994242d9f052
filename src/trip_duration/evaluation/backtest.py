"""What a backtest has found: errors by month, models that grow old, and coverage that drifts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from trip_duration.evaluation.folds import BOTH, Candidate, Fold, Task
from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.params import BacktestParams, ModellingParams
from trip_duration.params.model import SelectionParams

Record = dict[str, Any]
_SHOWN = ("mae", "rmse", "bias", "coverage", "mean_width", "constant_width")
_SPECIALISTS = {"request": "without_distance", "request_with_distance": "with_distance"}


def make_candidates(params: BacktestParams, selection: SelectionParams) -> list[Candidate]:
    """Return each family with the features of a run; with specialists, if they are asked for."""
    presentations = [BOTH, *(_SPECIALISTS.values() if params.specialists else ())]
    return [
        Candidate(family, selection.sources, presentation=presentation)
        for family in params.families
        for presentation in presentations
    ]


def keep_first_months(folds: Iterable[Fold]) -> list[Fold]:
    """Return the folds with the first month of each model alone, which is all of a specialist's."""
    firsts = (
        fold._replace(tests=tuple(test for test in fold.tests if test.age == 1)) for fold in folds
    )
    return [fold for fold in firsts if fold.tests]


def summarise(
    tasks: Sequence[Task],
    results: Mapping[str, Record],
    skipped: Mapping[str, str],
    params: BacktestParams,
    modelling: ModellingParams,
) -> Record:
    """Put together what was found.

    Args:
        tasks: What was carried out.
        results: The outcomes by name.
        skipped: Months that were not tested, with the reason.
        params: Window, delay, and how far coverage may stray.
        modelling: The coverage that was asked for.

    Returns:
        ``months``: a row for each month and family, of models in their first month; ``stale``: of
        every model in every month until it is too old; ``stale_mean`` by family and age;
        ``skipped``; ``drift`` in words; and the settings that they were found with.
    """
    records = [results[task.name] for task in tasks]
    rows = [_describe(r) for r in records if r["candidate"]["presentation"] == BOTH]
    fresh = {(row["month"], row["family"]): row for row in rows if row["age"] == 1}
    for row in rows:
        _compare_with_fresh(row, fresh.get((row["month"], row["family"])))
    for row in fresh.values():
        row["lost_by_serving_both"] = _find_loss(row, records)
    asked = modelling.intervals.coverage
    return {
        "window": params.window,
        "delay": params.delay,
        "coverage": asked,
        "tolerance": params.tolerance,
        "months": sorted(fresh.values(), key=lambda row: (row["month"], row["family"])),
        "stale": sorted(rows, key=lambda row: (row["family"], row["train_months"], row["month"])),
        "stale_mean": average_by_age(rows),
        "skipped": dict(skipped),
        "drift": tell_drift(rows, asked, params.tolerance),
    }


def _describe(record: Record) -> Record:
    metrics = record["metrics"]
    baseline = metrics["baseline"]["mae"]
    kinds = {
        name: {
            **{key: metrics[name][key] for key in _SHOWN},
            "gain": 1 - metrics[name]["mae"] / baseline,
            "recalibrated": record["recalibrated"][name],
            "lowest_coverage": record["lowest_coverage"][name],
        }
        for name in SUFFIXES
    }
    return {
        "month": record["month"],
        "family": record["candidate"]["family"],
        "age": record["age"],
        "train_months": record["train_months"],
        "recalibrated_on": record["newest"],
        "trips": metrics["request"]["n"],
        "train_trips": record["train_trips"],
        "baseline_mae": baseline,
        **kinds,
        "costs": record["costs"],
    }


def _compare_with_fresh(row: Record, fresh: Record | None) -> None:
    """Say by what share a model's error is above that of the model trained for the month."""
    row["above_fresh"] = (
        {name: row[name]["mae"] / fresh[name]["mae"] - 1 for name in SUFFIXES} if fresh else None
    )


def _find_loss(row: Record, records: Iterable[Record]) -> dict[str, float]:
    """Say by what share the errors are above those of models for a single kind of request."""
    alike = {
        record["candidate"]["presentation"]: record["metrics"]
        for record in records
        if record["month"] == row["month"]
        and record["age"] == 1
        and record["candidate"]["family"] == row["family"]
    }
    return {
        name: row[name]["mae"] / alike[presentation][name]["mae"] - 1
        for name, presentation in _SPECIALISTS.items()
        if presentation in alike
    }


def average_by_age(rows: Iterable[Record]) -> dict[str, dict[str, Record]]:
    """Average over models of the same age.

    Returns:
        By family and age: the number of ``models``, their mean absolute error by presentation, and
        by what share it is ``above_fresh`` ones, where the month has one.
    """
    groups: dict[str, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[row["family"]][row["age"]].append(row)
    return {
        family: {str(age): _average(ages[age]) for age in sorted(ages)}
        for family, ages in groups.items()
    }


def _average(rows: Sequence[Record]) -> Record:
    compared = [row["above_fresh"] for row in rows if row["above_fresh"]]
    return {
        "models": len(rows),
        **{name: float(np.mean([row[name]["mae"] for row in rows])) for name in SUFFIXES},
        "above_fresh": {
            name: float(np.mean([shares[name] for shares in compared])) for name in SUFFIXES
        }
        if compared
        else None,
    }


def tell_drift(rows: Iterable[Record], asked: float, tolerance: float) -> list[str]:
    """Say in words where coverage has drifted out, and whether recalibration brings it back.

    Args:
        rows: Models in months.
        asked: Share of trips that intervals are to hold.
        tolerance: How far from it they may be.
    """
    rows = list(rows)
    # a model by what it is and by the month that it was calibrated on
    later = {(*_model(row), row["recalibrated_on"]): row for row in reversed(rows)}
    return [
        _tell(row, later.get((*_model(row), row["month"])), name, (asked, tolerance))
        for row in rows
        for name in SUFFIXES
        if abs(row[name]["coverage"] - asked) > tolerance
    ]


def _model(row: Record) -> tuple[str, ...]:
    return row["family"], *row["train_months"]


def _tell(row: Record, later: Record | None, name: str, wanted: tuple[float, float]) -> str:
    asked, _ = wanted
    kind = "with" if name.endswith("with_distance") else "without"
    said = (
        f"{row['month']}: intervals of {row['family']} for requests {kind} distance, learnt up to "
        f"{row['train_months'][-1]}, hold {row[name]['coverage']:.1%} of the trips "
        f"({asked:.0%} are asked)"
    )
    parts = [said]
    if row["recalibrated_on"]:
        parts.append(_recalibrated(row, name, wanted))
    else:
        parts.append("no month newer than those learnt from was known to calibrate on")
    if later is not None:
        parts.append(f"in {later['month']}, {_recalibrated(later, name, wanted)}")
    return "; ".join(parts) + "."


def _recalibrated(row: Record, name: str, wanted: tuple[float, float]) -> str:
    asked, tolerance = wanted
    held = row[name]["recalibrated"]["coverage"]
    back = "within" if abs(held - asked) <= tolerance else "still out of"
    return (
        f"calibrated on {row['recalibrated_on']} they hold {held:.1%}, {back} the tolerance of "
        f"{tolerance:.1%}"
    )
