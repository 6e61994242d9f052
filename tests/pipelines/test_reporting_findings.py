"""The sections of the model card on intervals, worst slices, fairness and explanation."""

from __future__ import annotations

from typing import Any

import pytest

from trip_duration.evaluation.fairness import compare_boroughs
from trip_duration.evaluation.slices import SLICINGS
from trip_duration.params import ReportingParams
from trip_duration.pipelines.reporting.card_findings import (
    write_explanation,
    write_fairness,
    write_intervals,
    write_worst,
)
from trip_duration.pipelines.reporting.figures_intervals import draw_interval_coverage

RUN: dict[str, Any] = {
    "sha256": "5e" * 32,
    "coverage": 0.9,
    "features": [{"name": "hour", "meaning": "hour of the day"}],
}


def _metrics(without: float = 0.9, known: float = 0.905) -> dict[str, Any]:
    sizes = {"n": 5000, "mean_width": 12.0, "constant_width": 16.0}
    return {
        split: {
            "request": {"coverage": without, **sizes},
            "request_with_distance": {"coverage": known, **sizes},
            "baseline": {"n": 5000},
        }
        for split in ("test", "validation", "train")
    }


def _slices(coverage: float, trips: int = 2500) -> dict[str, list[dict[str, Any]]]:
    record = {
        "hour_band": "16 to 20",
        "trips": trips,
        "coverage": coverage,
        "coverage_with_distance": 0.9,
        "width": 12.0,
        "width_with_distance": 10.0,
    }
    return {**{name: [] for name in SLICINGS}, "hour_band": [record]}


def test_kept_promise_is_stated_with_its_evidence() -> None:
    written = write_intervals(_metrics(), _slices(0.88), RUN)
    assert "| test | request | yes | 90.0% | 12.0 | 16.0 | +25.0% |" in written
    assert "| validation | request | no, calibrated on |" in written
    assert (
        "- Of the test trips 90.0% (request) and 90.5% (request with distance) lie within their "
        "interval, of 90% promised, kept within 1.5 points." in written
    )
    assert "All of 2 cases" in written
    assert "hold at least 85%" in written
    assert "calibrated on these very trips" in written
    assert "calibrate anew" not in written


def test_coverage_that_is_off_is_said_openly_with_the_remedy() -> None:
    written = write_intervals(_metrics(without=0.88), _slices(0.88), RUN)
    assert "of 90% promised. **More than 1.5 points off: request.**" in written
    assert "calibrate anew on the newest month" in written


def test_slice_that_holds_too_few_is_named_with_the_remedy() -> None:
    written = write_intervals(_metrics(), _slices(0.84), RUN)
    assert "**1 of 2 cases" in written
    assert "hold less than 85%:** 16 to 20 o'clock, request (84.0% of 2,500 trips)." in written
    assert "calibrate anew on the newest month" in written


def test_slices_of_few_trips_are_not_judged() -> None:
    written = write_intervals(_metrics(), _slices(0.5, trips=1999), RUN)
    assert "No slice has the 2,000 test trips" in written


def test_predictor_without_intervals_says_so() -> None:
    bare = {**RUN, "coverage": None}
    assert write_intervals({}, {}, bare) == "This predictor gives point estimates only."
    figure = draw_interval_coverage({}, {}, bare, ReportingParams())
    assert (len(figure.data), figure.layout.title.text) == (
        0,
        "This predictor gives point estimates only",
    )


def test_coverage_is_drawn_slice_by_slice_against_the_promise() -> None:
    figure = draw_interval_coverage(_slices(0.84), _metrics(), RUN, ReportingParams())
    without, known = figure.data
    assert (without.x, known.x) == ((90.0, 84.0), (90.5, 90.0))
    assert without.customdata[1] == ["16 to 20 o'clock", 2500, 12.0]
    # all trips on top, the hours second
    assert [round(y) for y in without.y] == [0, 1]
    assert [line.x0 for line in figure.layout.shapes] == [90, 85]
    assert figure.layout.xaxis.range == (83.0, 91.5)
    assert figure.layout.title.text == (
        "Intervals hold 90.0% of the test trips, 90.5% with the distance, of 90% promised"
    )


def test_small_slices_are_not_drawn() -> None:
    figure = draw_interval_coverage(_slices(0.84, 199), _metrics(), RUN, ReportingParams())
    assert [len(dots.x) for dots in figure.data] == [1, 1]


def test_worst_slices_come_with_their_trips() -> None:
    example = {
        "what": "the worst",
        "pickup_datetime": "2023-04-02 21:20",
        "from": "Park",
        "to": "Pier",
        "miles": None,
        "minutes": 50.0,
        "request": 20.0,
        "request_lower": 10.0,
        "request_upper": 30.5,
        "request_with_distance": 25.0,
    }
    record = {
        "name": "to an airport",
        "trips": 1234,
        "lost": 2468.0,
        "mae": 6.0,
        "mae_with_distance": 5.0,
        "mae_baseline": 9.0,
        "bias": -2.0,
        "coverage": 0.875,
        "width": 20.0,
        "examples": [example],
    }
    written = write_worst([record], 200)
    assert (
        "| to an airport | 1,234 | 2,468 | 6.00 | 5.00 | 9.00 | -2.00 | 87.5% | 20.0 |" in written
    )
    assert (
        "| to an airport | the worst | 2023-04-02 21:20 | Park to Pier |  | 50.0 "
        "| 20.0 (10.0 to 30.5) | 25.0 |" in written
    )
    assert write_worst([], 200) == "No slice of at least 200 test trips is worse than the mean."


def _borough(name: str, trips: int, mae: float, bias: float) -> dict[str, Any]:
    errors = {"mae": mae, "mae_with_distance": mae, "bias": bias, "bias_with_distance": bias}
    whole = {"minutes": 20.0, "over_30": 0.25, "mae_baseline": 9.0}
    return {"pickup_borough": name, "trips": trips, **errors, **whole}


def test_fairness_states_the_gap_between_best_and_worst() -> None:
    boroughs = [_borough("Bronx", 300, 4.0, -1.0), _borough("Queens", 400, 5.0, 0.5)]
    written = write_fairness(compare_boroughs([*boroughs, _borough("EWR", 9, 30.0, 0.0)], 200))
    assert (
        "- Mean error: best in Bronx (4.00), worst in Queens (5.00), a gap of **1.00 minutes** "
        "or 1.25 times." in written
    )
    assert "- As a share of the mean duration with the distance known: best in Bronx" in written
    assert "the lowest and the highest are **1.50 minutes** apart." in written
    assert "- Without at least 200 test trips, and left out: EWR." in written
    assert "| Queens | 400 | 20.0 | 25.0% | 5.00 | 25.0% | +0.50 |  |" in written


def test_one_borough_cannot_be_compared() -> None:
    alone = compare_boroughs([_borough("Bronx", 300, 4.0, -1.0)], 200)
    assert "nothing to compare" in write_fairness(alone)


@pytest.mark.parametrize(("sha256", "another"), [("5e" * 32, False), ("a0" * 32, True)])
def test_explanation_of_another_model_is_marked(sha256: str, another: bool) -> None:
    explanation = {
        "sha256": sha256,
        "explained": 300,
        "permuted": 500,
        "strongest": ["hour"],
        "importance": {
            "gain": {"hour": 0.25},
            "permutation": {"hour": 0.125},
            "contribution": {"hour": 1.5},
        },
    }
    written = write_explanation(explanation, RUN)
    assert "| `hour` | hour of the day | 1.50 min | +0.125 min | 25.0% |" in written
    assert ("of another model" in written) == another
