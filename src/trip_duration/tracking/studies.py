"""Backtests and comparisons as MLflow runs: their figures are metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trip_duration.params.flat import flatten

if TYPE_CHECKING:
    from mlflow import MlflowClient

# the node that makes the models of a study, and the report that it ends in
STUDIES = {"run_backtest": "backtest_report", "run_comparison": "comparison_report"}
_BATCH = 1_000
# MLflow takes no other characters in the name of a metric
_REFUSED = re.compile(r"[^\w.\-/ ]")


def study_metrics(name: str, report: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a study's table by name.

    Args:
        name: ``backtest_report`` or ``comparison_report``.
        report: The report.

    Returns:
        For example ``backtest.lightgbm.2023-04.month_1.request.mae``.
    """
    study = name.removesuffix("_report")
    rows = _tested(report) if study == "backtest" else _compared(report)
    numbers: dict[str, float] = {}
    for label, row in rows:
        leaves = flatten(row)
        kept = {k: v for k, v in leaves.items() if type(v) in (int, float)}
        named = {f"{study}.{label}.{leaf}": float(value) for leaf, value in kept.items()}
        numbers |= {_REFUSED.sub("_", key): value for key, value in named.items()}
    return numbers


def _tested(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row in report["months"]:
        yield f"{row['family']}.{row['month']}.month_{row['age']}", row


def _compared(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row in report["candidates"]:
        yield f"{row['family']}.{row['feature_set']}", row


def log_study(client: MlflowClient, run_id: str, name: str, report: Mapping[str, Any]) -> None:
    """Log the numbers of a study to its run.

    Args:
        client: MLflow's client of the place where the run is tracked.
        run_id: Identity of the run.
        name: ``backtest_report`` or ``comparison_report``.
        report: The report.
    """
    from mlflow.entities import Metric  # noqa: PLC0415 - only where a run is tracked

    now = client.get_run(run_id).info.start_time
    metrics = [Metric(key, value, now, 0) for key, value in study_metrics(name, report).items()]
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
