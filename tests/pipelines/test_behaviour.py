"""The pipeline behaviour: a report, whatever the predictor does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from trip_duration.evaluation.behaviour import CHECKS
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.linear import Linear
from trip_duration.params import BehaviourParams
from trip_duration.pipelines.behaviour import nodes

__all__ = ["zones"]
RunKedro = Callable[..., dict[str, Any]]
# the small city has no rush hour
LENIENT = BehaviourParams(min_rush_ratio=0.5, max_faster_share=1.0)
STRICT = LENIENT.model_copy(update={"speed_limit": 0.1})


@pytest.fixture
def trips() -> pd.DataFrame:
    return make_trips(1_000).rename(columns={"route_distance": "trip_distance"})


@pytest.fixture
def predictor(zones: pd.DataFrame, trips: pd.DataFrame) -> Predictor:
    """A linear predictor that has seen every trip with its distance and without."""
    requests = trips.rename(columns={"trip_distance": "route_distance"})
    minutes = requests["duration_minutes"]
    transformer = FeatureTransformer(zones).fit(requests, minutes)
    matrix = transformer.transform(requests)
    shown = np.vstack([matrix, transformer.without_distance(matrix)])
    names = transformer.selected_
    estimator = Linear().fit(shown, np.tile(minutes, 2), feature_names=names)
    return Predictor(transformer, estimator, 1.0, {})


Report = Callable[[BehaviourParams], dict[str, Any]]


@pytest.fixture
def report(predictor: Predictor, zones: pd.DataFrame, trips: pd.DataFrame) -> Report:
    """Make the report of a predictor under some bounds."""
    return lambda params: nodes.check_behaviour(
        predictor, zones, trips.iloc[:800], trips.iloc[800:], params
    )


def test_the_report_has_every_check_and_names_the_predictor(
    report: Report, predictor: Predictor
) -> None:
    found = report(LENIENT)
    assert found["predictor"] == predictor.sha256
    assert (found["passed"], found["failures"]) == (True, [])
    assert [check["name"] for check in found["checks"]] == list(CHECKS)
    fields = {"name", "passed", "figure", "bound", "words", "lower", "upper"}
    assert set(found["checks"][0]) == fields
    # strict JSON: no NaN, nothing of numpy's
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_card_has_a_row_for_each_check(report: Report) -> None:
    card = report(STRICT)["card"]
    assert set(card) == {"title", "lines", "head", "rows"}
    assert all(len(row) == len(card["head"]) for row in card["rows"])
    rows = {name: outcome for name, outcome, _ in card["rows"]}
    assert list(rows) == list(CHECKS)
    assert rows["airports"] == "**failed**"
    assert rows["longer_distance"] == "passed"
    assert card["lines"][0].startswith(f"{len(CHECKS) - 1} of {len(CHECKS)} checks")


def test_a_predictor_that_misbehaves_has_a_line_for_each_check_that_it_fails(
    report: Report,
) -> None:
    misbehaves = report(STRICT)
    assert not misbehaves["passed"]
    assert [line.split(":")[0] for line in misbehaves["failures"]] == ["airports"]


def test_a_run_ends_well_and_reports_that_its_predictor_misbehaves(
    with_data: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = with_data()
    path = project / "data/08_reporting/behaviour_report.json"
    predictor = Predictor.load(project / "data/06_models/predictor")
    usual = json.loads(path.read_text())
    assert (usual["passed"], usual["predictor"]) == (True, predictor.sha256)

    run_kedro(project, {"behaviour": {"speed_limit": 1.0}}, pipeline_names=["behaviour"])
    strict = json.loads(path.read_text())
    assert not strict["passed"]
    assert [line.split(":")[0] for line in strict["failures"]] == ["airports"]
