"""A search in MLflow: one parent for each run, and a nested run for each trial."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import Run

PARENT = "mlflow.parentRunId"
SEARCH = {"model_type": "lookup", "tuning": {"strategy": "random", "trials": 3}}


@pytest.fixture(scope="module")
def searched(new_project: Callable[[], Path], run_kedro: Any) -> Path:
    """A project after a run from the months to the settings. Not to be written to."""
    project = new_project()
    run_kedro(project, SEARCH, pipeline_names=["ingestion", "data_processing", "tuning"])
    return project


@pytest.fixture
def project(searched: Path, new_project: Callable[[], Path]) -> Path:
    """A project with the data and the trials of ``searched`` that was never tracked."""
    project = new_project()
    shutil.copytree(searched / "data", project / "data", ignore=shutil.ignore_patterns("mlflow*"))
    return project


def family_of(runs: list[Run]) -> tuple[list[Run], list[Run]]:
    """Parents, and children in the order of the search."""
    parents = [run for run in runs if PARENT not in run.data.tags]
    children = [run for run in runs if PARENT in run.data.tags]
    return parents, sorted(children, key=lambda run: int(run.data.tags["trial"]))


def records_in(project: Path) -> list[dict[str, Any]]:
    files = sorted((project / "data/06_models/tuning_trials").glob("*.json"))
    return [json.loads(path.read_text()) for path in files]


def test_a_search_is_one_finished_parent_with_a_readable_name(searched: Path, runs_of: Any) -> None:
    (parent,), _ = family_of(runs_of(searched))
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "tuning lookup synthetic green 2023-01..2023-02"
    assert parent.data.params["tuning.strategy"] == "random"
    assert parent.data.params["estimator.lookup.min_trips"] == "10"
    assert parent.data.tags["source"] == "synthetic"
    assert {"data_digest", "sha256.2023-01"} <= set(parent.data.tags)
    assert not parent.outputs.model_outputs
    assert mlflow.active_run() is None


def test_the_parent_says_what_was_found(searched: Path, runs_of: Any) -> None:
    (parent,), _ = family_of(runs_of(searched))
    made = json.loads((searched / "data/08_reporting/tuning_report.json").read_text())
    assert parent.data.metrics["tuning.best"] == made["winner"]["value"]
    assert parent.data.metrics["tuning.default"] == made["default"]["value"]
    assert parent.data.metrics["tuning.minutes"] == made["gain"]["minutes"]
    assert parent.data.tags["tuning.winner"] == str(made["winner"]["number"])
    reports = Path(parent.info.artifact_uri.removeprefix("file://")) / "reports"
    assert json.loads((reports / "tuning_report.json").read_text()) == made
    assert "report_tuning_history.json" in {path.name for path in reports.iterdir()}


def test_the_parent_has_the_trips_of_each_fold(searched: Path, runs_of: Any) -> None:
    (parent,), _ = family_of(runs_of(searched))
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{searched}/data/mlflow.db")
    sizes = json.loads((searched / "data/05_model_input/tuning_fold_sizes.json").read_text())
    for use in ("train", "validation", "test"):
        history = client.get_metric_history(parent.info.run_id, f"fold.rows.{use}")
        logged = {metric.step: metric.value for metric in history}
        assert logged == {fold: size[use] for fold, size in enumerate(sizes)}
    # each fold knows the days before its window, which the one before it was scored on
    assert sizes[1]["train"] + sizes[1]["validation"] == sum(sizes[0].values())


def test_every_trial_is_a_nested_run_with_all_that_is_known_of_it(
    searched: Path, runs_of: Any
) -> None:
    (parent,), children = family_of(runs_of(searched))
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{searched}/data/mlflow.db")
    assert len(children) == len(records_in(searched)) == 3
    for child, record in zip(children, records_in(searched), strict=True):
        assert child.info.run_name == f"trial {record['number']}"
        assert child.data.tags[PARENT] == parent.info.run_id
        assert child.data.tags["state"] == record["state"]
        assert child.data.tags["resumed"] == "false"
        assert child.info.status == "FINISHED"
        assert child.data.params == {"min_trips": str(record["params"]["min_trips"])}
        assert child.data.metrics.get("value") == record["value"]
        assert child.data.metrics["seconds"] == record["seconds"]
        history = client.get_metric_history(child.info.run_id, "fold.score")
        by_fold = sorted(history, key=lambda score: score.step)
        assert [score.value for score in by_fold] == record["scores"]
        took = child.info.end_time - child.info.start_time
        assert took == pytest.approx(1_000 * record["seconds"], abs=1)
        assert parent.info.start_time <= child.info.start_time
        assert child.info.end_time <= parent.info.end_time


def test_seconds_of_the_search_hold_those_of_its_trials(searched: Path, runs_of: Any) -> None:
    (parent,), _ = family_of(runs_of(searched))
    seconds = parent.data.metrics["seconds.search_settings"]
    assert sum(record["seconds"] for record in records_in(searched)) < seconds
    assert seconds < parent.data.metrics["seconds.run"]


def test_trials_of_an_earlier_run_are_logged_to_the_new_parent_too(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    more = {"model_type": "lookup", "tuning": {"strategy": "random", "trials": 5}}
    run_kedro(project, more, pipeline_names=["tuning"])
    (parent,), children = family_of(runs_of(project))
    resumed = [child.data.tags["resumed"] for child in children]
    assert resumed == ["true", "true", "true", "false", "false"]
    assert {child.data.tags[PARENT] for child in children} == {parent.info.run_id}


def test_tuning_and_training_in_one_run_have_one_parent(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    parts = ["tuning", "feature_engineering", "modelling"]
    run_kedro(
        project, {"model_type": "lookup", "tuning": {"strategy": "none"}}, pipeline_names=parts
    )
    (parent,), children = family_of(runs_of(project))
    assert parent.info.run_name == "lookup synthetic green 2023-01..2023-02 -> 2023-03"
    assert parent.outputs.model_outputs
    assert [child.data.tags["trial"] for child in children] == ["0"]


def test_a_search_that_fails_says_why_and_leaves_no_open_run(
    project: Path, run_kedro: Any, runs_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("no table")

    monkeypatch.setattr("trip_duration.models.lookup.LookupTable._fit", broken)
    params = {**SEARCH, "seed": 5, "experiment_name": "failing"}
    with pytest.raises(RuntimeError):
        run_kedro(project, params, pipeline_names=["tuning"])
    (parent,), children = family_of(runs_of(project, "failing"))
    assert (parent.info.status, parent.data.tags["error"]) == ("FAILED", "RuntimeError: no table")
    assert children == []
    assert mlflow.active_run() is None


INTERRUPTED = """
import json, sys
from trip_duration.models.tuning.folds import Fold
score, calls = Fold.score, []
def leaving(self, params):
    calls.append(params)
    if len(calls) == 4:
        sys.exit(3)
    return score(self, params)
Fold.score = leaving
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
bootstrap_project(sys.argv[1])
params = json.loads(sys.argv[2])
with KedroSession.create(sys.argv[1], env='test', runtime_params=params) as session:
    session.run(pipeline_names=['tuning'])
"""


def test_an_interrupted_search_is_killed_and_keeps_the_trials_that_had_ended(
    project: Path, runs_of: Any
) -> None:
    params = {**SEARCH, "seed": 6, "experiment_name": "interrupted"}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-c", INTERRUPTED, str(project), json.dumps(params)]
    assert subprocess.run(command, env=clean, check=False).returncode == 3
    (parent,), children = family_of(runs_of(project, "interrupted"))
    assert parent.info.status == "KILLED"
    assert [child.info.status for child in children] == ["FINISHED"]


def test_a_search_that_has_nothing_left_to_make_is_not_tracked(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    run_kedro(project, SEARCH, pipeline_names=["tuning"], only_missing_outputs=True)
    assert runs_of(project) == []
