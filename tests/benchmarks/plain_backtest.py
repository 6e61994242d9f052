"""A backtest as a plain script: train on the months before each month, and test on it.

Usage: ``python -m tests.benchmarks.plain_backtest <raw months> <trips> <job.json> <to write>``.
Nothing of this project is imported. ``job.json`` has what a script would have as constants.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from tests.benchmarks import plain_features as make
from tests.benchmarks import plain_folds, plain_intervals
from tests.benchmarks.plain_run import TARGET, fit_baseline, predict_baseline, score, twice


def months_before(month: str, window: int) -> list[str]:
    return [str(pd.Period(month, "M") - back) for back in range(window, 0, -1)]


def judge(trips: Path, month: str, zones: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Scores of a month by a model that knows the months before it."""
    months = months_before(month, job["window"])
    known, test = plain_folds.read(trips, months), plain_folds.read(trips, [month])
    fold = plain_folds.prepare(known, plain_folds.end_of(months[-1]), zones, job)
    first, model = plain_folds.train(fold, job)
    seen = plain_folds.guess(first, fold.later[0], fold)
    distance = fold.names.index("route_distance")
    bounds = plain_intervals.learn(fold.train, fold.later, seen, distance, job)
    matrix, _ = twice(fold.features(test), test)
    minutes = plain_folds.guess(model, matrix, fold)
    ends = np.clip(bounds(matrix, minutes), *plain_folds.limits(fold))
    (given, hidden), (first_ends, last_ends) = np.split(minutes, 2), np.split(ends, 2, axis=1)
    lookup = predict_baseline(fit_baseline(known), test)
    return {
        "request": score(test[TARGET], hidden, last_ends),
        "request_with_distance": score(test[TARGET], given, first_ends),
        "baseline": score(test[TARGET], lookup),
    }


def main(raw: Path, trips: Path, job: dict[str, Any], to: Path) -> None:
    zones = make.read_zones(raw / "misc/taxi_zones.zip", raw / "misc/taxi_zone_lookup.csv")
    months = tqdm(job["months"], disable=None)
    found = {month: judge(trips, month, zones, job) for month in months}
    to.mkdir(parents=True, exist_ok=True)
    (to / "months.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    job = json.loads(Path(sys.argv[3]).read_text())
    main(Path(sys.argv[1]), Path(sys.argv[2]), job, Path(sys.argv[4]))
