from __future__ import annotations

import pandas as pd
import pytest

from tests.features.small_city import make_trips
from trip_duration.evaluation.importance import (
    average_contributions,
    permute_features,
    rank_features,
    space_evenly,
)
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.lightgbm import LightGBM
from trip_duration.params import LightGBMParams

COLUMNS = ("route_distance", "typical_distance", "workday")


@pytest.fixture
def predictor(fitted: FeatureTransformer, trips: pd.DataFrame) -> Predictor:
    """Learnt from the distance and, of trips without one, from what their zones are apart."""
    transformer = fitted.select(COLUMNS)
    known = transformer.transform(trips)
    both = pd.concat([trips, trips.assign(route_distance=None)])
    matrix = transformer.transform(both)
    assert len(matrix) == 2 * len(known)
    estimator = LightGBM(LightGBMParams(num_trees=60, num_leaves=7, min_data_in_leaf=5))
    estimator.fit(matrix, both["duration_minutes"], feature_names=transformer.selected_)
    return Predictor(transformer, estimator, 1.0)


@pytest.fixture
def later() -> pd.DataFrame:
    trips = make_trips(300, seed=1, first_day="2023-02-06")
    return trips.rename(columns={"route_distance": "trip_distance"})


def test_trips_are_spaced_evenly() -> None:
    trips = pd.DataFrame({"trip": range(10)})
    assert space_evenly(trips, 4)["trip"].tolist() == [0, 3, 6, 9]
    assert space_evenly(trips, 5)["trip"].tolist() == [0, 2, 4, 6, 8]
    assert len(space_evenly(trips, 100)) == 10


def test_shuffling_the_distance_costs_where_it_is_known(
    predictor: Predictor, later: pd.DataFrame
) -> None:
    rises = permute_features(later, predictor, 0)
    without, known = rises["permutation"], rises["permutation_with_distance"]
    assert list(without) == list(known) == list(predictor.transformer.selected_)
    assert without["route_distance"] == 0.0
    assert known["route_distance"] > 1.0
    assert without["typical_distance"] > 1.0
    # the workday is not learnt from, so that shuffling it changes next to nothing
    assert abs(without["workday"]) < 0.3


def test_shuffling_follows_its_seed(predictor: Predictor, later: pd.DataFrame) -> None:
    assert permute_features(later, predictor, 0) == permute_features(later, predictor, 0)
    assert permute_features(later, predictor, 0) != permute_features(later, predictor, 1)


CONTRIBUTIONS = pd.DataFrame(
    {
        "request": [0, 0, 1, 1, 2, 2],
        "with_distance": [False, False, True, True, False, False],
        "feature": ["hour", "distance"] * 3,
        "contribution": [1.0, 0.0, -2.0, 8.0, -4.0, 1.0],
    }
)


def test_contributions_are_averaged_by_size_and_kind_of_request() -> None:
    assert average_contributions(CONTRIBUTIONS) == {
        "contribution": {"hour": 2.5, "distance": 0.5},
        "contribution_with_distance": {"hour": 2.0, "distance": 8.0},
    }
    assert list(average_contributions(CONTRIBUTIONS.iloc[:2])) == ["contribution"]


def test_features_are_ranked_over_both_kinds() -> None:
    assert list(rank_features(CONTRIBUTIONS).items()) == [
        ("distance", 3.0),
        ("hour", pytest.approx(7 / 3)),
    ]
