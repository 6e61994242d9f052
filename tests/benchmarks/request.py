"""The time of one request."""

from __future__ import annotations

import timeit
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.benchmarks.measure import Report, Row, medians
from tests.benchmarks.projects import Workshop
from trip_duration.models import Predictor


def bench_request(shop: Workshop) -> Report:
    """One request as arrays and as a frame, against the bare booster on its row of features."""
    predictor = Predictor.load(shop.trained.data / "06_models/predictor")
    arrays = {
        "pickup_datetime": np.array(["2023-04-03T08:30"], "datetime64[us]"),
        "pickup_zone": np.array([74]),
        "dropoff_zone": np.array([236]),
        "route_distance": np.array([2.6]),
    }
    frame = pd.DataFrame(arrays)
    row = predictor.transformer.transform(arrays)
    booster = predictor.estimator.booster_  # type: ignore[attr-defined]
    sides = {
        "arrays": lambda: predictor.predict(arrays),
        "frame": lambda: predictor.predict(frame),
        "features": lambda: predictor.transformer.transform(arrays),
        "booster": lambda: booster.predict(row, num_threads=1),
    }
    answers = [predictor.predict(a).minutes[0] for a in (arrays, frame)] + [sides["booster"]()[0]]
    assert np.ptp(answers) == 0, answers
    calls = 50 if shop.quick else 500
    took = medians({k: microseconds(v, calls) for k, v in sides.items()}, 7, "request")
    trees = booster.num_trees()
    bare = f"{took['booster']:.0f} us"
    rows = [
        Row(f"one request, {name}", f"{took[key]:.0f} us", bare, took[key] / took["booster"])
        for name, key in (("plain arrays", "arrays"), ("DataFrame", "frame"))
    ]
    remark = (
        f"one request: theirs is the bare booster of {trees} trees on the same row, one thread; "
        f"of ours, features take {took['features']:.0f} us, and two more boosters say the interval"
    )
    return Report(rows, [remark])


def microseconds(action: Callable[[], object], calls: int) -> Callable[[], float]:
    return lambda: timeit.timeit(action, number=calls) / calls * 1e6
