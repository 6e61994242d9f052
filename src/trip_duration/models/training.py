"""How a predictor is trained: the one way, whoever asks for it.

Knows trips and parameters. It must not know pipelines, files or tracking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    full, train, validation = fit_features(known_trips[~late], known_trips[late], zones, params)
    kept = choose_features(train, validation, full, params)["kept"]
    early, ways = full.select(kept), params.presentation
    shown = present(train, full, early, ways), present(validation, full, early, ways)
    if not params.refit:
        return TrainingSet(early, *shown, early)
    full, known, _ = fit_features(known_trips, known_trips[:0], zones, params)
    last = full.select(kept)
    return TrainingSet(early, *shown, last, present(known, full, last, ways))


def train(data: TrainingSet, params: ModellingParams, facts: Mapping[str, Any]) -> Trained:
    """Train the estimator, stop it by validation, calibrate its intervals, fit it to all trips.

    Intervals stay those that were calibrated on trips that nothing had learnt from.

    Args:
        data: Training and validation rows.
        params: Family, objective and settings.
        facts: Where the data come from; the predictor carries them.
    """
    names = data.early_transformer.selected_
    estimator = make_estimator(params)
    estimator.fit(*data.train, eval_set=data.validation, feature_names=names)
    floor = float(data.train.minutes.min())
    early = Predictor(data.early_transformer, estimator, floor, facts)
    predicted = early.predict_minutes(data.validation.matrix)
    intervals = learn_intervals(data.train, data.validation, predicted, names, params)
    early = early.with_intervals(intervals)
    if data.known is None:
        return Trained(early, early, estimator.curve_)
    again = make_estimator(params).refit(estimator, *data.known)
    predictor = Predictor(data.transformer, again, floor, facts, intervals)
    return Trained(predictor, early, estimator.curve_)


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
