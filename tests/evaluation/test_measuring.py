"""A fold trains as a run does, and is measured to the digit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.evaluation.months import month_of, months_of, recipe_of
from tests.features.small_city import zones
from trip_duration.evaluation import measuring
from trip_duration.evaluation.folds import Candidate, JudgedMonth, Task
from trip_duration.evaluation.measuring import (
    measure,
    run_tasks,
    sum_days,
    train_months,
)
from trip_duration.evaluation.predictions import predict_trips, score_presentations
from trip_duration.evaluation.recipe import Recipe
from trip_duration.evaluation.splits import split_off_last_days
from trip_duration.features.transformer import FEATURES
from trip_duration.models.training import make_training_set, recalibrate, train

__all__ = ["zones"]
ALL = Candidate("lightgbm", ("calendar", "zones", "history", "request"))
MONTHS = ("2023-01", "2023-02", "2023-03")
TRIPS = months_of(*MONTHS)


def task(name: str = "a", month: str = "2023-02", age: int = 1, newest: str = "") -> Task:
    return Task(name, ALL, ("2023-01",), JudgedMonth(month, age, newest))


@pytest.fixture
def recipe(zones: pd.DataFrame) -> Recipe:
    return recipe_of(zones)


def test_a_fold_trains_the_predictor_that_a_run_would(recipe: Recipe) -> None:
    trained = train_months(TRIPS, MONTHS[:2], recipe)
    known = pd.concat([TRIPS[month].read() for month in MONTHS[:2]], ignore_index=True)
    begin = split_off_last_days(known, "2023-02", recipe.features.validation_days)
    data = make_training_set(known, begin, recipe.zones, recipe.features)
    facts = {"train_months": ["2023-01", "2023-02"]}
    assert trained.predictor.sha256 == train(data, recipe.modelling, facts).predictor.sha256
    assert (trained.trips, trained.baseline.family) == (1000, "lookup")
    assert trained.costs["fit_seconds"] > 0


def test_a_candidate_sees_its_sources_alone(recipe: Recipe) -> None:
    own = recipe.of(Candidate("linear", ("calendar", "request"), "plain"))
    predictor = train_months(TRIPS, ["2023-01"], own).predictor
    assert predictor.family == "linear"
    source_of = {feature.name: feature.source for feature in FEATURES}
    assert {source_of[name] for name in predictor.transformer.selected_} == {"calendar", "request"}


def test_days_add_up_to_the_errors_of_the_month(recipe: Recipe) -> None:
    trained = train_months(TRIPS, ["2023-01"], recipe)
    record = measure(task(), trained, TRIPS, recipe)
    assert record["train_trips"] == 500
    totals = np.array(list(record["days"].values())).sum(axis=0)
    assert totals[0] == record["metrics"]["request"]["n"] == 500
    means = totals[1:] / totals[0]
    expected = [record["metrics"][n]["mae"] for n in ("request", "request_with_distance")]
    assert means.tolist() == pytest.approx([*expected, record["metrics"]["baseline"]["mae"]])
    assert all(cost > 0 for cost in record["costs"].values())
    assert record["costs"] == trained.costs
    files = trained.predictor.to_bundle()
    assert record["costs"]["bytes"] > sum(map(len, files.files.values()))


def test_days_are_exact() -> None:
    predicted = pd.DataFrame(
        {
            "pickup_datetime": pd.to_datetime(
                ["2023-01-02 01:00", "2023-01-02 23:00", "2023-01-01 00:00"]
            ),
            "duration_minutes": [10.0, 20.0, 30.0],
            "request": [11.0, 18.0, 30.0],
            "request_with_distance": [10.0, 19.0, 33.0],
            "baseline": [0.0, 20.0, 40.0],
        }
    )
    assert sum_days(predicted) == {
        "2023-01-01": [1.0, 0.0, 3.0, 10.0],
        "2023-01-02": [2.0, 3.0, 1.0, 10.0],
    }


def test_recalibration_takes_the_newest_known_month_and_leaves_the_estimates(
    recipe: Recipe,
) -> None:
    trained = train_months(TRIPS, ["2023-01"], recipe)
    same = measure(task(), trained, TRIPS, recipe)
    assert same["recalibrated"]["request"]["coverage"] == same["metrics"]["request"]["coverage"]
    slow = TRIPS["2023-02"].then(_slower), TRIPS["2023-03"].then(_slower)
    later = {**TRIPS, "2023-02": slow[0], "2023-03": slow[1]}
    record = measure(task(month="2023-03", age=2, newest="2023-02"), trained, later, recipe)
    drifted = record["metrics"]["request"]["coverage"]
    back = record["recalibrated"]["request"]["coverage"]
    assert drifted < 0.8 < back
    assert abs(back - 0.9) < 0.05
    again = recalibrate(trained.predictor, later["2023-02"].read(), recipe.modelling)
    renewed = score_presentations(predict_trips(later["2023-03"].read(), again, trained.baseline))
    assert record["recalibrated"] == {
        name: {key: renewed[name][key] for key in ("coverage", "mean_width")}
        for name in ("request", "request_with_distance")
    }
    requests = TRIPS["2023-03"].read()
    np.testing.assert_array_equal(
        again.predict(requests).minutes, trained.predictor.predict(requests).minutes
    )


def _slower(trips: pd.DataFrame) -> pd.DataFrame:
    # no longer than what was learnt from: a predictor answers nothing beyond
    return trips.assign(duration_minutes=(trips["duration_minutes"] * 1.5).clip(upper=25.0))


def test_a_predictor_without_intervals_has_none_to_calibrate(recipe: Recipe) -> None:
    bare = train_months(TRIPS, ["2023-01"], recipe).predictor.with_intervals(None)
    assert recalibrate(bare, TRIPS["2023-02"].read(), recipe.modelling) is bare


def test_outcomes_come_one_by_one_and_what_is_there_is_not_computed_again(
    recipe: Recipe,
) -> None:
    reads: list[str] = []

    def watched(month: str) -> Any:
        part = month_of(month)
        return replace(part, read=lambda: (reads.append(month), part.read())[1])

    trips = {month: watched(month) for month in MONTHS}
    tasks = [task("a"), task("b", "2023-03", 2, "2023-02")]
    outcomes = run_tasks(tasks, trips, recipe, {})
    first = next(outcomes)
    assert list(first) == ["a"]
    assert reads == ["2023-01", "2023-02"]  # killed here, the first is kept and the second is not
    outcomes.close()
    reads.clear()
    again = list(run_tasks(tasks, trips, recipe, first))
    assert [list(outcome) for outcome in again] == [["b"]]
    everything = {**first, **again[0]}
    reads.clear()
    assert list(run_tasks(tasks, trips, recipe, everything)) == []
    assert reads == []


def test_what_has_one_name_is_trained_once_and_costs_are_measured_once(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, measured = [], []
    train_anew, measure_anew = measuring.train_months, measuring.measure_costs
    monkeypatch.setattr(
        measuring, "train_months", lambda *given: (trained.append(1), train_anew(*given))[1]
    )
    monkeypatch.setattr(
        measuring, "measure_costs", lambda *given: (measured.append(1), measure_anew(*given))[1]
    )
    first, second = task("a"), task("b", "2023-03", 2, "2023-02")
    alike = [replace(each, candidate=replace(ALL, feature_set="alike")) for each in (first, second)]
    outcomes = list(run_tasks([first, second, *alike], TRIPS, recipe, {}))
    assert [list(outcome) for outcome in outcomes] == [["a"], ["b"]]
    assert (len(trained), len(measured)) == (1, 1)
    assert outcomes[0]["a"]["costs"] == outcomes[1]["b"]["costs"]
