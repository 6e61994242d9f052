"""Nodes that split by time, fit the feature transformer on training rows, and make model inputs."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.evaluation.splits import read_months, split_off_last_days
from trip_duration.features import FeatureTransformer
from trip_duration.features.examples import (
    Examples,
    choose_features,
    fit_features,
    present,
)
from trip_duration.months import MonthPart
from trip_duration.params import FeatureEngineeringParams, IngestionParams
from trip_duration.tlc.provenance import require_provenance, require_same_files

log = logging.getLogger(__name__)


def split_trips(
    trips: dict[str, MonthPart],
    passed_months: list[str],
    raw_manifest: dict[str, Any],
    ingestion: IngestionParams,
    params: FeatureEngineeringParams,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Split by the calendar into training, validation and test trips.

    Args:
        trips: Processed months.
        passed_months: Months that passed the gate.
        raw_manifest: Records of the ingested months.
        ingestion: Source and service that the parameters of this run name.
        params: Months of training and test, days of validation.

    Returns:
        Training trips, the trips of the last days of training, test trips, and what the splits are
        made of: source, service, months, first day of validation, checksums of the raw months.

    Raises:
        DataError: If a month was not processed or did not pass, or if the parameters name another
            source or service than the records.
    """
    provenance = require_provenance(raw_manifest, ingestion)
    known = read_months(trips, passed_months, params.train_months)
    begin = split_off_last_days(known, params.train_months[-1], params.validation_days)
    late = known["pickup_datetime"] >= begin
    train = known[~late].reset_index(drop=True)
    validation = known[late].reset_index(drop=True)
    test = read_months(trips, passed_months, params.test_months)
    require_same_files(raw_manifest, trips, (*params.train_months, *params.test_months))
    log.info(
        "%d training trips before %s, %d validation trips from then on, %d test trips",
        len(train),
        begin.date(),
        len(validation),
        len(test),
    )
    facts = {**asdict(provenance), **_describe_splits(trips, begin, params)}
    return train, validation, test, facts


def _describe_splits(
    trips: dict[str, MonthPart], begin: pd.Timestamp, params: FeatureEngineeringParams
) -> dict[str, Any]:
    months = (*params.train_months, *params.test_months)
    return {
        "train_months": list(params.train_months),
        "test_months": list(params.test_months),
        "validation_days": params.validation_days,
        "validation_from": f"{begin:%Y-%m-%d}",
        "presentation": params.presentation,
        "refit": params.refit,
        "checksums": {month: trips[month].record["sha256"] for month in months},
    }


def fit_transformer(
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    zones: pd.DataFrame,
    params: FeatureEngineeringParams,
) -> tuple[FeatureTransformer, pd.DataFrame, pd.DataFrame]:
    """Fit a feature transformer on training trips alone.

    Args:
        train_trips: What it learns from.
        validation_trips: Later trips, which it only transforms.
        zones: Geometry of the zones.
        params: Settings of the history.

    Returns:
        The transformer, and features with the target of both splits. The history of a training
        trip comes from the other days.
    """
    transformer, *splits = fit_features(train_trips, validation_trips, zones, params)
    train, validation = (rows.to_frame(transformer) for rows in splits)
    return transformer, train, validation


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
    train = Examples.from_frame(train_features)
    validation = Examples.from_frame(validation_features)
    chosen = choose_features(train, validation, full_transformer, params)
    dropped = ", ".join(chosen["dropped"]) or "none"
    log.info("%d features kept, dropped: %s", len(chosen["kept"]), dropped)
    return chosen


def narrow_transformer(
    full_transformer: FeatureTransformer, feature_selection: dict[str, Any]
) -> FeatureTransformer:
    """Return the transformer that makes the kept features only."""
    return full_transformer.select(feature_selection["kept"])


def present_requests(
    train_features: pd.DataFrame,
    validation_features: pd.DataFrame,
    full_transformer: FeatureTransformer,
    early_transformer: FeatureTransformer,
    params: FeatureEngineeringParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Present every trip twice, with its distance and without, so that one model serves both.

    Args:
        train_features: Features and target of training trips.
        validation_features: Features and target of the validation window.
        full_transformer: Made these features.
        early_transformer: Knows the kept features, and which of them tell the distance.
        params: Whether a trip is presented in both ways, or in one alone.

    Returns:
        Model inputs of both splits; the target is the last column.
    """
    ways = params.presentation
    shown = [
        present(Examples.from_frame(features), full_transformer, early_transformer, ways)
        for features in (train_features, validation_features)
    ]
    train, validation = (rows.to_frame(early_transformer) for rows in shown)
    return train, validation


def fit_known_transformer(
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    zones: pd.DataFrame,
    early_transformer: FeatureTransformer,
    params: FeatureEngineeringParams,
) -> tuple[FeatureTransformer, pd.DataFrame]:
    """Fit the transformer of the same features on all known trips, and present these.

    Args:
        train_trips: Trips before the validation window.
        validation_trips: Trips of the validation window.
        zones: Geometry of the zones.
        early_transformer: Fitted on the training trips alone; knows the kept features.
        params: Whether there is to be a refit, settings of the history, presentation.

    Returns:
        The transformer of the predictor, and model inputs of all known trips. Without a refit: the
        early transformer, and no rows.
    """
    if not params.refit:
        nothing = Examples(np.empty((0, early_transformer.n_features_out_), "f4"), np.empty(0))
        return early_transformer, nothing.to_frame(early_transformer)
    known = pd.concat([train_trips, validation_trips], ignore_index=True)
    full, rows, _ = fit_features(known, known[:0], zones, params)
    narrow = full.select(early_transformer.selected_)
    return narrow, present(rows, full, narrow, params.presentation).to_frame(narrow)
