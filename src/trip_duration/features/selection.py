"""Selection of features by what a small model makes of them."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd

from trip_duration.params import FeatureEngineeringParams


def rank_features(
    train: pd.DataFrame, validation: pd.DataFrame, target: str, params: FeatureEngineeringParams
) -> dict[str, float]:
    """Rank features by gain, or by permutation on the validation window.

    Args:
        train: Features and target of training trips; evenly spaced rows of it are used.
        validation: Features and target of the validation window.
        target: Name of the target.
        params: Method and size of the small model.

    Returns:
        Share of each feature in the importance of all, in the order of the columns. Permutation:
        the rise of the mean absolute error when a column is shuffled (Breiman, Random Forests,
        2001), nothing where the error falls.
    """
    settings = params.selection
    rows = _thin(train, settings.rows)
    names = [name for name in train.columns if name != target]
    booster = _fit_small(rows[names], rows[target], params)
    if settings.method == "gain":
        importance = booster.feature_importance("gain")
    else:
        later = _thin(validation, settings.rows)
        importance = _permute(booster, later[names], later[target], params.seed)
    shares = importance / max(importance.sum(), np.finfo(float).tiny)
    return dict(zip(names, shares.tolist(), strict=True))


def _thin(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    return frame.iloc[:: max(-(-len(frame) // rows), 1)]


def _fit_small(
    features: pd.DataFrame, minutes: pd.Series, params: FeatureEngineeringParams
) -> lgb.Booster:
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
    matrix = features.to_numpy(np.float32)
    data = lgb.Dataset(matrix, minutes.to_numpy(), feature_name=list(features.columns))
    return lgb.train(settings, data, params.selection.trees)


def _permute(
    booster: lgb.Booster, features: pd.DataFrame, minutes: pd.Series, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    matrix, truth = features.to_numpy(np.float32), minutes.to_numpy()
    order = np.random.default_rng(seed).permutation(len(matrix))

    def error(rows: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
        return float(np.abs(booster.predict(rows) - truth).mean())

    usual = error(matrix)
    rises = []
    for column in range(matrix.shape[1]):
        shuffled = matrix.copy()
        shuffled[:, column] = matrix[order, column]
        rises.append(max(error(shuffled) - usual, 0.0))
    return np.array(rises)
