"""Nodes that train the baseline and the predictor, and predict every split with both."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.errors import DataError
from trip_duration.features import FeatureTransformer, requests_of
from trip_duration.models import Predictor
from trip_duration.models.families import make_estimator
from trip_duration.models.lookup import COLUMNS, LookupTable
from trip_duration.params import FeatureEngineeringParams, ModellingParams
from trip_duration.schemas import SPLITS

log = logging.getLogger(__name__)
TARGET = "duration_minutes"
_SPLIT_CHOICES = ("train_months", "test_months", "validation_days", "presentation")


def describe_training(
    split_facts: dict[str, Any],
    feature_engineering: FeatureEngineeringParams,
    modelling: ModellingParams,
) -> dict[str, Any]:
    """Say what a model of this run is learnt from, so that the model can carry it.

    Args:
        split_facts: What the splits are made of.
        feature_engineering: What the parameters of this run say of the splits.
        modelling: Family and seeds.

    Returns:
        Months, a digest over the checksums of the training months, and settings.

    Raises:
        DataError: If the splits were made with other parameters than this run has.
    """
    asked = feature_engineering.model_dump(mode="json", include=set(_SPLIT_CHOICES))
    made = {name: split_facts[name] for name in _SPLIT_CHOICES}
    if asked != made:
        raise DataError(
            f"the model inputs were made with {made}, the parameters say {asked}. Run the pipeline "
            "feature_engineering with the same parameters first."
        )
    checksums = {month: split_facts["checksums"][month] for month in split_facts["train_months"]}
    digest = hashlib.sha256(json.dumps(checksums, sort_keys=True).encode()).hexdigest()
    return {
        "service": split_facts["service"],
        **made,
        "data_digest": digest,
        "seed": modelling.seed,
        "objective": modelling.objective,
    }


def train_baseline(
    train_trips: pd.DataFrame,
    feature_transformer: FeatureTransformer,
    facts: dict[str, Any],
    params: ModellingParams,
) -> Predictor:
    """Train the lookup table that every model has to beat.

    Args:
        train_trips: Training trips.
        feature_transformer: Makes zone codes and hours.
        facts: What the model is learnt from.
        params: Settings of the table.
    """
    transformer = feature_transformer.select(COLUMNS)
    minutes = train_trips[TARGET].to_numpy()
    table = LookupTable(params.lookup.min_trips).fit(
        transformer.transform(train_trips), minutes, feature_names=transformer.selected_
    )
    return Predictor(transformer, table, float(minutes.min()), facts)


def train_predictor(
    model_input_train: pd.DataFrame,
    model_input_validation: pd.DataFrame,
    feature_transformer: FeatureTransformer,
    facts: dict[str, Any],
    params: ModellingParams,
) -> tuple[Predictor, dict[str, Any]]:
    """Train the estimator and put it together with the transformer.

    Args:
        model_input_train: Features and target that it learns from.
        model_input_validation: Features and target by which it stops.
        feature_transformer: Makes the same features of requests.
        facts: What the model is learnt from.
        params: Family, objective and settings.

    Returns:
        The predictor, and how the loss fell in training.
    """
    (train, minutes), later = _matrix(model_input_train), _matrix(model_input_validation)
    names = feature_transformer.selected_
    estimator = make_estimator(params).fit(train, minutes, eval_set=later, feature_names=names)
    curve = estimator.curve_
    log.info(
        "%s trained on %d rows of %d features, %d rounds",
        params.model_type,
        *train.shape,
        curve.best_round,
    )
    return Predictor(feature_transformer, estimator, float(minutes.min()), facts), asdict(curve)


def _matrix(frame: pd.DataFrame) -> tuple[Any, Any]:
    return frame.drop(columns=TARGET).to_numpy(np.float32), frame[TARGET].to_numpy(np.float64)


def sample_training(train_trips: pd.DataFrame, params: ModellingParams) -> pd.DataFrame:
    """Take evenly spaced training trips, enough for the metrics of training."""
    step = max(-(-len(train_trips) // params.train_rows), 1) if params.train_rows else 1
    return train_trips.iloc[::step].reset_index(drop=True)


def predict_splits(
    predictor: Predictor,
    baseline: Predictor,
    train_sample: pd.DataFrame,
    validation_trips: pd.DataFrame,
    test_trips: pd.DataFrame,
) -> pd.DataFrame:
    """Predict every trip without its distance, with it, and by the baseline.

    Args:
        predictor: The trained predictor.
        baseline: The lookup table.
        train_sample: Some of the trips that both have learnt from.
        validation_trips: Trips of the validation window.
        test_trips: Trips that neither has seen.

    Returns:
        The trips with their split and three columns of predicted minutes.
    """
    splits = {"train": train_sample, "validation": validation_trips, "test": test_trips}
    parts = [_predict(name, trips, predictor, baseline) for name, trips in splits.items()]
    return pd.concat(parts, ignore_index=True)


def _predict(
    split: str, trips: pd.DataFrame, predictor: Predictor, baseline: Predictor
) -> pd.DataFrame:
    requests = requests_of(trips)
    matrix = predictor.transformer.transform(requests)
    hidden = predictor.transformer.without_distance(matrix)
    return trips.assign(
        split=pd.Categorical([split] * len(trips), categories=SPLITS),
        request=predictor.predict_features(hidden),
        request_with_distance=predictor.predict_features(matrix),
        baseline=baseline.predict(requests),
    )
