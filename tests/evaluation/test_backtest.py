"""What a backtest says follows from its records."""

from __future__ import annotations

from typing import Any

import pytest

from trip_duration.evaluation.backtest import (
    average_by_age,
    keep_first_months,
    make_candidates,
    summarise,
    tell_drift,
)
from trip_duration.evaluation.folds import Candidate, Fold, JudgedMonth, Task
from trip_duration.params import BacktestParams, ModellingParams
from trip_duration.params.model import SelectionParams

PARAMS = BacktestParams()
MODELLING = ModellingParams(model_type="lightgbm")
MARCH = Fold(
    ("2023-01", "2023-02"), (JudgedMonth("2023-03", 1, ""), JudgedMonth("2023-04", 2, "2023-03"))
)
APRIL = Fold(("2023-02", "2023-03"), (JudgedMonth("2023-04", 1, ""),))


def block(mae: float, coverage: float) -> dict[str, float]:
    widths = {"mean_width": 12.0, "constant_width": 15.0}
    return {"mae": mae, "rmse": 2 * mae, "bias": -0.5, "coverage": coverage, "n": 100, **widths}


def outcome(fold: Fold, test: JudgedMonth, mae: float, **more: Any) -> tuple[Task, dict[str, Any]]:
    candidate = Candidate("lightgbm", ("calendar",), presentation=more.get("presentation", "both"))
    name = f"{candidate.presentation} {fold.train_months} {test.month}"
    task = Task(name, candidate, fold.train_months, test)
    coverage = more.get("coverage", 0.9)
    renewed = {"coverage": more.get("renewed", coverage), "mean_width": 13.0}
    record = {
        **task.to_json(),
        "train_trips": 1000,
        "metrics": {
            "request": block(mae, coverage),
            "request_with_distance": block(mae - 1, 0.9),
            "baseline": {"mae": 5.0},
        },
        "recalibrated": {"request": renewed, "request_with_distance": renewed},
        "lowest_coverage": {"request": None, "request_with_distance": None},
        "costs": {},
    }
    return task, record


def summary(*outcomes: tuple[Task, dict[str, Any]], **skipped: str) -> dict[str, Any]:
    results = {task.name: record for task, record in outcomes}
    return summarise([task for task, _ in outcomes], results, skipped, PARAMS, MODELLING)


def test_months_are_those_of_models_in_their_first_month() -> None:
    report = summary(
        outcome(APRIL, APRIL.tests[0], 3.0),
        outcome(MARCH, MARCH.tests[0], 4.0),
        outcome(MARCH, MARCH.tests[1], 3.3),
    )
    march, april = report["months"]
    assert (march["month"], april["month"]) == ("2023-03", "2023-04")
    assert march["request"]["gain"] == pytest.approx(0.2)
    assert march["request_with_distance"]["gain"] == pytest.approx(0.4)
    assert (march["trips"], march["baseline_mae"], march["train_trips"]) == (100, 5.0, 1000)
    assert len(report["stale"]) == 3


def test_an_old_model_is_held_against_the_one_trained_for_the_month() -> None:
    report = summary(
        outcome(MARCH, MARCH.tests[0], 4.0),
        outcome(MARCH, MARCH.tests[1], 3.3),
        outcome(APRIL, APRIL.tests[0], 3.0),
    )
    means = report["stale_mean"]["lightgbm"]
    assert means["1"]["models"] == 2
    assert means["1"]["request"] == pytest.approx(3.5)
    assert means["1"]["above_fresh"]["request"] == 0
    assert means["2"]["above_fresh"] == pytest.approx(
        {"request": 0.1, "request_with_distance": 0.15}
    )


def test_a_month_without_a_fresh_model_has_none_to_compare_with() -> None:
    report = summary(outcome(MARCH, MARCH.tests[1], 3.3))
    assert report["months"] == []
    assert report["stale_mean"]["lightgbm"]["2"]["above_fresh"] is None
    assert average_by_age([]) == {}


def test_specialists_show_what_serving_both_kinds_costs() -> None:
    first = Fold(MARCH.train_months, MARCH.tests[:1])
    assert keep_first_months([MARCH, Fold(("2021-01",), (JudgedMonth("2021-04", 3, ""),))]) == [
        first
    ]
    candidates = make_candidates(BacktestParams(specialists=True), SelectionParams())
    presentations = [candidate.presentation for candidate in candidates]
    assert presentations == ["both", "without_distance", "with_distance"]
    report = summary(
        outcome(MARCH, MARCH.tests[0], 4.04),
        outcome(MARCH, MARCH.tests[0], 4.0, presentation="without_distance"),
        outcome(MARCH, MARCH.tests[0], 4.2, presentation="with_distance"),
    )
    assert len(report["months"]) == 1
    assert report["months"][0]["lost_by_serving_both"] == pytest.approx(
        {"request": 0.01, "request_with_distance": -0.05}
    )
    assert summary(outcome(MARCH, MARCH.tests[0], 4.0))["months"][0]["lost_by_serving_both"] == {}


def test_drift_is_told_with_what_recalibration_makes_of_it() -> None:
    report = summary(
        outcome(MARCH, MARCH.tests[0], 4.0, coverage=0.87),
        outcome(MARCH, MARCH.tests[1], 4.0, coverage=0.88, renewed=0.899),
        outcome(APRIL, APRIL.tests[0], 3.0, coverage=0.914),
    )
    first, second = report["drift"]
    assert first == (
        "2023-03: intervals of lightgbm for requests without distance, learnt up to 2023-02, hold "
        "87.0% of the trips (90% are asked); no month newer than those learnt from was known to "
        "calibrate on; in 2023-04, calibrated on 2023-03 they hold 89.9%, within the tolerance of "
        "1.5%."
    )
    assert second.startswith("2023-04:")
    assert second.endswith("calibrated on 2023-03 they hold 89.9%, within the tolerance of 1.5%.")
    assert tell_drift(report["stale"], 0.9, 0.05) == []


def test_skipped_months_keep_their_reasons() -> None:
    report = summary(outcome(APRIL, APRIL.tests[0], 3.0), **{"2023-01": "2023-01 is not there"})
    assert report["skipped"] == {"2023-01": "2023-01 is not there"}
