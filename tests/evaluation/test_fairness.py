from __future__ import annotations

from typing import Any

import pytest

from trip_duration.evaluation.fairness import compare_boroughs


def _borough(name: str, trips: int, minutes: float, mae: float, bias: float) -> dict[str, Any]:
    return {
        "pickup_borough": name,
        "trips": trips,
        "minutes": minutes,
        "mae": mae,
        "mae_with_distance": mae / 2,
        "bias": bias,
        "bias_with_distance": -bias,
    }


BOROUGHS = [
    _borough("Bronx", 300, 20.0, 4.0, -1.0),
    _borough("Queens", 400, 30.0, 5.0, 0.5),
    _borough("EWR", 10, 60.0, 30.0, -9.0),
]


def test_gap_is_between_the_best_and_the_worst_borough_with_trips_enough() -> None:
    fairness = compare_boroughs(BOROUGHS, 200)
    assert fairness["left_out"] == ["EWR"]
    assert [record["pickup_borough"] for record in fairness["boroughs"]] == ["Bronx", "Queens"]
    assert fairness["disparity"]["mae"] == {
        "best": {"borough": "Bronx", "value": 4.0},
        "worst": {"borough": "Queens", "value": 5.0},
        "gap": 1.0,
        "ratio": 1.25,
    }
    assert fairness["disparity"]["mae_with_distance"]["gap"] == 0.5


def test_share_of_the_duration_can_turn_the_order_round() -> None:
    relative = compare_boroughs(BOROUGHS, 200)["disparity"]["relative"]
    assert (relative["best"]["borough"], relative["worst"]["borough"]) == ("Queens", "Bronx")
    assert relative["ratio"] == pytest.approx((4 / 20) / (5 / 30))


def test_best_bias_is_nearest_to_none_and_its_gap_from_lowest_to_highest() -> None:
    bias = compare_boroughs(BOROUGHS, 200)["disparity"]["bias"]
    assert bias == {
        "best": {"borough": "Queens", "value": 0.5},
        "worst": {"borough": "Bronx", "value": -1.0},
        "gap": 1.5,
    }


def test_no_borough_with_trips_enough_gives_no_disparity() -> None:
    fairness = compare_boroughs(BOROUGHS, 1000)
    assert (fairness["boroughs"], fairness["disparity"]) == ([], {})


def test_error_of_none_gives_no_ratio() -> None:
    disparity = compare_boroughs([_borough("Bronx", 1, 1.0, 0.0, 0.0)], 1)["disparity"]
    assert "ratio" not in disparity["mae"]
