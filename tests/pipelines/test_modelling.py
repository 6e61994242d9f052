"""Training and predicting: deterministic, by the calendar, with one predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips, zones
from tests.manifests import INGESTION
from trip_duration.errors import DataError
from trip_duration.models import Predictor
from trip_duration.models.training import TrainingSet, make_training_set
from trip_duration.params import FeatureEngineeringParams, IngestionParams, ModellingParams
from trip_duration.pipelines.feature_engineering import nodes as feature_nodes
from trip_duration.pipelines.modelling import nodes

__all__ = ["zones"]
FEATURES = FeatureEngineeringParams(
    train_months="2023-01", test_months="2023-02", selection={"method": "none"}
)
FACTS = {"train_months": ["2023-01"], "refit": True}


def params_of(model_type: str = "lightgbm", **values: Any) -> ModellingParams:
    small = {"num_trees": 40, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}
    ends = {"quantiles": {**small, "num_leaves": 4}}
    return ModellingParams(model_type=model_type, lightgbm=small, intervals=ends, **values)


def trips_of(seed: int, day: str, rows: int = 400) -> pd.DataFrame:
    return make_trips(rows, seed, day).rename(columns={"route_distance": "trip_distance"})


@pytest.fixture
def inputs(zones: pd.DataFrame) -> TrainingSet:
    """Two weeks to learn from, and a third to stop by."""
    known = trips_of(0, "2023-01-02", 1200)
    return make_training_set(known, pd.Timestamp("2023-01-12"), zones, FEATURES)


def fit(inputs: TrainingSet, params: ModellingParams) -> tuple[Predictor, dict[str, Any]]:
    predictor, _, curve = train_on(inputs, params)
    return predictor, curve


def train_on(
    inputs: TrainingSet, params: ModellingParams
) -> tuple[Predictor, Predictor, dict[str, Any]]:
    early, transformer = inputs.early_transformer, inputs.transformer
    assert inputs.known is not None
    return nodes.train_predictor(
        inputs.train.to_frame(early),
        inputs.validation.to_frame(early),
        inputs.known.to_frame(transformer),
        early,
        transformer,
        FACTS,
        params,
    )


@pytest.mark.parametrize("model_type", ["lightgbm", "linear"])
def test_two_runs_give_the_same_bits(inputs: TrainingSet, model_type: str) -> None:
    first, _ = fit(inputs, params_of(model_type))
    second, _ = fit(inputs, params_of(model_type))
    requests = make_trips(100, 5)
    for one, other in zip(first.predict(requests), second.predict(requests), strict=True):
        assert one.tobytes() == other.tobytes()
    assert first.sha256 == second.sha256


def test_another_seed_gives_another_model(inputs: TrainingSet) -> None:
    first, _ = fit(inputs, params_of(seed=0))
    second, _ = fit(inputs, params_of(seed=1))
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("model_type", ["lightgbm", "linear"])
def test_a_model_beats_the_median(inputs: TrainingSet, model_type: str) -> None:
    predictor, _ = fit(inputs, params_of(model_type))
    requests = make_trips(300, 7)
    minutes = requests["duration_minutes"]
    error = np.abs(predictor.predict(requests).minutes - minutes).mean()
    assert error < 0.5 * np.abs(minutes.median() - minutes).mean()


def test_the_learning_curve_is_that_of_the_training(inputs: TrainingSet) -> None:
    predictor, curve = fit(inputs, params_of())
    assert curve["loss"] == "absolute_error"
    assert curve["best_round"] == np.argmin(curve["validation"]) + 1
    assert curve["train"][0] > curve["train"][curve["best_round"] - 1]
    assert predictor.facts == FACTS


def splits_of(**facts: Any) -> dict[str, Any]:
    return {
        "source": "synthetic",
        "source_root": "synthetic",
        "service": "green",
        "train_months": ["2023-01"],
        "test_months": ["2023-02"],
        "validation_days": 7,
        "presentation": "both",
        "refit": True,
        "checksums": {"2023-01": "a", "2023-02": "b"},
        **facts,
    }


def describe(facts: dict[str, Any], modelling: ModellingParams) -> dict[str, Any]:
    return nodes.describe_training(facts, INGESTION, FEATURES, modelling)


def test_facts_carry_a_digest_of_the_training_months() -> None:
    modelling = params_of(seed=4)
    facts = describe(splits_of(), modelling)
    assert facts["train_months"] == ["2023-01"]
    assert (facts["service"], facts["seed"]) == ("green", 4)
    other_test = splits_of(checksums={"2023-01": "a", "2023-02": "other"})
    assert describe(other_test, modelling) == facts
    other_train = splits_of(checksums={"2023-01": "other", "2023-02": "b"})
    digest = describe(other_train, modelling)["data_digest"]
    assert digest != facts["data_digest"]


def test_facts_carry_the_kind_of_source_and_no_address() -> None:
    real = {"source": "real", "source_root": "/mnt/tlc"}
    moved = {"source": "real", "source_root": "/elsewhere/tlc"}
    facts, same = (
        nodes.describe_training(splits_of(**made), ingestion_of(made), FEATURES, params_of())
        for made in (real, moved)
    )
    assert facts["source"] == "real"
    assert facts == same
    assert describe(splits_of(), params_of())["source"] == "synthetic"


def ingestion_of(made: dict[str, str]) -> IngestionParams:
    return INGESTION.model_copy(update={"source_root": made["source_root"]})


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (
            {"source": "real", "source_root": "/mnt/tlc"},
            "- source_root: the parameters say synthetic, 03_primary/split_facts.json says "
            "/mnt/tlc\n",
        ),
        (
            {"service": "yellow"},
            "- service: the parameters say green, 03_primary/split_facts.json says yellow\n",
        ),
    ],
)
def test_inputs_of_another_source_or_service_are_refused_with_the_command(
    made: dict[str, str], line: str
) -> None:
    with pytest.raises(DataError) as caught:
        describe(splits_of(**made), params_of())
    message = str(caught.value)
    assert line in message
    name = next(reversed(made))
    assert f'add --params "{name}={made[name]}" to the command' in message


@pytest.mark.parametrize(
    "made", [{"train_months": ["2022-12"]}, {"validation_days": 3}, {"presentation": "both "}]
)
def test_inputs_of_other_splits_are_not_learnt_from_under_these_names(made: Any) -> None:
    with pytest.raises(DataError, match=next(iter(made))):
        describe(splits_of(**made), params_of())


def test_the_baseline_is_the_median_of_pair_and_hour(inputs: TrainingSet) -> None:
    trips = trips_of(0, "2023-01-02")
    params = params_of(lookup={"min_trips": 1})
    baseline, early = nodes.train_baseline(
        trips.iloc[:200], trips.iloc[200:], inputs.early_transformer, FACTS, params
    )
    one = trips.iloc[0]
    alike = trips[
        (trips["pickup_zone"] == one["pickup_zone"])
        & (trips["dropoff_zone"] == one["dropoff_zone"])
        & (trips["pickup_datetime"].dt.hour == one["pickup_datetime"].hour)
    ]
    minutes = alike["duration_minutes"]
    assert baseline.predict(trips.iloc[[0]]).minutes[0] == minutes.median()
    assert early.predict(trips.iloc[[0]]).minutes[0] == minutes[minutes.index < 200].median()
    assert baseline.family == "lookup"


def predict(inputs: TrainingSet) -> tuple[Predictor, Predictor, pd.DataFrame]:
    """Return a predictor, the baseline, and the predictions of twenty trips of each split."""
    predictor, early, _ = train_on(inputs, params_of())
    learnt = trips_of(0, "2023-01-02")
    tables = nodes.train_baseline(learnt, learnt, inputs.early_transformer, FACTS, params_of())
    train, later, test = (trips_of(seed, "2023-01-02").head(20) for seed in (0, 1, 2))
    validation = nodes.predict_validation(early, tables[1], later)
    return predictor, tables[0], nodes.predict_splits(predictor, tables[0], train, validation, test)


def test_splits_are_predicted_without_distance_with_it_and_by_the_baseline(
    inputs: TrainingSet,
) -> None:
    predictor, baseline, predictions = predict(inputs)
    counts = predictions["split"].value_counts().to_dict()
    assert counts == dict.fromkeys(("train", "validation", "test"), 20)
    test = predictions[predictions["split"] == "test"]
    requests = test.rename(columns={"trip_distance": "route_distance"})
    without = requests.drop(columns="route_distance")
    for name, asked in (("request", without), ("request_with_distance", requests)):
        expected = predictor.predict(asked)
        assert test[name].tolist() == expected.minutes.tolist()
        assert test[f"{name}_lower"].tolist() == expected.lower.tolist()
        assert test[f"{name}_upper"].tolist() == expected.upper.tolist()
    assert test["baseline"].tolist() == baseline.predict(without).minutes.tolist()


def test_validation_is_predicted_by_what_has_not_learnt_from_it(inputs: TrainingSet) -> None:
    predictor, _, predictions = predict(inputs)
    _, early, _ = train_on(inputs, params_of())
    rows = predictions[predictions["split"] == "validation"]
    requests = rows.rename(columns={"trip_distance": "route_distance"})
    assert rows["request_with_distance"].tolist() == early.predict(requests).minutes.tolist()
    assert rows["request_with_distance"].tolist() != predictor.predict(requests).minutes.tolist()


def test_the_sample_of_training_is_evenly_spaced() -> None:
    trips = trips_of(0, "2023-01-02")
    assert len(nodes.sample_training(trips, params_of(train_rows=0))) == 400
    sample = nodes.sample_training(trips, params_of(train_rows=100))
    assert sample["pickup_datetime"].tolist() == trips["pickup_datetime"][::4].tolist()
    assert len(nodes.sample_training(trips, params_of(train_rows=399))) == 200


def test_a_run_and_a_fold_train_the_same_model_on_the_same_trips(zones: pd.DataFrame) -> None:
    """Published months are not in the order of time; bagging draws rows by their place."""
    known = trips_of(0, "2023-01-02", 1200).sample(frac=1, random_state=0, ignore_index=True)
    begin = pd.Timestamp("2023-01-12")
    late = known["pickup_datetime"] >= begin
    before, after = (known[rows].reset_index(drop=True) for rows in (~late, late))
    full, *shown = feature_nodes.fit_transformer(before, after, zones, FEATURES)
    inputs = feature_nodes.present_requests(*shown, full, full, FEATURES)
    transformer, rows = feature_nodes.fit_known_transformer(before, after, zones, full, FEATURES)
    predictor, _, _ = nodes.train_predictor(*inputs, rows, full, transformer, FACTS, params_of())
    fold = make_training_set(known, begin, zones, FEATURES)
    assert predictor.sha256 == fit(fold, params_of())[0].sha256
