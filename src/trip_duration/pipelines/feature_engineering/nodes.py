"""Nodes that split by time, fit the feature transformer on training rows, and make model inputs."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.evaluation.splits import split_off_last_days
from trip_duration.features import FeatureTransformer, requests_of
from trip_duration.features.selection import rank_features
from trip_duration.months import MonthPart
from trip_duration.params import FeatureEngineeringParams

log = logging.getLogger(__name__)
TARGET = "duration_minutes"


def split_trips(
    trips: dict[str, MonthPart], passed_months: list[str], params: FeatureEngineeringParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Split by the calendar into training, validation and test trips.

    Args:
        trips: Processed months.
        passed_months: Months that passed the gate.
        params: Months of training and test, days of validation.

    Returns:
        Training trips, the trips of the last days of training, test trips, and what the splits are
        made of: service, months, first day of validation, checksums of the raw months.

    Raises:
        DataError: If a month was not processed or did not pass.
    """
    known = _read(trips, passed_months, params.train_months)
    begin = split_off_last_days(known, params.train_months[-1], params.validation_days)
    late = known["pickup_datetime"] >= begin
    train = known[~late].reset_index(drop=True)
    validation = known[late].reset_index(drop=True)
    test = _read(trips, passed_months, params.test_months)
    log.info(
        "%d training trips before %s, %d validation trips from then on, %d test trips",
        len(train),
        begin.date(),
        len(validation),
        len(test),
    )
    return train, validation, test, _describe_splits(trips, begin, params)


def _describe_splits(
    trips: dict[str, MonthPart], begin: pd.Timestamp, params: FeatureEngineeringParams
) -> dict[str, Any]:
    months = (*params.train_months, *params.test_months)
    return {
        "service": trips[months[0]].record["service"],
        "train_months": list(params.train_months),
        "test_months": list(params.test_months),
        "validation_days": params.validation_days,
        "validation_from": f"{begin:%Y-%m-%d}",
        "presentation": params.presentation,
        "checksums": {month: trips[month].record["sha256"] for month in months},
    }


def _read(trips: dict[str, MonthPart], passed: list[str], months: tuple[str, ...]) -> pd.DataFrame:
    absent = [month for month in months if month not in passed or month not in trips]
    if absent:
        raise DataError(
            f"months not processed: {', '.join(absent)}. Processed and passed: "
            f"{', '.join(passed)}. Run the pipelines ingestion and data_processing for them."
        )
    return pd.concat([trips[month].read() for month in months], ignore_index=True)


def fit_transformer(
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: FeatureEngineeringParams,
) -> tuple[FeatureTransformer, pd.DataFrame, pd.DataFrame]:
    """Fit the feature transformer on training trips alone.

    Args:
        train_trips: What it learns from.
        validation_trips: Later trips, which it only transforms.
        zones: Geometry of the zones.
        params: Settings of the history.

    Returns:
        The transformer, and features with the target of both splits. The history of a training
        trip comes from the other days.
    """
    history = params.history
    transformer = FeatureTransformer(zones, history.smoothing, history.folds)
    train = transformer.fit_transform(requests_of(train_trips), train_trips[TARGET])
    validation = transformer.transform(requests_of(validation_trips))
    names = transformer.get_feature_names_out()
    return (
        transformer,
        _with_target(train, names, train_trips[TARGET]),
        _with_target(validation, names, validation_trips[TARGET]),
    )


def _with_target(matrix: Any, names: Any, minutes: Any) -> pd.DataFrame:
    frame = pd.DataFrame(matrix, columns=pd.Index(names, dtype="str"), copy=False)
    frame[TARGET] = np.asarray(minutes, dtype=np.float64)
    return frame


def select_features(
    train_features: pd.DataFrame,
    validation_features: pd.DataFrame,
    full_transformer: FeatureTransformer,
    params: FeatureEngineeringParams,
) -> dict[str, Any]:
    """Choose the features that a small model finds worth having, on trips as they are presented.

    Args:
        train_features: Features and target of training trips.
        validation_features: Features and target of the validation window.
        full_transformer: Knows which features tell the distance.
        params: Method, threshold and size of the small model.

    Returns:
        The method, the share of importance of each feature, those kept and those dropped.
    """
    settings = params.selection
    names = [name for name in train_features.columns if name != TARGET]
    if settings.method == "none":
        return {"method": "none", "importance": {}, "kept": names, "dropped": []}
    ways = params.presentation
    train = _present(train_features, full_transformer, ways)
    later = _present(validation_features, full_transformer, ways)
    shares = rank_features(train, later, TARGET, params)
    kept = [name for name in names if shares[name] >= settings.min_share]
    dropped = [name for name in names if name not in kept]
    log.info("%d features kept, dropped: %s", len(kept), ", ".join(dropped) or "none")
    return {"method": settings.method, "importance": shares, "kept": kept, "dropped": dropped}


def narrow_transformer(
    full_transformer: FeatureTransformer, feature_selection: dict[str, Any]
) -> FeatureTransformer:
    """Return the transformer that makes the kept features only."""
    return full_transformer.select(feature_selection["kept"])


def present_requests(
    train_features: pd.DataFrame,
    validation_features: pd.DataFrame,
    feature_transformer: FeatureTransformer,
    params: FeatureEngineeringParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Present every trip twice, with its distance and without, so that one model serves both.

    Args:
        train_features: Features and target of training trips.
        validation_features: Features and target of the validation window.
        feature_transformer: Knows the kept features, and which of them tell the distance.
        params: Whether a trip is presented in both ways, or in one alone.

    Returns:
        Model inputs of both splits; the target is the last column.
    """
    ways = params.presentation
    return (
        _present(train_features, feature_transformer, ways),
        _present(validation_features, feature_transformer, ways),
    )


def _present(features: pd.DataFrame, transformer: FeatureTransformer, ways: str) -> pd.DataFrame:
    names = transformer.get_feature_names_out()
    given = features[list(names)].to_numpy(np.float32)
    shown = {"with_distance": given, "without_distance": transformer.without_distance(given)}
    chosen = [matrix for way, matrix in shown.items() if ways in (way, "both")]
    return _with_target(np.concatenate(chosen), names, np.tile(features[TARGET], len(chosen)))
