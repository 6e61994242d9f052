"""What a predictor costs: its size, and the time of its predictions. Here the clock is read."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from trip_duration.features import Requests
from trip_duration.models import Predictor

BATCH, _TIMES_BATCH, _TIMES_ONE = 10_000, 3, 50


def measure_costs(predictor: Predictor, requests: Requests) -> dict[str, float]:
    """Measure what a predictor costs.

    Args:
        predictor: The predictor.
        requests: Requests to predict; repeated if they are too few.

    Returns:
        ``bytes`` when saved; ``request_microseconds``, the median time of one request alone;
        ``row_microseconds``, the time of one in a batch of 10,000.
    """
    bundle = predictor.to_bundle()
    batch = _take(requests, np.arange(BATCH) % len(requests))
    one = _take(requests, np.arange(1))
    alone = [_time(lambda: predictor.predict(one)) for _ in range(_TIMES_ONE)]
    together = [_time(lambda: predictor.predict(batch)) for _ in range(_TIMES_BATCH)]
    return {
        "bytes": len(bundle.manifest()) + sum(map(len, bundle.files.values())),
        "request_microseconds": float(np.median(alone)) * 1e6,
        "row_microseconds": min(together) / BATCH * 1e6,
    }


def _take(requests: Requests, rows: Any) -> Requests:
    return Requests(**{name: column[rows] for name, column in vars(requests).items()})


def _time(call: Callable[[], Any]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start
