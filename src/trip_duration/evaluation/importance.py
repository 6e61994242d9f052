"""What features are worth to a predictor, on trips that it has not learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.slices import SUFFIXES
from trip_duration.features import requests_of
from trip_duration.models import Predictor

Importance = dict[str, float]


def space_evenly(trips: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Take at most so many trips, evenly spaced."""
    step = max(-(-len(trips) // rows), 1)
    return trips.iloc[::step]


def permute_features(trips: pd.DataFrame, predictor: Predictor, seed: int) -> dict[str, Importance]:
    """Measure how much worse predictions get when a feature's values are shuffled among trips.

    Features that say the same stand in for each other: shuffling one of them costs little. Source:
    Breiman, Random Forests, 2001.

    Args:
        trips: Trips with their metered distance.
        predictor: The predictor.
        seed: Seed of the shuffling.

    Returns:
        The rise of the mean absolute error in minutes by feature, below none where shuffling has
        helped by chance; as ``permutation`` for requests without distance, and as
        ``permutation_with_distance``.
    """
    shown = predictor.transformer.transform(requests_of(trips))
    # both kinds of request at once, the values of each shuffled among its own
    matrix = np.concatenate([predictor.transformer.without_distance(shown), shown])
    actual = np.tile(trips["duration_minutes"].to_numpy(np.float64), 2)
    order = np.random.default_rng(seed).permutation(len(trips))
    both = np.concatenate([order, len(trips) + order])

    def errors(rows: Any) -> Any:
        off = np.abs(predictor.predict_minutes(rows) - actual)
        return off.reshape(2, -1).mean(axis=1)

    usual = errors(matrix)
    rises = {}
    for column, name in enumerate(predictor.transformer.selected_):
        shuffled = matrix.copy()
        shuffled[:, column] = matrix[both, column]
        rises[name] = errors(shuffled) - usual
    return {
        f"permutation{suffix}": {name: float(rise[kind]) for name, rise in rises.items()}
        for kind, suffix in enumerate(SUFFIXES.values())
    }


def average_contributions(contributions: pd.DataFrame) -> dict[str, Importance]:
    """Average how far each feature moves predictions, up or down.

    Args:
        contributions: A row for each explained request and feature.

    Returns:
        Minutes by feature; as ``contribution`` for requests without distance, and as
        ``contribution_with_distance``; a kind of which no request was explained is left out.
    """
    moved = contributions["contribution"].abs()
    by = [contributions["with_distance"], contributions["feature"]]
    means = moved.groupby(by, sort=False).mean()
    kinds = means.index.get_level_values("with_distance")
    return {
        f"contribution{suffix}": {str(name): float(mean) for name, mean in means[known].items()}
        for known, suffix in zip((False, True), SUFFIXES.values(), strict=True)
        if known in kinds
    }


def rank_features(contributions: pd.DataFrame) -> dict[str, float]:
    """Return how far each feature moves predictions on average, minutes; the farthest first."""
    moved = contributions["contribution"].abs().groupby(contributions["feature"], sort=False).mean()
    ranked = moved.sort_values(ascending=False, kind="stable")
    return {str(name): float(minutes) for name, minutes in ranked.items()}
