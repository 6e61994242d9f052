"""Parameters, metrics and tags in batches that MLflow takes."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow takes 100 parameters, 100 tags, and 1,000 of all together in one call
BATCH, MOST_METRICS = 100, 800


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
    run_tags = [RunTag(k, v) for k, v in tags.items()]
    parts = (_split(finite, MOST_METRICS), _split(texts, BATCH), _split(run_tags, BATCH))
    batches: Iterator[tuple[list[Any], ...]] = zip_longest(*parts, fillvalue=[])
    for some_metrics, some_params, some_tags in batches:
        client.log_batch(run_id, some_metrics, some_params, some_tags)


def _split(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
