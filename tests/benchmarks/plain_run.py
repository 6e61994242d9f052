"""The whole job as a plain script: read, clean, features, fit, predict, metrics.

Usage: ``python -m tests.benchmarks.plain_run <folder of raw months> <job.json> <folder to write>``.
Nothing of this project is imported. ``job.json`` has what a script would have as constants
(months, features, LightGBM's settings), taken from the run that it is compared with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn import metrics

from tests.benchmarks import plain_cleaning as cleaning
from tests.benchmarks import plain_features as make
from tests.benchmarks import plain_intervals

TARGET = "duration_minutes"
ROUTE = ["route_distance", "route_detour", "route_duration"]


def load(raw: Path, service: str, months: list[str], zones: list[int]) -> pd.DataFrame:
    paths = [raw / f"trip-data/{service}_tripdata_{month}.parquet" for month in months]
    return pd.concat(
        [cleaning.clean(cleaning.read(p, service), p.stem[-7:], zones)[0] for p in paths],
        ignore_index=True,
    )


def twice(features: pd.DataFrame, trips: pd.DataFrame) -> tuple[Any, Any]:
    """Each trip with its distance and without."""
    hidden = features.assign(**{name: np.nan for name in ROUTE if name in features})
    both = np.concatenate([features.to_numpy("float32"), hidden.to_numpy("float32")])
    return both, np.tile(trips[TARGET], 2)


def fit(train: tuple[Any, Any], later: tuple[Any, Any], job: dict[str, Any]) -> lgb.Booster:
    settings = {**job["lightgbm"], "verbosity": -1}
    data = lgb.Dataset(*train, params=settings)
    stop = lgb.early_stopping(job["early_stopping_rounds"], verbose=False)
    watched = [lgb.Dataset(*later, reference=data, params=settings)]
    return lgb.train(settings, data, job["num_trees"], valid_sets=watched, callbacks=[stop])


def refit(known: tuple[Any, Any], rounds: int, job: dict[str, Any]) -> lgb.Booster:
    settings = {**job["lightgbm"], "verbosity": -1}
    return lgb.train(settings, lgb.Dataset(*known, params=settings), rounds)


def fit_baseline(trips: pd.DataFrame) -> tuple[list[pd.DataFrame], float]:
    keys = ["pickup_zone", "dropoff_zone", "hour"]
    trips = trips.assign(hour=trips["pickup_datetime"].dt.hour)
    tables = []
    for depth in (1, 2, 3):
        cells = trips.groupby(keys[:depth])[TARGET].agg(["median", "size"])
        tables.append(cells.loc[cells["size"] >= 10, ["median"]])
    return tables, trips[TARGET].median()


def predict_baseline(baseline: tuple[list[pd.DataFrame], float], trips: pd.DataFrame) -> pd.Series:
    trips = trips.assign(hour=trips["pickup_datetime"].dt.hour)
    minutes = pd.Series(baseline[1], index=trips.index)
    for table in baseline[0]:
        found = trips.join(table, on=list(table.index.names))["median"]
        minutes = found.fillna(minutes)
    return minutes


def score(actual: Any, predicted: Any, ends: Any = None) -> dict[str, float]:
    error = predicted - actual
    held = {}
    if ends is not None:
        held["coverage"] = float(((ends[0] <= actual) & (actual <= ends[1])).mean())
        held["mean_width"] = float((ends[1] - ends[0]).mean())
    return {
        **held,
        "mae": metrics.mean_absolute_error(actual, predicted),
        "rmse": metrics.root_mean_squared_error(actual, predicted),
        "mape": metrics.mean_absolute_percentage_error(actual, predicted),
        "r2": metrics.r2_score(actual, predicted),
        "rmsle": metrics.root_mean_squared_log_error(actual, predicted),
        "p90_abs_error": float(np.quantile(np.abs(error), 0.9)),
        "bias": float(error.mean()),
        "n": len(actual),
    }


def history(
    trips: pd.DataFrame, zones: pd.DataFrame, names: list[str]
) -> tuple[Callable[[pd.DataFrame], pd.DataFrame], pd.DataFrame]:
    """Learn the history of trips: what makes features of others, and their own features."""
    size = int(zones.index.max()) + 1
    rows = pd.Series(range(1, len(zones) + 1), index=zones.index)
    codes = rows[sorted({*trips["pickup_zone"], *trips["dropoff_zone"]})]
    shape = make.geometry(trips, zones)
    street = shape["street_distance"]
    learnt = make.learn(trips, street, size)

    def features(others: pd.DataFrame) -> pd.DataFrame:
        shape = make.geometry(others, zones)
        typical = make.look_up(others, shape["street_distance"], learnt)
        return make.assemble(others, shape, typical, codes)[names]

    own = make.assemble(trips, shape, make.own_history(trips, street, size), codes)
    return features, own[names]


def main(raw: Path, job: dict[str, Any], to: Path) -> None:
    zones = make.read_zones(raw / "misc/taxi_zones.zip", raw / "misc/taxi_zone_lookup.csv")
    known = load(raw, job["service"], job["train_months"], list(zones.index))
    test = load(raw, job["service"], job["test_months"], list(zones.index))
    end = pd.Timestamp(f"{job['train_months'][-1]}-01") + pd.DateOffset(months=1)
    late = known["pickup_datetime"] >= end - pd.Timedelta(days=job["validation_days"])
    train, validation = known[~late].reset_index(drop=True), known[late].reset_index(drop=True)

    early, own = history(train, zones, job["features"])
    shown = twice(own, train)
    later = twice(early(validation), validation)
    first = fit(shown, later, job)
    floor = train[TARGET].min()
    guess = np.maximum(first.predict(later[0]), floor)
    distance = job["features"].index("route_distance")
    bounds = plain_intervals.learn(shown, later, guess, distance, job)
    # bagging draws rows by their place: these are in the order in which our run has them
    known = pd.concat([train, validation], ignore_index=True)
    features, own = history(known, zones, job["features"])
    model = refit(twice(own, known), first.best_iteration, job)

    step = max(len(train) // job["train_rows"], 1)
    sample = train.iloc[::step].reset_index(drop=True)
    report = {}
    for split, trips in {"train": sample, "validation": validation, "test": test}.items():
        unseen = split == "validation"
        both, _ = later if unseen else twice(features(trips), trips)
        minutes = guess if unseen else np.maximum(model.predict(both), floor)
        ends = np.split(np.array(bounds(both, minutes)), 2, axis=1)
        given, hidden = np.split(minutes, 2)
        lookup = predict_baseline(fit_baseline(train if unseen else known), trips)
        report[split] = {
            "request": score(trips[TARGET], hidden, ends[1]),
            "request_with_distance": score(trips[TARGET], given, ends[0]),
            "baseline": score(trips[TARGET], lookup),
        }

    to.mkdir(parents=True, exist_ok=True)
    model.save_model(to / "model.txt")
    (to / "metrics.json").write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3]))
