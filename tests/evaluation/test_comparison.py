"""A recommendation follows from errors, their doubt, and costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trip_duration.evaluation.comparison import compare, make_candidates, recommend
from trip_duration.evaluation.folds import Candidate, JudgedMonth, Task
from trip_duration.params import ComparisonParams

SOURCES = {"all": "calendar zones history request", "plain": "calendar request"}
PARAMS = ComparisonParams(families="lightgbm linear", sources=SOURCES, replicates=500)


def task(family: str, month: str) -> Task:
    candidate = Candidate(family, ("calendar",))
    return Task(f"{family} {month}", candidate, ("2023-01",), JudgedMonth(month, 1, ""))


def record(family: str, month: str, errors: list[float], seconds: float) -> dict[str, Any]:
    """Days of ten trips; the first ten days of a month, each with a mean error without distance."""
    days = {
        f"{month}-{day:02}": [10.0, 10 * error, 5 * error, 20 * error]
        for day, error in enumerate(errors, 1)
    }
    block = {"coverage": 0.9, "n": 10 * len(errors)}
    return {
        **task(family, month).to_json(),
        "days": days,
        "metrics": {"request": block, "request_with_distance": block},
        "train_trips": 1_000,
        "costs": {
            "fit_seconds": seconds,
            "bytes": 1e6,
            "request_microseconds": 100.0,
            "row_microseconds": 5.0,
        },
    }


def compared(**errors: tuple[list[float], float]) -> dict[str, Any]:
    months = ("2023-02", "2023-03")
    tasks = [task(family, month) for family in errors for month in months]
    results = {
        f"{family} {month}": record(family, month, days, seconds)
        for family, (days, seconds) in errors.items()
        for month in months
    }
    return compare(tasks, results, PARAMS)


def test_candidates_are_families_by_feature_sets() -> None:
    params = ComparisonParams(families="lightgbm linear", feature_sets="all plain", sources=SOURCES)
    names = [candidate.name for candidate in make_candidates(params)]
    assert names == ["lightgbm", "lightgbm, plain", "linear", "linear, plain"]


def test_errors_and_differences_are_those_of_the_days() -> None:
    easy = [2.0, 3.0, 4.0, 3.0]
    report = compared(linear=([day + 1 for day in easy], 1.0), lightgbm=(easy, 10.0))
    best, other = report["candidates"]
    assert (report["days"], report["months"]) == (8, ["2023-02", "2023-03"])
    assert best["candidate"] == "lightgbm"
    assert best["mae"] == {
        "request": 3.0,
        "request_with_distance": 1.5,
        "overall": 2.25,
        "baseline": 6.0,
    }
    assert best["difference"]["request"] == {"estimate": 0, "lower": 0, "upper": 0}
    assert list(other["difference"]["request"].values()) == pytest.approx([1.0] * 3)
    assert list(other["difference"]["overall"].values()) == pytest.approx([0.75] * 3)
    assert report["recommended"] == "lightgbm"
    assert report["reasons"] == [
        "lightgbm has the smallest error, 2.250 minutes.",
        "linear is worse by 0.750 minutes (+0.750 to +0.750), 33.3%, more than the tolerance of "
        "1.0%.",
    ]


def test_the_cheaper_is_taken_where_the_difference_is_within_the_tolerance() -> None:
    easy = [2.0, 3.0, 4.0, 3.0]
    report = compared(linear=([day * 1.005 for day in easy], 1.0), lightgbm=(easy, 10.0))
    assert report["recommended"] == "linear"
    assert "within the tolerance of 1.0%" in report["reasons"][1]
    assert report["reasons"][2] == (
        "Of these as good as the best, linear trains 10.0 times faster."
    )


def test_the_cheaper_is_taken_where_the_difference_cannot_be_told_from_zero() -> None:
    unsure = [1.0, 5.0, 1.0, 5.5]
    report = compared(linear=(unsure, 1.0), lightgbm=([3.0, 3.0, 3.0, 3.0], 10.0))
    assert report["recommended"] == "linear"
    assert report["reasons"][1].endswith("which cannot be told from zero.")


def test_the_best_is_taken_where_it_is_the_cheapest_as_well() -> None:
    report = compared(linear=([3.0, 4.0], 20.0), lightgbm=([2.0, 3.0], 10.0))
    assert report["recommended"] == "lightgbm"
    assert report["recommendation"] == (
        "Take lightgbm: MAE 2.500 minutes without distance and 1.250 with it, for 10.0 s of "
        "training, 1.0 MB, and 100 µs for a request."
    )


def test_a_single_candidate_is_recommended() -> None:
    report = compared(linear=([3.0, 4.0], 20.0))
    assert recommend(report["candidates"], 0.01)["recommended"] == "linear"


def test_a_candidate_goes_by_its_own_feature_set_whoever_made_the_record() -> None:
    other = replace(task("linear", "2023-02"), candidate=Candidate("linear", ("calendar",), "mine"))
    report = compare([other], {other.name: record("linear", "2023-02", [3.0, 4.0], 1.0)}, PARAMS)
    (row,) = report["candidates"]
    assert (row["candidate"], row["feature_set"]) == ("linear, mine", "mine")
    assert row["sources"] == ["calendar"]


def test_a_candidate_that_is_named_twice_is_one() -> None:
    params = ComparisonParams(families="linear", feature_sets="all plain", sources=SOURCES)
    twice = params.model_copy(update={"families": ("linear", "linear")})
    assert make_candidates(twice) == make_candidates(params)
