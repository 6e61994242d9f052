"""Backtests and comparisons are runs of their own, with their figures as metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trip_duration.tracking.studies import study_metrics

SETTINGS = {"experiment_name": "studies", "backtest": {"families": "linear", "window": 1}}


@pytest.fixture
def backtest(project: Path, run_kedro: Any, runs_of: Any) -> Any:
    """The MLflow run of a backtest."""
    run_kedro(project, SETTINGS, pipeline_names=["backtest"])
    (run,) = runs_of(project, "studies")
    return run


def test_a_backtest_is_one_run_with_its_figures_and_reports(backtest: Any, project: Path) -> None:
    assert backtest.info.run_name == "backtest synthetic green"
    assert backtest.info.status == "FINISHED"
    assert backtest.data.tags["source"] == "synthetic"
    assert backtest.data.params["estimator.linear.loss"] == "epsilon_insensitive"
    assert {"data_digest", "sha256.2023-01", "version.scikit-learn"} <= set(backtest.data.tags)
    metrics = backtest.data.metrics
    for month in ("2023-02", "2023-03"):
        assert metrics[f"backtest.linear.{month}.month_1.trips"] > 1_000
        assert metrics[f"backtest.linear.{month}.month_1.train_trips"] > 1_000
        assert 0 < metrics[f"backtest.linear.{month}.month_1.request.mae"] < 10
        assert metrics[f"backtest.linear.{month}.month_1.request.coverage"] == pytest.approx(
            0.9, abs=0.1
        )
    reports = Path(backtest.info.artifact_uri.removeprefix("file://")) / "reports"
    assert {"backtest_report.json", "report_backtest.json"} <= {p.name for p in reports.iterdir()}
    assert not backtest.outputs.model_outputs


def test_a_comparison_of_feature_sets_is_one_run(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    chosen = {"families": "linear", "feature_sets": "all without_history", "window": 1}
    run_kedro(
        project, {"experiment_name": "sets", "comparison": chosen}, pipeline_names=["comparison"]
    )
    (run,) = runs_of(project, "sets")
    assert run.info.run_name == "comparison synthetic green"
    assert {"data_digest", "sha256.2023-03"} <= set(run.data.tags)
    assert run.data.metrics["comparison.linear.all.trips"] > 1_000
    assert run.data.metrics["comparison.linear.all.train_trips"] > 1_000
    assert run.data.metrics["comparison.linear.all.trainings"] == 2
    names = [name for name in run.data.metrics if name.endswith(".mae.request")]
    assert sorted(names) == [
        "comparison.linear.all.mae.request",
        "comparison.linear.without_history.mae.request",
    ]


def test_only_numbers_are_metrics_under_names_that_mlflow_takes() -> None:
    row = {"family": "linear", "feature_set": "a, b", "trips": 10, "best": True, "fit": None}
    report = {"candidates": [{**row, "mae": {"request": 4.5}}]}
    assert study_metrics("comparison_report", report) == {
        "comparison.linear.a_ b.mae.request": 4.5,
        "comparison.linear.a_ b.trips": 10.0,
    }
