"""Examples: the rows of features and durations that an estimator learns from.

One way leads from trips to examples, whoever trains: a run, a trial, a fold of a backtest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.features.requests import requests_of
from trip_duration.features.selection import rank_features
from trip_duration.features.transformer import FEATURES, FeatureTransformer, Matrix
from trip_duration.params import FeatureEngineeringParams

TARGET = "duration_minutes"
# what a lookup table goes by, and what every report of a request speaks of
_NEEDED = ("hour", "pickup_zone", "dropoff_zone")


class Examples(NamedTuple):
    """Rows that an estimator learns from.

    Attributes:
        matrix: Features, shape ``(n, features)``.
        minutes: Durations, shape ``(n,)``.
    """

    matrix: Matrix
    minutes: npt.NDArray[np.float64]

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Examples:
        """Read examples from a frame of features with the target."""
        matrix = frame.drop(columns=TARGET).to_numpy(np.float32)
        return cls(matrix, frame[TARGET].to_numpy(np.float64))

    def to_frame(self, made_by: FeatureTransformer) -> pd.DataFrame:
        """Return them as a frame, its columns named by the transformer; the target is the last."""
        names = pd.Index(made_by.get_feature_names_out(), dtype="str")
        frame = pd.DataFrame(self.matrix, columns=names, copy=False)
        frame[TARGET] = self.minutes
        return frame

    def thin(self, rows: int) -> Examples:
        """Return at most so many rows, evenly spaced."""
        step = max(-(-len(self.minutes) // rows), 1)
        return Examples(self.matrix[::step], self.minutes[::step])


def fit_features(
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: FeatureEngineeringParams,
) -> tuple[FeatureTransformer, Examples, Examples]:
    """Fit the feature transformer on training trips alone, and transform both.

    The history of a training trip comes from the other days.
    """
    history = params.history
    transformer = FeatureTransformer(zones, history.smoothing, history.folds)
    minutes = [trips[TARGET].to_numpy(np.float64) for trips in (train_trips, validation_trips)]
    train = transformer.fit_transform(requests_of(train_trips), minutes[0])
    later = transformer.transform(requests_of(validation_trips))
    return transformer, Examples(train, minutes[0]), Examples(later, minutes[1])


def choose_features(
    train: Examples,
    validation: Examples,
    transformer: FeatureTransformer,
    params: FeatureEngineeringParams,
) -> dict[str, Any]:
    """Choose the features that a small model finds worth having, on trips as they are presented.

    Args:
        train: Training trips with all features.
        validation: Trips of the validation window, for the ranking by permutation.
        transformer: The fitted transformer that made them.
        params: Feature sources, method, threshold and size of the small model.

    Returns:
        The method, the share of importance of each feature, those kept and those dropped.
    """
    settings = params.selection
    made = transformer.selected_
    usable = transformer.select(
        feature.name
        for feature in FEATURES
        if feature.name in made and feature.source in settings.sources
    )
    kept, shares = list(usable.selected_), {}
    if settings.method != "none":
        shown, later = (
            present(rows.thin(settings.rows), transformer, usable, params.presentation)
            for rows in (train, validation)
        )
        shares = dict(zip(kept, rank_features(shown, later, kept, params), strict=True))
        kept = [name for name in kept if shares[name] >= settings.min_share or name in _NEEDED]
    dropped = [name for name in made if name not in kept]
    return {"method": settings.method, "importance": shares, "kept": kept, "dropped": dropped}


def present(
    examples: Examples, made_by: FeatureTransformer, narrowed: FeatureTransformer, ways: str
) -> Examples:
    """Present every trip with its distance, without it, or both, one after the other.

    Args:
        examples: Trips with all features that ``made_by`` makes.
        made_by: The transformer that made them.
        narrowed: The transformer that makes the wanted features only.
        ways: ``both``, ``with_distance`` or ``without_distance``.
    """
    names = list(made_by.selected_)
    given = examples.matrix
    if narrowed.selected_ != made_by.selected_:
        given = given[:, [names.index(name) for name in narrowed.selected_]]
    shown = {"with_distance": given, "without_distance": narrowed.without_distance(given)}
    chosen = [matrix for way, matrix in shown.items() if ways in (way, "both")]
    return Examples(np.concatenate(chosen), np.tile(examples.minutes, len(chosen)))
