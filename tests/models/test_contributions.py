"""What each feature adds to a prediction: together they are the prediction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from tests.models.small_families import FOREST, LIGHTGBM, NAMES, XGBOOST, make_families, make_rows
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.lookup import LookupTable
from trip_duration.models.random_forest import RandomForest
from trip_duration.models.xgboost import XGBoost
from trip_duration.params import Objective, RandomForestParams

# as far as four-byte floats of thirty trees go
NEARLY = 1e-6
ONE_TREE = RandomForestParams(
    n_estimators=1, max_samples=1.0, max_features=1.0, min_samples_leaf=1, max_depth=3
)


@pytest.fixture(params=make_families(), ids=lambda estimator: estimator.family)
def estimator(request: pytest.FixtureRequest) -> Estimator:
    family: Estimator = request.param
    return family.fit(*make_rows(), eval_set=make_rows(seed=1), feature_names=NAMES)


def test_base_and_contributions_add_up_to_the_prediction(estimator: Estimator) -> None:
    matrix, _ = make_rows(seed=2)
    base, parts = estimator.contributions(matrix)
    assert (base.shape, parts.shape) == ((300,), (300, 4))
    assert (base.dtype, parts.dtype) == (np.float64, np.float64)
    np.testing.assert_allclose(
        base + parts.sum(axis=1), estimator.predict(matrix), rtol=NEARLY, atol=0
    )


def test_all_rows_have_the_same_base(estimator: Estimator) -> None:
    base, _ = estimator.contributions(make_rows(seed=2)[0])
    assert base == pytest.approx(np.full(300, base[0]), rel=1e-12)


def test_the_base_is_what_is_expected_before_anything_is_known(estimator: Estimator) -> None:
    """The mean prediction of training rows; the lookup table's is a median, as all of it."""
    matrix, minutes = make_rows()
    base, _ = estimator.contributions(matrix[:1])
    expected = (
        np.median(minutes) if estimator.family == "lookup" else estimator.predict(matrix).mean()
    )
    assert base[0] == pytest.approx(expected, rel=0.1)


def test_a_row_has_the_same_contributions_alone(estimator: Estimator) -> None:
    matrix, _ = make_rows(seed=2)
    _, together = estimator.contributions(matrix)
    alone = np.concatenate([estimator.contributions(matrix[[row]])[1] for row in range(20)])
    assert alone.tobytes() == together[:20].tobytes()


def test_a_loaded_estimator_gives_the_same_contributions(estimator: Estimator) -> None:
    matrix, _ = make_rows(seed=2)
    again = type(estimator).from_files(estimator.to_files())
    for mine, theirs in zip(
        again.contributions(matrix), estimator.contributions(matrix), strict=True
    ):
        assert mine.tobytes() == theirs.tobytes()


def test_a_feature_that_tells_nothing_adds_nothing(estimator: Estimator) -> None:
    matrix, minutes = make_rows()
    same = np.column_stack([matrix, np.ones(len(matrix), np.float32)])
    wide = type(estimator)(**estimator.get_params()).fit(same, minutes, feature_names=(*NAMES, "c"))
    assert np.abs(wide.contributions(same)[1][:, 4]).max() == pytest.approx(0.0, abs=1e-9)


def test_an_explanation_adds_up_exactly(
    estimator: Estimator, fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    matrix = fitted.transform(trips)
    names = fitted.selected_
    learnt = type(estimator)(**estimator.get_params()).fit(
        matrix, trips["duration_minutes"], feature_names=names
    )
    predictor = Predictor(fitted, learnt, 1.0)
    told = predictor.explain(trips)
    total = told.base + told.contributions.sum(axis=1)
    np.testing.assert_array_max_ulp(total, told.minutes, maxulp=4)
    assert told.minutes.tobytes() == predictor.predict(trips).minutes.tobytes()
    assert (told.features, told.contributions.shape) == (names, (len(trips), len(names)))
    assert predictor.explain(trips.iloc[:0]).contributions.shape == (0, len(names))


def test_where_the_floor_lifts_a_prediction_the_base_is_lifted(
    fitted: FeatureTransformer, trips: pd.DataFrame
) -> None:
    narrow = fitted.select(("pickup_zone", "dropoff_zone", "hour"))
    table = LookupTable().fit(narrow.transform(trips), trips["duration_minutes"])
    plain, lifted = (Predictor(narrow, table, floor).explain(trips) for floor in (0.0, 500.0))
    assert lifted.minutes.tolist() == [500.0] * len(trips)
    assert lifted.contributions.tolist() == plain.contributions.tolist()
    np.testing.assert_array_max_ulp(lifted.base + lifted.contributions.sum(axis=1), lifted.minutes)


def test_lightgbm_gives_its_own() -> None:
    learnt = LightGBM(LIGHTGBM).fit(*make_rows(), feature_names=NAMES)
    matrix, _ = make_rows(seed=2)
    base, parts = learnt.contributions(matrix)
    own = learnt.booster_.predict(matrix, pred_contrib=True)
    assert np.column_stack([parts, base]).tolist() == own.tolist()


def test_two_ways_to_boost_agree_on_what_matters() -> None:
    """Both give exact Shapley values, of models that have learnt the same rows."""
    matrix, _ = make_rows(seed=2)
    shares = []
    for family in (LightGBM(LIGHTGBM), XGBoost(XGBOOST)):
        _, parts = family.fit(*make_rows(), feature_names=NAMES).contributions(matrix)
        shares.append(np.abs(parts).mean(axis=0) / np.abs(parts).mean(axis=0).sum())
    assert shares[0] == pytest.approx(shares[1], abs=0.1)
    assert shares[0].argmax() == shares[1].argmax() == 3


def test_the_table_says_what_each_further_column_changes() -> None:
    matrix = np.array([(1, 2, 8), (1, 2, 8), (1, 2, 9), (1, 3, 8), (4, 4, 4)], dtype=np.float32)
    table = LookupTable().fit(matrix, [10.0, 20.0, 30.0, 50.0, 7.0], feature_names=NAMES[:3])
    wanted = np.array([(1, 2, 8), (1, 2, 10), (1, 9, 8), (9, 2, 8)], dtype=np.float32)
    base, parts = table.contributions(wanted)
    assert base.tolist() == [20.0] * 4  # the median of all
    assert parts.tolist() == [
        [5.0, -5.0, -5.0],  # zone: 25; pair: 20; cell: 15
        [5.0, -5.0, 0.0],
        [5.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
    ]


def grow(objective: Objective) -> tuple[RandomForest, np.ndarray]:
    """Put one tree in a forest: over 10 at a split by the second feature, then by the first."""
    rows = np.array([(0, 0), (1, 0), (0, 1), (0, 1)], dtype=np.float32)
    minutes = np.array([2.0, 8.0, 32.0, 32.0])
    many = np.tile(rows, (10, 1)), np.tile(minutes, 10)
    forest = RandomForest(ONE_TREE, objective).fit(*many, feature_names=("a", "b"))
    learnt = np.log(minutes) if objective == "absolute_error" else minutes
    # a forest draws its rows with replacement; this tree has seen each of them once
    forest.forest_.estimators_ = [DecisionTreeRegressor().fit(rows, learnt)]
    forest._keep(forest.forest_, objective == "absolute_error")
    return forest, rows


def test_the_forest_gives_each_split_the_change_on_the_path() -> None:
    forest, rows = grow("squared_error")
    base, parts = forest.contributions(rows)
    assert base.tolist() == [18.5] * 4  # the mean of all; of those without b it is 5
    assert parts.tolist() == [[-3.0, -13.5], [3.0, -13.5], [0.0, 13.5], [0.0, 13.5]]


def test_the_forest_turns_logarithms_into_minutes_in_proportion() -> None:
    forest, rows = grow("absolute_error")
    base, parts = forest.contributions(rows)
    # in powers of two: 1, 3, 5 and 5, their mean 3.5, and 2 without b
    assert base == pytest.approx(np.full(4, 2**3.5))
    steps = np.array([(-1.0, -1.5), (1.0, -1.5), (0.0, 1.5), (0.0, 1.5)])
    minutes = np.array([2.0, 8.0, 32.0, 32.0])
    expected = steps * ((minutes - 2**3.5) / steps.sum(axis=1))[:, None]
    np.testing.assert_allclose(parts, expected, rtol=1e-12)


def test_contributions_that_cancel_out_keep_their_proportion() -> None:
    """Where prediction and base are the same, an error in logarithms is worth the base."""
    forest, _ = grow("absolute_error")
    forest.steps_ = [
        (features, np.array([0.0, 0.5, -0.5, 0.0, 0.0])) for features, _ in forest.steps_
    ]
    base, parts = forest.contributions(np.array([(0, 0)], dtype=np.float32))
    assert parts.sum() == 0.0
    assert np.isfinite(parts).all()
    assert np.abs(parts).max() == pytest.approx(0.5 * base[0])


def test_the_forest_follows_missing_values_as_it_predicts_them() -> None:
    forest = RandomForest(FOREST).fit(*make_rows(), feature_names=NAMES)
    unknown = np.full((1, 4), np.nan, dtype=np.float32)
    base, parts = forest.contributions(unknown)
    assert base + parts.sum() == pytest.approx(forest.predict(unknown), rel=1e-12)
