"""The time of one request."""

from __future__ import annotations

import timeit
from collections.abc import Callable

import numpy as np
import pandas as pd
from pydantic_core import from_json, to_json

from tests.benchmarks.measure import Report, Row, medians
from tests.benchmarks.projects import PREDICTOR, Workshop
from trip_duration.serving.answers import answer
from trip_duration.serving.model import load_served
from trip_duration.serving.wire import PredictRequest

ASKED = 5.0


def bench_request(shop: Workshop) -> Report:
    """One request as body, arrays and frame, against the bare booster on its row of features."""
    served = load_served(shop.trained.data / PREDICTOR)
    predictor = served.predictor
    arrays = {
        "pickup_datetime": np.array(["2023-04-03T08:30"], "datetime64[us]"),
        "pickup_zone": np.array([74]),
        "dropoff_zone": np.array([236]),
        "route_distance": np.array([2.6]),
    }
    frame = pd.DataFrame(arrays)
    row = predictor.transformer.transform(arrays)
    booster = predictor.estimator.booster_  # type: ignore[attr-defined]
    body = to_json({name: column.tolist()[0] for name, column in arrays.items()})

    def answer_body() -> bytes:
        found = answer(served, [PredictRequest.model_validate_json(body)])
        return to_json({**found.write()[0], "model": served.name})

    sides = {
        "body": answer_body,
        "arrays": lambda: predictor.predict(arrays),
        "frame": lambda: predictor.predict(frame),
        "features": lambda: predictor.transformer.transform(arrays),
        "booster": lambda: booster.predict(row, num_threads=1),
    }
    answers = [predictor.predict(a).minutes[0] for a in (arrays, frame)] + [sides["booster"]()[0]]
    answers.append(from_json(answer_body())["duration_minutes"])
    assert np.ptp(answers) == 0, answers
    calls = 50 if shop.quick else 500
    took = medians({k: microseconds(v, calls) for k, v in sides.items()}, 7, "request")
    trees = booster.num_trees()
    bare = f"{took['booster']:.0f} us"
    rows = [
        Row(f"one request, {name}", f"{took[key]:.0f} us", bare, took[key] / took["booster"], asked)
        for name, key, asked in (
            ("validation to answer", "body", ASKED),
            ("plain arrays", "arrays", None),
            ("DataFrame", "frame", None),
        )
    ]
    remark = (
        f"one request: theirs is the bare booster of {trees} trees on the same row, one thread; "
        f"of ours, features take {took['features']:.0f} us, and two more boosters say the "
        "interval; validation to answer is what the service does without HTTP and logs: from the "
        "bytes of the body to those of the answer, with interval, flags and identity"
    )
    return Report(rows, [remark])


def microseconds(action: Callable[[], object], calls: int) -> Callable[[], float]:
    return lambda: timeit.timeit(action, number=calls) / calls * 1e6
