"""Selection of features by what a small model makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trip_duration.params import FeatureEngineeringParams

if TYPE_CHECKING:
    import lightgbm as lgb

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Rows = tuple[Matrix, Floats]


def rank_features(
    train: Rows,
    later: Rows,
    names: Sequence[str],
    params: FeatureEngineeringParams,
) -> list[float]:
    """Rank features by gain, or by permutation on the validation window.

    Args:
        train: Features and durations of training trips.
        later: Features and durations of the validation window.
        names: Names of the columns.
        params: Method and size of the small model.

    Returns:
        Share of each feature in the importance of all, in the order of the columns. Permutation:
        the rise of the mean absolute error when a column is shuffled (Breiman, Random Forests,
        2001), nothing where the error falls.
    """
    booster = _fit_small(train, names, params)
    if params.selection.method == "gain":
        importance = booster.feature_importance("gain")
    else:
        importance = _permute(booster, *later, params.seed)
    shares: list[float] = (importance / max(importance.sum(), np.finfo(float).tiny)).tolist()
    return shares


def _fit_small(rows: Rows, names: Sequence[str], params: FeatureEngineeringParams) -> lgb.Booster:
    import lightgbm as lgb  # noqa: PLC0415 - a second, which only a run that trains is to pay

    settings = {
        "objective": "l1",
        "num_leaves": 63,
        "learning_rate": 0.15,
        "num_threads": params.num_threads,
        "seed": params.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lgb.Dataset(*rows, feature_name=list(names))
    return lgb.train(settings, data, params.selection.trees)


def _permute(booster: lgb.Booster, matrix: Matrix, truth: Floats, seed: int) -> Floats:
    order = np.random.default_rng(seed).permutation(len(matrix))

    def error(rows: Matrix) -> float:
        return float(np.abs(booster.predict(rows) - truth).mean())

    usual = error(matrix)
    rises = []
    for column in range(matrix.shape[1]):
        shuffled = matrix.copy()
        shuffled[:, column] = matrix[order, column]
        rises.append(max(error(shuffled) - usual, 0.0))
    return np.array(rises)
