"""Training and predicting: deterministic, by the calendar, with one predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from trip_duration.errors import DataError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.params import FeatureEngineeringParams, ModellingParams
from trip_duration.pipelines.feature_engineering import nodes as feature_nodes
from trip_duration.pipelines.modelling import nodes

__all__ = ["zones"]
FEATURES = FeatureEngineeringParams(train_months="2023-01", test_months="2023-02")
FACTS = {"train_months": ["2023-01"]}


def params_of(model_type: str = "lightgbm", **values: Any) -> ModellingParams:
    small = {"num_trees": 40, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}
    return ModellingParams(model_type=model_type, lightgbm=small, **values)


def trips_of(seed: int, day: str) -> pd.DataFrame:
    return make_trips(400, seed, day).rename(columns={"route_distance": "trip_distance"})


Inputs = tuple[FeatureTransformer, pd.DataFrame, pd.DataFrame]


@pytest.fixture
def inputs(zones: pd.DataFrame) -> Inputs:
    """The fitted transformer, and model inputs of training and validation."""
    train, later = trips_of(0, "2023-01-02"), trips_of(1, "2023-01-16")
    transformer, learnt, known = feature_nodes.fit_transformer(train, later, zones, FEATURES)
    return transformer, *feature_nodes.present_requests(learnt, known, transformer, FEATURES)


def train(inputs: Inputs, params: ModellingParams) -> tuple[Predictor, dict[str, Any]]:
    transformer, learnt, known = inputs
    return nodes.train_predictor(learnt, known, transformer, FACTS, params)


@pytest.mark.parametrize("model_type", ["lightgbm", "linear"])
def test_two_runs_give_the_same_bits(inputs: Inputs, model_type: str) -> None:
    first, _ = train(inputs, params_of(model_type))
    second, _ = train(inputs, params_of(model_type))
    requests = make_trips(100, 5)
    assert first.predict(requests).tobytes() == second.predict(requests).tobytes()
    assert first.sha256 == second.sha256


def test_another_seed_gives_another_model(inputs: Inputs) -> None:
    first, _ = train(inputs, params_of(seed=0))
    second, _ = train(inputs, params_of(seed=1))
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("model_type", ["lightgbm", "linear"])
def test_a_model_beats_the_median(inputs: Inputs, model_type: str) -> None:
    predictor, _ = train(inputs, params_of(model_type))
    requests = make_trips(300, 7)
    minutes = requests["duration_minutes"]
    error = np.abs(predictor.predict(requests) - minutes).mean()
    assert error < 0.5 * np.abs(minutes.median() - minutes).mean()


def test_the_learning_curve_is_that_of_the_training(inputs: Inputs) -> None:
    predictor, curve = train(inputs, params_of())
    assert curve["loss"] == "absolute_error"
    assert curve["best_round"] == np.argmin(curve["validation"]) + 1
    assert curve["train"][0] > curve["train"][curve["best_round"] - 1]
    assert predictor.facts == FACTS


def splits_of(**facts: Any) -> dict[str, Any]:
    return {
        "service": "green",
        "train_months": ["2023-01"],
        "test_months": ["2023-02"],
        "validation_days": 7,
        "presentation": "both",
        "checksums": {"2023-01": "a", "2023-02": "b"},
        **facts,
    }


def test_facts_carry_a_digest_of_the_training_months() -> None:
    modelling = params_of(seed=4)
    facts = nodes.describe_training(splits_of(), FEATURES, modelling)
    assert facts["train_months"] == ["2023-01"]
    assert (facts["service"], facts["seed"]) == ("green", 4)
    other_test = splits_of(checksums={"2023-01": "a", "2023-02": "other"})
    assert nodes.describe_training(other_test, FEATURES, modelling) == facts
    other_train = splits_of(checksums={"2023-01": "other", "2023-02": "b"})
    digest = nodes.describe_training(other_train, FEATURES, modelling)["data_digest"]
    assert digest != facts["data_digest"]


@pytest.mark.parametrize(
    "made", [{"train_months": ["2022-12"]}, {"validation_days": 3}, {"presentation": "both "}]
)
def test_inputs_of_other_splits_are_not_learnt_from_under_these_names(made: Any) -> None:
    with pytest.raises(DataError, match=next(iter(made))):
        nodes.describe_training(splits_of(**made), FEATURES, params_of())


def test_the_baseline_is_the_median_of_pair_and_hour(inputs: Inputs) -> None:
    trips = trips_of(0, "2023-01-02")
    params = params_of(lookup={"min_trips": 1})
    baseline = nodes.train_baseline(trips, inputs[0], FACTS, params)
    one = trips.iloc[0]
    alike = trips[
        (trips["pickup_zone"] == one["pickup_zone"])
        & (trips["dropoff_zone"] == one["dropoff_zone"])
        & (trips["pickup_datetime"].dt.hour == one["pickup_datetime"].hour)
    ]
    assert baseline.predict(trips.iloc[[0]])[0] == alike["duration_minutes"].median()
    assert baseline.family == "lookup"


def test_splits_are_predicted_without_distance_with_it_and_by_the_baseline(
    inputs: Inputs,
) -> None:
    predictor, _ = train(inputs, params_of())
    baseline = nodes.train_baseline(trips_of(0, "2023-01-02"), inputs[0], FACTS, params_of())
    parts = [trips_of(seed, "2023-01-02").head(20) for seed in (0, 1, 2)]
    predictions = nodes.predict_splits(predictor, baseline, *parts)
    assert predictions["split"].value_counts().to_dict() == dict.fromkeys(
        ("train", "validation", "test"), 20
    )
    test = predictions[predictions["split"] == "test"]
    requests = parts[2].rename(columns={"trip_distance": "route_distance"})
    assert test["request_with_distance"].tolist() == predictor.predict(requests).tolist()
    without = requests.drop(columns="route_distance")
    assert test["request"].tolist() == predictor.predict(without).tolist()
    assert test["baseline"].tolist() == baseline.predict(without).tolist()


def test_the_sample_of_training_is_evenly_spaced() -> None:
    trips = trips_of(0, "2023-01-02")
    assert len(nodes.sample_training(trips, params_of(train_rows=0))) == 400
    sample = nodes.sample_training(trips, params_of(train_rows=100))
    assert sample["pickup_datetime"].tolist() == trips["pickup_datetime"][::4].tolist()
    assert len(nodes.sample_training(trips, params_of(train_rows=399))) == 200
