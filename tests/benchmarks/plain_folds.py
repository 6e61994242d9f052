"""Training on a fold as a plain script does it; nothing of this project is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd

from tests.benchmarks.plain_run import fit, history, refit, twice

SMALL = {"num_leaves": 63, "learning_rate": 0.15, "verbosity": -1}
NEEDED = ("hour", "pickup_zone", "dropoff_zone")
SHARED = ("objective", "num_threads", "seed", "deterministic", "force_row_wise")


class Fold(NamedTuple):
    """What is trained on: earlier days, the last days, and both with features of their own."""

    train: tuple[Any, Any]
    later: tuple[Any, Any]
    known: tuple[Any, Any]
    features: Callable[[pd.DataFrame], pd.DataFrame]
    names: list[str]


def read(trips: Path, months: list[str]) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(trips / f"{m}.parquet") for m in months], ignore_index=True)


def end_of(month: str) -> pd.Timestamp:
    return pd.Timestamp(f"{month}-01") + pd.DateOffset(months=1)


def prepare(known: pd.DataFrame, end: pd.Timestamp, zones: Any, job: dict[str, Any]) -> Fold:
    """Make the features of a fold, and choose those that a small model finds worth having."""
    late = known["pickup_datetime"] >= end - pd.Timedelta(days=job["validation_days"])
    train, validation = known[~late].reset_index(drop=True), known[late].reset_index(drop=True)
    early, own = history(train, zones, job["features"])
    names = choose(own, train, job)
    known = pd.concat([train, validation], ignore_index=True)  # the order in which we have them
    features, again = history(known, zones, names)
    later = twice(early(validation)[names], validation)
    return Fold(twice(own[names], train), later, twice(again, known), features, names)


def choose(features: pd.DataFrame, trips: pd.DataFrame, job: dict[str, Any]) -> list[str]:
    asked = job["selection"]
    step = max(-(-len(trips) // asked["rows"]), 1)
    settings = {**SMALL, **{name: job["lightgbm"][name] for name in SHARED}}
    data = lgb.Dataset(*twice(features[::step], trips[::step]))
    gain = lgb.train(settings, data, asked["trees"]).feature_importance("gain")
    shares = dict(zip(features, gain / gain.sum(), strict=True))
    return [name for name in shares if shares[name] >= asked["min_share"] or name in NEEDED]


def train(fold: Fold, job: dict[str, Any]) -> tuple[lgb.Booster, lgb.Booster]:
    """The model of the earlier days, stopped by the last ones, and that of all days."""
    first = fit(fold.train, fold.later, job)
    return first, refit(fold.known, first.best_iteration, job)


def guess(model: lgb.Booster, matrix: Any, fold: Fold) -> Any:
    return np.clip(model.predict(matrix), *limits(fold))


def limits(fold: Fold) -> tuple[float, float]:
    return fold.train[1].min(), fold.train[1].max()
