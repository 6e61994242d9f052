"""How a predictor is trained: the one way, whoever asks for it.

Knows trips and parameters. It must not know pipelines, files or tracking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from trip_duration.features import FeatureTransformer, requests_of
from trip_duration.features.examples import (
    TARGET,
    Examples,
    choose_features,
    fit_features,
    present,
)
from trip_duration.models.estimator import LearningCurve
from trip_duration.models.families import make_estimator
from trip_duration.models.intervals import learn_intervals
from trip_duration.models.lookup import COLUMNS, LookupTable
from trip_duration.models.predictor import Predictor
from trip_duration.params import FeatureEngineeringParams, ModellingParams


@dataclass(frozen=True)
class TrainingSet:
    """What an estimator is trained on, as it is presented to it.

    Attributes:
        early_transformer: Makes the features of the first two; fitted on training trips alone.
        train: What the estimator learns from at first.
        validation: Later trips, by which it stops and its intervals are calibrated.
        transformer: Makes the features of ``known``; fitted on all known trips.
        known: All known trips, if the estimator is to be fitted once more to them.
    """

    early_transformer: FeatureTransformer
    train: Examples
    validation: Examples
    transformer: FeatureTransformer
    known: Examples | None = None


class Trained(NamedTuple):
    """What training gives.

    Attributes:
        predictor: Learnt from all known trips if parameters say so, else from training trips.
        early: Learnt from the training trips alone: validation trips are new to it.
        curve: How the loss fell.
    """

    predictor: Predictor
    early: Predictor
    curve: LearningCurve


def make_training_set(
    known_trips: pd.DataFrame,
    validation_from: pd.Timestamp,
    zones: pd.DataFrame,
    params: FeatureEngineeringParams,
) -> TrainingSet:
    """Make a training set of trips.

    Args:
        known_trips: Trips up to the day of training.
        validation_from: Instant at which the validation window begins.
        zones: Geometry of the zones.
        params: Settings of history, selection and presentation.
    """
    late = (known_trips["pickup_datetime"] >= validation_from).to_numpy()
    before, after = known_trips[~late], known_trips[late]
    full, train, validation = fit_features(before, after, zones, params)
    kept = choose_features(train, validation, full, params)["kept"]
    early, ways = full.select(kept), params.presentation
    shown = present(train, full, early, ways), present(validation, full, early, ways)
    if not params.refit:
        return TrainingSet(early, *shown, early)
    # in one order whoever trains: bagging draws rows by their place
    everything = pd.concat([before, after], ignore_index=True)
    full, known, _ = fit_features(everything, everything[:0], zones, params)
    last = full.select(kept)
    return TrainingSet(early, *shown, last, present(known, full, last, ways))


def train(data: TrainingSet, params: ModellingParams, facts: Mapping[str, Any]) -> Trained:
    """Train the estimator, stop it by validation, calibrate its intervals, fit it to all trips.

    Intervals stay those that were calibrated on trips that no weight was learnt from; they only
    told training when to stop.

    Args:
        data: Training and validation rows.
        params: Family, objective and settings.
        facts: Where the data come from; the predictor carries them.
    """
    predictor, early, curve = train_points(data, params, facts)
    names = data.early_transformer.selected_
    predicted = early.predict_minutes(data.validation.matrix)
    intervals = learn_intervals(data.train, data.validation, predicted, names, params)
    return Trained(predictor.with_intervals(intervals), early.with_intervals(intervals), curve)


def train_points(data: TrainingSet, params: ModellingParams, facts: Mapping[str, Any]) -> Trained:
    """Train the estimator as ``train`` does, without intervals.

    Args:
        data: Training and validation rows.
        params: Family, objective and settings.
        facts: Where the data come from; the predictor carries them.
    """
    estimator = make_estimator(params)
    names = data.early_transformer.selected_
    estimator.fit(*data.train, eval_set=data.validation, feature_names=names)
    shortest, longest = float(data.train.minutes.min()), float(data.train.minutes.max())
    early = Predictor(data.early_transformer, estimator, shortest, facts, ceiling=longest)
    if data.known is None:
        return Trained(early, early, estimator.curve_)
    again = make_estimator(params).refit(estimator, *data.known)
    predictor = replace(early, transformer=data.transformer, estimator=again)
    return Trained(predictor, early, estimator.curve_)


def recalibrate(predictor: Predictor, trips: pd.DataFrame, params: ModellingParams) -> Predictor:
    """Calibrate the intervals of a predictor anew, on trips that it has not learnt from.

    Args:
        predictor: The predictor; its point estimates stay as they are.
        trips: Trips with their metered distance, each of which is taken with it and without.
        params: Coverage, its margin, and number of bands.
    """
    if predictor.intervals is None:
        return predictor
    given = predictor.transformer.transform(requests_of(trips))
    matrix = np.concatenate([given, predictor.transformer.without_distance(given)])
    actual = np.tile(trips[TARGET].to_numpy(np.float64), 2)
    minutes = predictor.predict_minutes(matrix)
    calibrated = predictor.intervals.calibrated(matrix, minutes, actual, params.intervals)
    return predictor.with_intervals(calibrated)


def train_lookup(
    trips: pd.DataFrame,
    transformer: FeatureTransformer,
    params: ModellingParams,
    facts: Mapping[str, Any],
) -> Predictor:
    """Train the lookup table that every model has to beat.

    Args:
        trips: What it learns from.
        transformer: Makes zone codes and hours.
        params: Settings of the table.
        facts: Where the trips come from.
    """
    narrow = transformer.select(COLUMNS)
    minutes = trips[TARGET].to_numpy(np.float64)
    table = LookupTable(params.lookup.min_trips)
    table.fit(narrow.transform(requests_of(trips)), minutes, feature_names=narrow.selected_)
    return Predictor(narrow, table, float(minutes.min()), facts)
