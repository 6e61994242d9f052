from __future__ import annotations

from typing import Any

from trip_duration.evaluation.coverage import judge_coverage
from trip_duration.evaluation.slices import SLICINGS


def _test(without: float, known: float) -> dict[str, Any]:
    return {"request": {"coverage": without}, "request_with_distance": {"coverage": known}}


def _slice(trips: int, without: float, known: float, **keys: Any) -> dict[str, Any]:
    return {**keys, "trips": trips, "coverage": without, "coverage_with_distance": known}


SLICES: dict[str, list[dict[str, Any]]] = {
    **{name: [] for name in SLICINGS},
    "weekday": [_slice(2000, 0.86, 0.84, weekday=0), _slice(1999, 0.1, 0.1, weekday=1)],
    "hour": [_slice(5000, 0.8, 0.85, hour=5)],
    "duration": [_slice(9000, 0.2, 0.2, duration="over 60")],
}


def test_slices_with_trips_enough_that_hold_too_few_are_named_the_shortest_first() -> None:
    judged = judge_coverage(_test(0.9, 0.9), SLICES, 0.9)
    assert judged["judged"] == 4
    assert [(r["name"], r["presentation"], r["coverage"], r["trips"]) for r in judged["short"]] == [
        ("05:00", "request", 0.8, 5000),
        ("Monday", "request_with_distance", 0.84, 2000),
    ]


def test_coverage_over_all_may_be_off_by_little() -> None:
    assert judge_coverage(_test(0.886, 0.914), SLICES, 0.9)["drifted"] == []
    assert judge_coverage(_test(0.884, 0.916), SLICES, 0.9)["drifted"] == [
        "request",
        "request_with_distance",
    ]


def test_predictor_without_intervals_breaks_no_promise() -> None:
    bare = {"request": {"mae": 3.0}, "request_with_distance": {"mae": 2.0}}
    judged = judge_coverage(bare, {name: [] for name in SLICINGS}, 0.9)
    assert judged == {"drifted": [], "judged": 0, "short": []}
