"""Parameters, metrics and tags in batches that MLflow takes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

BATCH = 100


def log_batches(
    client: MlflowClient,
    run_id: str,
    metrics: Mapping[str, float],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> None:
    """Log to a run; a metric that is absent or not finite is left out.

    Args:
        client: MLflow's client of the place where the run is tracked.
        run_id: Identity of the run.
        metrics: Numbers by name.
        params: Parameters by name.
        tags: Tags by name.
    """
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - only of tracked runs

    now = time.time_ns() // 1_000_000
    numbers = {k: float(v) for k, v in metrics.items() if v is not None}
    finite = [Metric(k, v, now, 0) for k, v in numbers.items() if math.isfinite(v)]
    texts = [Param(k, v) for k, v in params.items()]
    marks = [RunTag(k, v) for k, v in tags.items()]
    for start in range(0, max(len(texts), 1), BATCH):
        # MLflow takes 100 parameters at a time
        client.log_batch(run_id, params=texts[start : start + BATCH])
    client.log_batch(run_id, metrics=finite, tags=marks)
