"""Three months of a small city, and a recipe that trains in a blink."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.features.small_city import make_trips
from trip_duration.evaluation.recipe import Recipe
from trip_duration.months import MonthPart
from trip_duration.params import FeatureEngineeringParams, ModellingParams

TREES = {"num_trees": 15, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}


def month_of(month: str, digest: str = "a", rows: int = 500) -> MonthPart:
    """Make a month whose trips lie in its last two weeks."""
    last = pd.Timestamp(f"{month}-01") + pd.offsets.MonthEnd()
    first = f"{last - pd.Timedelta(days=13):%Y-%m-%d}"

    def read() -> pd.DataFrame:
        drawn = make_trips(rows, int(month[-2:]), first)
        return drawn.rename(columns={"route_distance": "trip_distance"})

    record = {"digest": f"{month} {digest}", "sha256": f"sha of {month} {digest}"}
    return MonthPart(month, record, read)


def months_of(*months: str) -> dict[str, MonthPart]:
    return {month: month_of(month) for month in months}


def recipe_of(zones: pd.DataFrame, **modelling: Any) -> Recipe:
    features = FeatureEngineeringParams(
        train_months="2020-01", test_months="2020-02", num_threads=1, selection={"trees": 5}
    )
    settings = {
        "num_threads": 1,
        "lightgbm": TREES,
        "intervals": {"quantiles": TREES, "bands": 1},
        **modelling,
    }
    return Recipe(zones, features, ModellingParams(model_type="lightgbm", **settings))
