"""The gate: each criterion met and not met, by figures that were worked out by hand."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips
from trip_duration.evaluation.fairness import compare_boroughs
from trip_duration.models import Predictor
from trip_duration.models.lookup import LookupTable
from trip_duration.params import PromotionParams
from trip_duration.registry import Registry, criteria, gate

PARAMS = PromotionParams(test_months="2023-01", replicates=200)
PASSED = [{"name": "one", "passed": True}, {"name": "two", "passed": True}]


def measured(mae: float = 4.0, days: int = 20) -> dict[str, Any]:
    """A version of which every trip's error is the same, on days of ten trips."""
    block = {"mae": mae, "coverage": 0.89, "n": 10 * days}
    return {
        "version": "2",
        "sha256": "a" * 64,
        "train_months": ["2022-12"],
        "metrics": {
            "request": block,
            "request_with_distance": block,
            "baseline": {"mae": 5.0},
        },
        "days": {f"2023-01-{day:02}": [10.0, 10 * mae, 10 * mae, 50.0] for day in range(1, days)},
        "slices": {"Monday, without distance": mae, "Sunday, without distance": mae},
        "fairness": compare_boroughs([borough("Bronx", mae), borough("Queens", mae)], 200),
        "promise": 0.9,
        "costs": {"bytes": 2_000_000, "request_microseconds": 500.0},
    }


def borough(name: str, mae: float, with_distance: float = 3.0) -> dict[str, Any]:
    """A borough of 300 trips of twenty minutes, which the lookup table is five minutes off."""
    errors = {"mae": mae, "mae_with_distance": with_distance, "mae_baseline": 5.0}
    bias = {"bias": 0.0, "bias_with_distance": 0.0}
    return {"pickup_borough": name, "trips": 300, "minutes": 20.0, **errors, **bias}


def judge(own: dict[str, Any], champion: dict[str, Any], checks: Any = PASSED) -> dict[str, Any]:
    return {found.name: found for found in criteria.judge(own, champion, checks, PARAMS)}


def failed(own: dict[str, Any], champion: dict[str, Any], checks: Any = PASSED) -> list[str]:
    return [name for name, found in judge(own, champion, checks).items() if not found.passed]


def test_a_version_beside_its_like_passes_with_its_figures() -> None:
    found = judge(measured(), measured())
    assert all(criterion.passed for criterion in found.values())
    figures = {name: criterion.figure for name, criterion in found.items()}
    assert figures == {
        "behaviour": 0,
        "lookup_table": pytest.approx(0.2),
        "champion": 0.0,
        "slices": 0.0,
        "fairness_ratio": 1.0,
        "fairness_gain": pytest.approx(0.2),
        "coverage_request": pytest.approx(0.01),
        "coverage_request_with_distance": pytest.approx(0.01),
        "size": 2.0,
        "time": 0.5,
    }
    assert found["lookup_table"].words == (
        "MAE 4.000 minutes without distance, 5.000 by the lookup table: 20.0% less"
    )


def test_without_a_champion_its_criteria_count_as_passed_and_say_so() -> None:
    found = judge(measured(), {})
    for name in ("champion", "slices"):
        assert found[name].passed
        assert found[name].figure is None
        assert "there is no champion" in found[name].words


@pytest.mark.parametrize(
    ("mae", "names"), [(4.07, []), (4.09, ["champion"]), (4.5, ["champion", "slices"])]
)
def test_two_percent_above_the_champion_is_the_most(mae: float, names: list[str]) -> None:
    assert failed(measured(mae), measured(4.0)) == names


def test_a_small_loss_that_could_be_a_large_one_does_not_pass() -> None:
    own = measured()
    for number, day in enumerate(sorted(own["days"])):
        # as good on average, but not on the same days
        trips, error, _, table = own["days"][day]
        moved = error + (20 if number % 2 else -20)
        own["days"][day] = [trips, moved, moved, table]
    criterion = judge(own, measured())["champion"]
    assert criterion.figure is not None
    assert criterion.figure > 0.1
    assert not criterion.passed


def test_every_other_criterion_can_fail() -> None:
    own = measured()
    assert failed(own, own, [*PASSED, {"name": "airports", "passed": False}]) == ["behaviour"]
    assert failed(own, own, []) == ["behaviour"]
    table = copy.deepcopy(own)
    table["metrics"]["baseline"]["mae"] = 4.1
    assert failed(table, own) == ["lookup_table"]
    narrow = copy.deepcopy(own)
    narrow["metrics"]["request"] = {**narrow["metrics"]["request"], "coverage": 0.86}
    assert failed(narrow, own) == ["coverage_request"]
    assert failed({**own, "promise": None}, own) == [
        "coverage_request",
        "coverage_request_with_distance",
    ]
    assert failed({**own, "costs": {"bytes": 1e9, "request_microseconds": 1e6}}, own) == [
        "size",
        "time",
    ]


@pytest.mark.parametrize(
    ("boroughs", "names", "words"),
    [
        ([("Bronx", 4.0, 3.0), ("Queens", 4.7, 4.7)], [], "with distance its MAE is 23.5% of a"),
        ([("Bronx", 4.0, 3.0), ("Queens", 4.0, 5.26)], ["fairness_ratio"], "1.75 times as much"),
        ([("Bronx", 2.7, 3.0), ("Queens", 4.74, 3.0)], ["fairness_ratio"], "1.76 times as much"),
        ([("Bronx", 4.0, 3.0), ("Queens", 4.76, 3.0)], ["fairness_gain"], "Queens gains least"),
        ([("Bronx", 4.0, 3.0)], [], "1.00 times as much"),
        ([], [], "no borough has 200 trips"),
    ],
)
def test_boroughs_are_served_alike(
    boroughs: list[tuple[str, float, float]], names: list[str], words: str
) -> None:
    fairness = compare_boroughs([borough(*one) for one in boroughs], 200)
    own = {**measured(), "fairness": fairness}
    assert failed(own, own) == names
    found = judge(own, own)
    assert words in f"{found['fairness_ratio'].words} {found['fairness_gain'].words}"


def test_no_slice_with_trips_enough_is_said() -> None:
    own = {**measured(), "slices": {}}
    criterion = judge(own, own)["slices"]
    assert criterion.passed
    assert criterion.words.startswith("no slice has 1000 trips")


def test_what_is_measured_is_what_the_predictor_answers(
    registry: Registry, register: Any, zones: pd.DataFrame
) -> None:
    register(0)
    registered = registry.load("challenger")
    trips = make_trips(300, seed=5).rename(columns={"route_distance": "trip_distance"})
    known = make_trips(300, seed=6)
    transformer = registered.predictor.transformer
    table = LookupTable().fit(transformer.transform(known), known["duration_minutes"])
    baseline = Predictor(transformer, table, 1.0)
    params = PromotionParams(min_slice_trips=50, min_borough_trips=10)
    found = gate.measure(registered, baseline, trips, zones, params)
    asked = trips.drop(columns="trip_distance")
    errors = np.abs(registered.predictor.predict(asked).minutes - trips["duration_minutes"])
    assert found["metrics"]["request"]["mae"] == pytest.approx(errors.mean())
    assert sum(day[0] for day in found["days"].values()) == 300
    monday = trips["pickup_datetime"].dt.weekday == 0
    if monday.sum() >= 50:
        assert found["slices"]["Monday, without distance"] == pytest.approx(errors[monday].mean())
    shares = {one["pickup_borough"]: one["relative"] for one in found["fairness"]["boroughs"]}
    names = trips["pickup_zone"].map(zones.set_index("zone")["borough"])
    assert set(shares) == set(names)
    for name, share in shares.items():
        rows = names == name
        expected = errors[rows].mean() / trips["duration_minutes"][rows].mean()
        assert share == pytest.approx(expected)
    assert found["promise"] is None
    assert found["sha256"] == registered.predictor.sha256
