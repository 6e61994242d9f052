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
    assert backtest.info.run_name == "backtest green"
    assert backtest.info.status == "FINISHED"
    metrics = backtest.data.metrics
    for month in ("2023-02", "2023-03"):
        assert 0 < metrics[f"backtest.linear.{month}.month_1.request.mae"] < 10
        assert metrics[f"backtest.linear.{month}.month_1.request.coverage"] == pytest.approx(
            0.9, abs=0.1
        )
    reports = Path(backtest.info.artifact_uri.removeprefix("file://")) / "reports"
    assert {"backtest_report.json", "report_backtest.json"} <= {p.name for p in reports.iterdir()}
    assert not backtest.outputs.model_outputs


def test_numbers_of_a_comparison_are_named_by_candidate() -> None:
    report = {
        "candidates": [
            {
                "candidate": "lightgbm all",
                "mae": {"request": 3.5},
                "trips": 10,
                "family": "lightgbm",
            },
            {"candidate": "linear all", "mae": {"request": 4.5}, "trips": 10, "family": "linear"},
        ]
    }
    assert study_metrics("comparison_report", report) == {
        "comparison.lightgbm_all.mae.request": 3.5,
        "comparison.lightgbm_all.trips": 10.0,
        "comparison.linear_all.mae.request": 4.5,
        "comparison.linear_all.trips": 10.0,
    }
