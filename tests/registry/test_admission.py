"""Which predictors may be registered: each condition met and not met."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trip_duration.params import PromotionParams
from trip_duration.registry.admission import Evidence, find_objections, find_ungated

PARAMS = PromotionParams(min_gain=0.1)
SHA256 = "a" * 64


def scores(mae: float) -> dict[str, dict[str, float]]:
    return {"request": {"mae": mae}, "baseline": {"mae": 5.0}}


FIT = Evidence(
    sha256=SHA256,
    behaviour={"predictor": SHA256, "passed": True},
    scores=scores(4.0),
    ungated_months=[],
)


def test_a_predictor_that_meets_every_condition_meets_no_objection() -> None:
    assert find_objections(FIT, PARAMS) == []
    assert find_objections(replace(FIT, scores=scores(4.49)), PARAMS) == []


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ({"behaviour": {}}, "there is no behaviour report of this predictor"),
        (
            {"behaviour": {"predictor": "b" * 64, "passed": True}},
            "there is no behaviour report of this predictor",
        ),
        (
            {"behaviour": {"predictor": SHA256, "passed": False}},
            "it fails the behaviour checks, see behaviour_report.json",
        ),
        (
            {"ungated_months": ["2023-01", "2023-03"]},
            "the data gate has not passed 2023-01, 2023-03, see data_quality.json",
        ),
        ({"scores": {}}, "the run has not measured its error on test trips"),
        (
            {"scores": scores(4.51)},
            "its MAE is 9.8% below that of the lookup table, at least 10.0% are needed "
            "(promotion.min_gain)",
        ),
        (
            {"scores": scores(float("nan"))},
            "its MAE is nan% below that of the lookup table, at least 10.0% are needed "
            "(promotion.min_gain)",
        ),
    ],
)
def test_each_condition_that_is_not_met_is_named(change: dict[str, Any], objection: str) -> None:
    assert find_objections(replace(FIT, **change), PARAMS) == [objection]


def test_every_objection_is_given_not_the_first_alone() -> None:
    unfit = Evidence(SHA256, {}, {}, ["2023-01"])
    assert len(find_objections(unfit, PARAMS)) == 3


def test_a_month_is_gated_if_it_is_listed_and_has_no_failure() -> None:
    months = ["2023-01", "2023-02", "2023-03"]
    assert find_ungated(months, months, {"failures": []}) == []
    assert find_ungated(months, ["2023-02"], {}) == ["2023-01", "2023-03"]
    # the list is that of an earlier run, the report that of a run that the gate has ended
    failures = ["2023-02: 7 trips kept, min_rows is 1000", "2023-02: another"]
    assert find_ungated(months, months, {"failures": failures}) == ["2023-02"]
