"""The one way in which a predictor is trained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.features.small_city import make_trips
from trip_duration.models.training import make_training_set, train, train_lookup
from trip_duration.params import FeatureEngineeringParams, ModellingParams

SMALL = {"num_trees": 60, "num_leaves": 7, "min_data_in_leaf": 5, "early_stopping_rounds": 5}
FROM = pd.Timestamp("2023-01-11")


def features(**values: object) -> FeatureEngineeringParams:
    chosen = {"train_months": "2023-01", "test_months": "2023-02", "selection": {"method": "none"}}
    return FeatureEngineeringParams.model_validate({**chosen, **values})


def modelling(model_type: str = "lightgbm") -> ModellingParams:
    ends = {"quantiles": SMALL, "bands": 2}
    return ModellingParams(model_type=model_type, lightgbm=SMALL, intervals=ends)


@pytest.fixture
def known() -> pd.DataFrame:
    """Two weeks of trips."""
    return make_trips(1500).rename(columns={"route_distance": "trip_distance"})


def test_what_is_learnt_from_ends_before_the_window(known: pd.DataFrame, zones: object) -> None:
    data = make_training_set(known, FROM, zones, features())
    before = int((known["pickup_datetime"] < FROM).sum())
    assert len(data.train.minutes) == 2 * before
    assert len(data.validation.minutes) == 2 * (len(known) - before)
    assert data.known is not None
    assert len(data.known.minutes) == 2 * len(known)


def test_altered_validation_trips_change_nothing_before_them(
    known: pd.DataFrame, zones: object
) -> None:
    late = known["pickup_datetime"] >= FROM
    other = known.assign(duration_minutes=known["duration_minutes"].where(~late, 100.0))
    one, two = (make_training_set(trips, FROM, zones, features()) for trips in (known, other))
    assert one.train.matrix.tobytes() == two.train.matrix.tobytes()
    assert one.early_transformer.to_files() == two.early_transformer.to_files()
    assert one.known is not None
    assert two.known is not None
    assert one.known.matrix.tobytes() != two.known.matrix.tobytes()


def test_the_refit_has_the_rounds_that_validation_found(known: pd.DataFrame, zones: object) -> None:
    trained = train(make_training_set(known, FROM, zones, features()), modelling(), {"a": 1})
    rounds = trained.curve.best_round
    assert trained.curve.validation.index(min(trained.curve.validation)) + 1 == rounds
    assert trained.early.estimator.booster_.current_iteration() == rounds
    assert trained.predictor.estimator.booster_.current_iteration() == rounds
    assert trained.predictor.sha256 != trained.early.sha256
    assert trained.predictor.intervals is trained.early.intervals
    assert trained.predictor.facts == {"a": 1}


def test_without_a_refit_there_is_one_predictor(known: pd.DataFrame, zones: object) -> None:
    data = make_training_set(known, FROM, zones, features(refit=False))
    trained = train(data, modelling(), {})
    assert data.known is None
    assert trained.predictor.sha256 == trained.early.sha256


@pytest.mark.parametrize("family", ["lookup", "linear", "lightgbm"])
def test_every_family_answers_with_honest_intervals(
    known: pd.DataFrame, zones: object, family: str
) -> None:
    trained = train(make_training_set(known, FROM, zones, features()), modelling(family), {})
    later = make_trips(2000, 9)
    for asked in (later, later.drop(columns="route_distance")):
        answer = trained.predictor.predict(asked)
        assert (answer.lower <= answer.minutes).all()
        assert (answer.minutes <= answer.upper).all()
        actual = later["duration_minutes"]
        assert ((answer.lower <= actual) & (actual <= answer.upper)).mean() > 0.86


def test_the_table_takes_codes_and_hours_of_any_transformer(
    known: pd.DataFrame, zones: object
) -> None:
    data = make_training_set(known, FROM, zones, features())
    params = ModellingParams(model_type="lookup", lookup={"min_trips": 1})
    table = train_lookup(known, data.early_transformer, params, {})
    assert table.transformer.selected_ == ("hour", "pickup_zone", "dropoff_zone")
    answer = table.predict(known.iloc[[0]])
    assert np.isnan(answer.lower).all()
