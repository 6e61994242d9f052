"""The pipeline behaviour: a report in any case, and an error where the predictor misbehaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from trip_duration.errors import BehaviourError
from trip_duration.evaluation.behaviour import CHECKS
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.linear import Linear
from trip_duration.params import BehaviourParams
from trip_duration.pipelines.behaviour import nodes

__all__ = ["zones"]
RunKedro = Callable[..., dict[str, Any]]
# the small city has no rush hour
LENIENT = BehaviourParams(min_rush_ratio=0.5, max_faster_pairs=1.0)
STRICT = LENIENT.model_copy(update={"max_airport_speed": 0.1})


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
    assert set(found["checks"][0]) == {"name", "passed", "figure", "bound", "words"}
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


def test_a_predictor_that_passes_goes_through(report: Report, predictor: Predictor) -> None:
    passed = nodes.gate_behaviour(report(LENIENT), LENIENT)
    assert passed == {"predictor": predictor.sha256, "passed": True}


def test_a_predictor_that_misbehaves_is_stopped_with_a_line_for_each_check(report: Report) -> None:
    found = report(STRICT)
    assert len(found["failures"]) == 1
    with pytest.raises(BehaviourError, match=r"- airports: from zone \d+ the airport 7, "):
        nodes.gate_behaviour(found, STRICT)


def test_without_the_gate_it_goes_through_as_not_passed(
    report: Report, predictor: Predictor
) -> None:
    open_gate = STRICT.model_copy(update={"gate": False})
    passed = nodes.gate_behaviour(report(open_gate), open_gate)
    assert passed == {"predictor": predictor.sha256, "passed": False}


def test_a_run_ends_in_an_error_and_leaves_its_report(
    with_data: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = with_data()
    reports = project / "data/08_reporting"
    read = lambda name: json.loads((reports / f"{name}.json").read_text())  # noqa: E731
    assert read("behaviour_report")["passed"]
    sha256 = Predictor.load(project / "data/06_models/predictor").sha256
    assert read("behaviour_passed") == {"predictor": sha256, "passed": True}

    (reports / "behaviour_passed.json").unlink()
    strict = {"behaviour": {"max_airport_speed": 1.0}}
    with pytest.raises(BehaviourError, match="airports"):
        run_kedro(project, strict, pipeline_names=["behaviour"])
    assert [line.split(":")[0] for line in read("behaviour_report")["failures"]] == ["airports"]
    assert not (reports / "behaviour_passed.json").exists()

    strict["behaviour"]["gate"] = False
    run_kedro(project, strict, pipeline_names=["behaviour"])
    assert read("behaviour_passed") == {"predictor": sha256, "passed": False}
