"""One small estimator of every family, and rows to fit it to."""

from __future__ import annotations

import numpy as np

from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.lookup import LookupTable
from trip_duration.models.random_forest import RandomForest
from trip_duration.models.xgboost import XGBoost
from trip_duration.params import (
    LightGBMParams,
    LinearParams,
    RandomForestParams,
    XGBoostParams,
)

NAMES = ("pickup_zone", "dropoff_zone", "hour", "route_distance")
LIGHTGBM = LightGBMParams(num_trees=30, num_leaves=7, min_data_in_leaf=5, early_stopping_rounds=5)
XGBOOST = XGBoostParams(
    n_estimators=30, learning_rate=0.3, max_leaves=7, min_child_weight=2, early_stopping_rounds=5
)
FOREST = RandomForestParams(
    n_estimators=10, max_samples=0.9, max_features=0.8, min_samples_leaf=2, max_depth=12
)
LINEAR = LinearParams(alpha=1e-4, max_iter=200)


def make_families() -> list[Estimator]:
    """Return one unfitted estimator of every family."""
    return [
        LookupTable(),
        Linear(LINEAR),
        RandomForest(FOREST),
        XGBoost(XGBOOST),
        LightGBM(LIGHTGBM),
    ]


def make_rows(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw features and minutes; every seventh row has no distance."""
    random = np.random.default_rng(seed)
    codes = random.integers(1, 4, (rows, 2))
    hour = random.integers(0, 24, rows)
    miles = random.uniform(0.5, 9, rows)
    matrix = np.column_stack([codes, hour, miles]).astype(np.float32)
    matrix[::7, 3] = np.nan
    return matrix, 3 * miles + 4 * (hour > 12) + codes[:, 0] + random.exponential(1, rows)
