"""Nodes that train the baseline and the predictor, and predict every split with both."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

import pandas as pd

from trip_duration.evaluation.importance import space_evenly
from trip_duration.evaluation.predictions import predict_trips
from trip_duration.evaluation.splits import SPLIT_CHOICES, require_same_choices
from trip_duration.features import FeatureTransformer
from trip_duration.features.examples import Examples
from trip_duration.identity import digest_of_json
from trip_duration.models import Predictor
from trip_duration.models.training import TrainingSet, train, train_lookup
from trip_duration.params import FeatureEngineeringParams, IngestionParams, ModellingParams

log = logging.getLogger(__name__)


def describe_training(
    split_facts: dict[str, Any],
    ingestion: IngestionParams,
    feature_engineering: FeatureEngineeringParams,
    modelling: ModellingParams,
) -> dict[str, Any]:
    """Describe what a model of this run learns from, so that the model can carry it.

    Args:
        split_facts: What the splits are made of.
        ingestion: Source and service that the parameters of this run name.
        feature_engineering: Months and settings of the splits that they name.
        modelling: Family and seeds.

    Returns:
        Kind of source (``synthetic`` or ``real``), service, months, a digest over the checksums of
        the training months, and settings. The address of the source is left out: the same data give
        the same model wherever they lie.

    Raises:
        DataError: If the splits were made with other parameters than this run has.
    """
    require_same_choices(split_facts, ingestion, feature_engineering)
    checksums = {month: split_facts["checksums"][month] for month in split_facts["train_months"]}
    return {
        "source": split_facts["source"],
        "service": split_facts["service"],
        **{name: split_facts[name] for name in SPLIT_CHOICES},
        "data_digest": digest_of_json(checksums),
        "seed": modelling.seed,
        "objective": modelling.objective,
    }


def train_baseline(
    train_trips: pd.DataFrame,
    validation_trips: pd.DataFrame,
    early_transformer: FeatureTransformer,
    facts: dict[str, Any],
    params: ModellingParams,
) -> tuple[Predictor, Predictor]:
    """Train the lookup table that every model has to beat, on the trips that the model has.

    Args:
        train_trips: Trips before the validation window.
        validation_trips: Trips of the validation window.
        early_transformer: Makes zone codes and hours.
        facts: What the model is learnt from.
        params: Settings of the table.

    Returns:
        The table, and one that the validation trips are new to.
    """
    early = train_lookup(train_trips, early_transformer, params, facts)
    if not facts["refit"]:
        return early, early
    all_trips = pd.concat([train_trips, validation_trips], ignore_index=True)
    return train_lookup(all_trips, early_transformer, params, facts), early


def train_predictor(
    model_input_train: pd.DataFrame,
    model_input_validation: pd.DataFrame,
    model_input_known: pd.DataFrame,
    early_transformer: FeatureTransformer,
    feature_transformer: FeatureTransformer,
    facts: dict[str, Any],
    params: ModellingParams,
) -> tuple[Predictor, Predictor, dict[str, Any]]:
    """Train the estimator, calibrate its intervals, and put them together with the transformer.

    Args:
        model_input_train: What the estimator learns from at first.
        model_input_validation: What stops the training early, and calibrates the intervals.
        model_input_known: All known trips; no rows if the estimator is not to be fitted once more.
        early_transformer: Made the features of the first two.
        feature_transformer: Made those of the third.
        facts: What the model is learnt from.
        params: Family, objective and settings.

    Returns:
        The predictor, one that the validation trips are new to, and the loss after each round.
    """
    inputs = model_input_train, model_input_validation, model_input_known
    first, validation, all_examples = (Examples.from_frame(rows) for rows in inputs)
    refit = all_examples if len(all_examples.minutes) else None
    training_set = TrainingSet(early_transformer, first, validation, feature_transformer, refit)
    trained = train(training_set, params, facts)
    log.info(
        "%s trained on %d rows of %d features, %d rounds",
        params.model_type,
        *first.matrix.shape,
        trained.curve.best_round,
    )
    return trained.predictor, trained.early, asdict(trained.curve)


def sample_training(train_trips: pd.DataFrame, params: ModellingParams) -> pd.DataFrame:
    """Take evenly spaced training trips, enough for the metrics of training."""
    rows = params.train_rows or len(train_trips)
    return space_evenly(train_trips, rows).reset_index(drop=True)


def predict_validation(
    early_predictor: Predictor, early_baseline: Predictor, validation_trips: pd.DataFrame
) -> pd.DataFrame:
    """Predict the validation window by models to which its trips are new.

    Args:
        early_predictor: Learnt from the days before the window.
        early_baseline: The lookup table of the same days.
        validation_trips: Trips of the window.

    Returns:
        The trips with their predictions, as ``predict_splits`` gives them.
    """
    return predict_trips(validation_trips, early_predictor, early_baseline).assign(
        split=_split("validation", len(validation_trips))
    )


def predict_splits(
    predictor: Predictor,
    baseline: Predictor,
    train_sample: pd.DataFrame,
    validation_predictions: pd.DataFrame,
    test_trips: pd.DataFrame,
) -> pd.DataFrame:
    """Predict every trip without its distance, with it, and by the baseline.

    Args:
        predictor: The trained predictor.
        baseline: The lookup table.
        train_sample: Some of the trips that both have learnt from.
        validation_predictions: The validation window, predicted already.
        test_trips: Trips that neither has seen.

    Returns:
        The trips with their split and columns of predicted minutes.
    """
    train, test = (
        predict_trips(trips, predictor, baseline).assign(split=_split(name, len(trips)))
        for name, trips in (("train", train_sample), ("test", test_trips))
    )
    return pd.concat([train, validation_predictions, test], ignore_index=True)


def _split(name: str, rows: int) -> Any:
    # pandera takes half a second to import, which the list of pipelines need not wait for
    from trip_duration.schemas import SPLITS  # noqa: PLC0415

    return pd.Categorical([name] * rows, categories=SPLITS)
