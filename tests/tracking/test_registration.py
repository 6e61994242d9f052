"""Which runs register their predictor, and how the others say why they do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Run

from trip_duration.registry import Registry
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.records import SEMANTIC
from trip_duration.registry.rules import find_problems

RunInProject = Callable[[dict[str, Any], list[str]], tuple[Path, Run]]


@pytest.fixture
def run_in_project(with_data: Callable[[], Path], run_kedro: Any, runs_of: Any) -> RunInProject:
    """Run pipelines in a project with data and an empty registry; returns it and its MLflow run."""

    def run(params: dict[str, Any], pipelines: list[str]) -> tuple[Path, Run]:
        project = with_data()
        run_kedro(project, params, pipeline_names=pipelines)
        (found,) = runs_of(project)
        return project, found

    return run


def versions(project: Path) -> list[str]:
    registry = Registry(f"sqlite:///{project}/data/mlflow.db")
    return [version.number for version in registry.versions()]


def outcome(run: Run) -> str:
    assert run.info.status == "FINISHED"
    return str(run.data.tags["registered"])


def test_a_whole_run_registers_its_predictor_and_says_so(tracked: Run, finished_run: Path) -> None:
    assert outcome(tracked) == "1"
    assert tracked.data.tags[SEMANTIC] == "v1.0.0"
    version = Registry(f"sqlite:///{finished_run}/data/mlflow.db").get("challenger")
    assert (version.number, version.semantic_version) == ("1", "v1.0.0")
    assert version.run_id == tracked.info.run_id
    assert version.tags["family"] == "lightgbm"
    assert version.tags["service"] == "green"
    assert "route_distance" in version.tags["request_columns"].split(",")
    assert version.tags["features"] == tracked.data.tags["features"]


@pytest.mark.parametrize(
    ("params", "pipelines", "objections"),
    [
        # the behaviour report on disk is that of another predictor
        (
            {"seed": 1},
            "modelling reporting",
            ["there is no behaviour report of this predictor"],
        ),
        # metrics on disk are those of an earlier run
        ({}, "modelling behaviour", ["the run has not measured its error on test trips"]),
        (
            {"modelling": {"lightgbm": {"num_trees": 2}}},
            "modelling behaviour reporting",
            ["it fails the behaviour checks", "below that of the lookup table, at least 5.0%"],
        ),
        (
            {"promotion": {"register_runs": False}},
            "modelling behaviour reporting",
            ["promotion.register_runs is false"],
        ),
    ],
    ids=["unexamined", "unmeasured", "poor", "unwanted"],
)
def test_what_is_not_fit_for_production_stays_in_its_run(
    run_in_project: RunInProject, params: dict[str, Any], pipelines: str, objections: list[str]
) -> None:
    project, run = run_in_project(params, pipelines.split())
    text = outcome(run)
    assert text.startswith("no: ")
    reasons = text.removeprefix("no: ").split("; ")
    assert len(reasons) == len(objections)
    for reason, objection in zip(reasons, objections, strict=True):
        assert objection in reason
    assert run.outputs.model_outputs
    assert versions(project) == []


def test_metrics_that_a_run_left_as_they_were_prove_nothing(
    with_data: Callable[[], Path], run_kedro: Any, runs_of: Any
) -> None:
    project = with_data()
    shutil.rmtree(project / "data/06_models/predictor")
    run_kedro(project, only_missing_outputs=True)
    (run,) = runs_of(project)
    assert outcome(run) == "no: the run has not measured its error on test trips"


def test_months_that_the_data_gate_has_not_passed_keep_a_predictor_out(
    with_data: Callable[[], Path], run_kedro: Any, runs_of: Any
) -> None:
    project = with_data()
    path = project / "data/02_intermediate/passed_months.json"
    path.write_text(json.dumps(["2023-01", "2023-03"]))
    run_kedro(project, pipeline_names=["modelling", "behaviour", "reporting"])
    (run,) = runs_of(project)
    assert outcome(run) == "no: the data gate has not passed 2023-02, see data_quality.json"
    path.write_text(json.dumps(["2023-01", "2023-02", "2023-03"]))
    run_kedro(project, pipeline_names=["modelling", "behaviour", "reporting"])
    assert versions(project) == ["1"]


def test_a_run_that_fails_at_its_very_end_has_registered_nothing(
    with_data: Callable[[], Path],
    run_kedro: Any,
    runs_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: Any) -> dict[str, float]:
        raise OSError("no space left")

    project = with_data()
    monkeypatch.setattr("trip_duration.tracking.stopwatch.Stopwatch.metrics", broken)
    with pytest.raises(OSError, match="no space"):
        run_kedro(project, pipeline_names=["modelling", "behaviour", "reporting"])
    (run,) = runs_of(project)
    assert run.info.status == "FAILED"
    assert "registered" not in run.data.tags
    assert versions(project) == []


def test_results_that_cannot_be_printed_do_not_fail_the_run(
    with_data: Callable[[], Path],
    run_kedro: Any,
    runs_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise BrokenPipeError

    project = with_data()
    monkeypatch.setattr("trip_duration.hooks.show_results", broken)
    with pytest.raises(BrokenPipeError):
        run_kedro(project, pipeline_names=["modelling", "behaviour", "reporting"])
    (run,) = runs_of(project)
    assert run.info.status == "FINISHED"
    assert run.data.tags["registered"] == "1"
    assert versions(project) == ["1"]


@pytest.mark.postgres
def test_registry_and_ledger_in_postgresql(
    with_data: Callable[[], Path],
    run_kedro: Any,
    runs_at: Any,
    postgres: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATABASE_URL", postgres)
    project = with_data()
    parts = ["modelling", "behaviour", "reporting"]
    run_kedro(project, tracking_uri=postgres, pipeline_names=parts)
    # its parent is found there too
    run_kedro(project, tracking_uri=postgres, pipeline_names=["recalibration"])
    second, first = runs_at(postgres, "trip-duration")
    assert [outcome(run) for run in (first, second)] == ["1", "2"]
    keeper = Keeper(Registry(postgres), Ledger(postgres), "tester")
    versions = {v.number: (v.semantic_version, v.stage) for v in keeper.registry.versions()}
    assert versions == {"1": ("v1.0.0", "None"), "2": ("v1.0.1", "Staging")}
    keeper.archive("v1.0.1")
    assert keeper.registry.get("challenger").number == "1"
    assert find_problems(keeper.registry, keeper.ledger) == []
    assert not (project / "data/service.db").exists()
