"""Folds follow the calendar, and say openly what they lack."""

from __future__ import annotations

import pytest

from trip_duration.evaluation.folds import Candidate, Fold, JudgedMonth, Task, plan_folds
from trip_duration.params import FoldParams

# what is published in the shared folder: gaps between the years
MONTHS = (
    *("2021-01", "2021-02"),
    *("2022-01", "2022-02", "2022-03"),
    *("2023-01", "2023-02", "2023-03", "2023-04"),
)


def pairs_of(folds: list[Fold]) -> list[tuple[str, tuple[str, ...]]]:
    return [(test.month, fold.train_months) for fold in folds for test in fold.tests]


def test_a_month_is_tested_by_a_model_of_the_months_before_it() -> None:
    folds, _ = plan_folds(MONTHS, FoldParams(window=2))
    assert pairs_of(folds) == [
        ("2022-03", ("2022-01", "2022-02")),
        ("2023-03", ("2023-01", "2023-02")),
        ("2023-04", ("2023-02", "2023-03")),
    ]


def test_every_month_of_the_range_that_is_not_tested_has_its_reason() -> None:
    folds, skipped = plan_folds(MONTHS, FoldParams(window=2, months="2022-12..2023-04"))
    assert [month for month, _ in pairs_of(folds)] == ["2023-03", "2023-04"]
    assert skipped == {
        "2022-12": "2022-12 is not there",
        "2023-01": "its history lacks 2022-11, 2022-12",
        "2023-02": "its history lacks 2022-12",
    }


def test_without_a_range_the_gaps_are_listed_as_well() -> None:
    folds, skipped = plan_folds(MONTHS, FoldParams(window=2))
    assert len(skipped) + len(folds) == 28  # 2021-01..2023-04
    assert skipped["2021-03"] == "2021-03 is not there"


def test_delay_shifts_the_window_and_leaves_a_hole() -> None:
    folds, skipped = plan_folds(MONTHS, FoldParams(window=1, delay=2, months="2023-01..2023-04"))
    assert pairs_of(folds) == [("2023-04", ("2023-01",))]
    assert skipped["2023-03"] == "its history lacks 2022-12"


def test_a_model_is_kept_over_a_gap_and_tested_on_what_comes_after() -> None:
    folds, skipped = plan_folds(MONTHS, FoldParams(window=2), longest=12)
    first = folds[0]
    assert first.train_months == ("2021-01", "2021-02")
    assert first.tests == (JudgedMonth("2022-01", 11, ""), JudgedMonth("2022-02", 12, "2022-01"))
    assert skipped["2021-03"] == "2021-03 is not there"
    kept = next(fold for fold in folds if fold.train_months == ("2023-01", "2023-02"))
    assert kept.tests == (JudgedMonth("2023-03", 1, ""), JudgedMonth("2023-04", 2, "2023-03"))


def test_what_is_not_published_yet_is_not_known_to_calibrate_on() -> None:
    months = [f"2023-{number:02}" for number in range(1, 8)]
    folds, _ = plan_folds(months, FoldParams(window=1, delay=2), longest=4)
    assert folds[0] == Fold(
        ("2023-01",),
        (
            JudgedMonth("2023-04", 1, ""),
            JudgedMonth("2023-05", 2, "2023-02"),
            JudgedMonth("2023-06", 3, "2023-03"),
            JudgedMonth("2023-07", 4, "2023-04"),
        ),
    )


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_nothing_that_is_learnt_from_or_calibrated_on_is_as_late_as_the_test(delay: int) -> None:
    folds, _ = plan_folds(MONTHS, FoldParams(window=1, delay=delay), longest=20)
    assert folds
    for fold in folds:
        for test in fold.tests:
            assert fold.train_months[-1] < test.month
            assert not test.newest or fold.train_months[-1] < test.newest < test.month


def test_no_months_give_no_folds() -> None:
    assert plan_folds([], FoldParams()) == ([], {})


def test_a_task_is_the_same_after_json() -> None:
    candidate = Candidate("linear", ("calendar", "request"), "plain")
    task = Task("abc", candidate, ("2023-01",), JudgedMonth("2023-02", 1, ""))
    assert Task.from_json(task.to_json()) == task
    assert candidate.name == "linear, plain"
    assert Candidate("linear", ("calendar",)).name == "linear"
