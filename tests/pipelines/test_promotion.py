"""The pipeline promotion on the registry that a run has left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from trip_duration.errors import DataError, GateError
from trip_duration.models import Predictor
from trip_duration.months import MonthPart
from trip_duration.params import PromotionParams
from trip_duration.pipelines.promotion import nodes
from trip_duration.registry import Registered, Registry, Version
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.rules import find_problems

RunKedro = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def project(with_registry: Callable[[], Path]) -> Path:
    """A project after one run, that may go on."""
    return with_registry()


def keeper_of(project: Path) -> Keeper:
    registry = Registry(f"sqlite:///{project}/data/mlflow.db")
    return Keeper(registry, Ledger(f"sqlite:///{project}/data/service.db"), "tester")


def report_of(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "data/08_reporting/gate_report.json").read_text())
    return found


def test_from_a_run_to_a_champion_and_to_the_next(
    project: Path, run_kedro: RunKedro, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    keeper, registry = keeper_of(project), keeper_of(project).registry
    version = registry.get("challenger")
    predictor = Predictor.load(project / "data/06_models/predictor")
    assert version.sha256 == predictor.sha256
    assert version.tags["training_data_digest"] == predictor.facts["data_digest"]
    assert {"git.commit", "git.clean", "family", "train_months"} <= set(version.tags)
    metrics = json.loads((project / "data/08_reporting/metrics.json").read_text())
    assert version.metrics["test.request.mae"] == metrics["test"]["request"]["mae"]

    run_kedro(project, pipeline_names=["promotion"])
    report = report_of(project)
    assert (report["version"], report["sha256"]) == ("1", version.sha256)
    assert (report["champion"], report["passed"]) == (None, True)
    mae = metrics["test"]["request"]["mae"]
    assert any(f"MAE {mae:.3f} minutes" in one["words"] for one in report["criteria"])
    assert registry.find("champion") is None  # nothing moves by itself

    run_kedro(project, {"promotion": {"auto_promote": True}}, pipeline_names=["promotion"])
    assert registry.get("champion").number == "1"
    assert keeper.ledger.lines()[-1].event == "done"

    assert find_problems(registry, keeper.ledger) == []


FROM_TRIPS = ["feature_engineering", "modelling", "behaviour", "reporting"]


def test_any_version_is_judged_and_promoted_whatever_was_registered_since(
    project: Path, run_kedro: RunKedro
) -> None:
    keeper = keeper_of(project)
    good = run_and_register(run_kedro, project, {"seed": 1})
    # good enough to be registered, and worse than the champion
    poor = run_and_register(run_kedro, project, {"modelling": {"lightgbm": {"num_trees": 25}}})
    assert keeper.registry.get("challenger").number == poor.number
    with pytest.raises(GateError, match=rf"version {poor.number} does not pass the gate:\n- "):
        run_kedro(project, {"promotion": {"auto_promote": True}}, pipeline_names=["promotion"])
    report = report_of(project)
    assert report["champion"]["version"] == "1"
    assert not report["passed"]
    failed = {one["name"] for one in report["criteria"] if not one["passed"]}
    assert {"champion", "slices"} <= failed
    assert keeper.registry.get("champion").number == "1"

    # another fit of the same: days drawn again may say that it is a little worse
    lenient = {"max_loss": 0.05, "max_slice_loss": 0.2}
    for reference in (int(good.number), good.semantic_version):
        judged = {"version": reference, "promotion": lenient}
        run_kedro(project, judged, pipeline_names=["promotion"])
        assert report_of(project)["sha256"] == good.sha256
    keeper.promote(good.number, report_of(project))
    assert keeper.registry.get("champion").sha256 == good.sha256
    assert keeper.registry.get("challenger").number == poor.number


def run_and_register(run_kedro: RunKedro, project: Path, params: dict[str, Any]) -> Version:
    run_kedro(project, params, pipeline_names=FROM_TRIPS)
    return keeper_of(project).registry.versions()[0]


@pytest.mark.parametrize(
    ("passed", "failures", "named"),
    [
        (["2023-01", "2023-02"], [], "2023-03"),
        (["2023-02", "2023-03"], [], "2023-01"),
        (["2023-01", "2023-02", "2023-03"], ["2023-02: 12 trips kept"], "2023-02"),
    ],
)
def test_months_that_the_data_gate_has_not_passed_are_refused_by_name(
    finished_run: Path, passed: list[str], failures: list[str], named: str
) -> None:
    registered = registered_of(finished_run)
    months = ("2023-01", "2023-02", "2023-03")
    trips = {month: MonthPart(month, {}, pd.DataFrame) for month in months}
    params = PromotionParams(test_months="2023-03")
    with pytest.raises(DataError, match=rf"has not passed {named} .*months=2023-01\.\.2023-03"):
        nodes.read_trips(registered, trips, passed, {"failures": failures}, params)
    nodes.read_trips(registered, trips, list(months), {"failures": []}, params)


def registered_of(project: Path) -> Registered:
    registry = Registry(f"sqlite:///{project}/data/mlflow.db")
    predictor = Predictor.load(project / "data/06_models/predictor")
    return Registered(registry.get("challenger"), predictor)


def test_a_run_may_register_nothing(with_data: Callable[[], Path], run_kedro: RunKedro) -> None:
    project = with_data()
    silent = {"promotion": {"register_runs": False}}
    run_kedro(project, silent, pipeline_names=["modelling"])
    assert keeper_of(project).registry.versions() == []
    assert not (project / "data/service.db").exists()
    with pytest.raises(Exception, match="there is no challenger to judge"):
        run_kedro(project, pipeline_names=["promotion"])


def test_a_challenger_is_not_judged_on_what_it_has_learnt_from(finished_run: Path) -> None:
    params = PromotionParams(test_months="2023-02..2023-03")
    with pytest.raises(DataError, match=r"version 1, was trained or calibrated on 2023-02,"):
        nodes.read_trips(registered_of(finished_run), {}, [], {}, params)


def test_the_order_promotes_only_when_asked_to() -> None:
    report = {"version": "1", "criteria": [{"name": "size", "passed": True}]}
    assert nodes.gate_promotion(report, PromotionParams()) == {
        "promote": False,
        "gate_report": report,
    }
    assert nodes.gate_promotion(report, PromotionParams(auto_promote=True))["promote"]
