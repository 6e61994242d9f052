"""Every family keeps the one interface, scikit-learn's contract, and its numbers when saved."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from trip_duration.models.estimator import Estimator
from trip_duration.models.families import FAMILIES, make_estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.lookup import LookupTable
from trip_duration.params import LightGBMParams, LinearParams, ModellingParams

SMALL = LightGBMParams(num_trees=30, num_leaves=7, min_data_in_leaf=5, early_stopping_rounds=5)
NAMES = ("pickup_zone", "dropoff_zone", "hour", "route_distance")


def make_rows(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    codes = random.integers(1, 4, (rows, 2))
    hour = random.integers(0, 24, rows)
    miles = random.uniform(0.5, 9, rows)
    matrix = np.column_stack([codes, hour, miles]).astype(np.float32)
    matrix[::7, 3] = np.nan
    return matrix, 3 * miles + 4 * (hour > 12) + codes[:, 0] + random.exponential(1, rows)


def families() -> list[Estimator]:
    return [LookupTable(), Linear(LinearParams(alpha=1e-4)), LightGBM(SMALL)]


@pytest.fixture(params=families(), ids=lambda estimator: estimator.family)
def fitted(request: pytest.FixtureRequest) -> Estimator:
    matrix, minutes = make_rows()
    later = make_rows(seed=1)
    estimator: Estimator = request.param
    return estimator.fit(matrix, minutes, eval_set=later, feature_names=NAMES)


@parametrize_with_checks(
    [Linear(LinearParams(alpha=1e-4, max_iter=200)), LightGBM(SMALL), LookupTable()]
)
def test_scikit_learns_own_checks(estimator: Estimator, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def test_every_family_is_known_by_its_name() -> None:
    assert {name: family.family for name, family in FAMILIES.items()} == {
        "lookup": "lookup",
        "linear": "linear",
        "lightgbm": "lightgbm",
    }
    for name in ("linear", "lightgbm"):
        made = make_estimator(ModellingParams(model_type=name, objective="squared_error", seed=3))
        assert (made.family, made.objective, made.seed) == (name, "squared_error", 3)


def test_files_rebuild_the_estimator_to_the_bit(fitted: Estimator) -> None:
    matrix, _ = make_rows(seed=2)
    files = fitted.to_files()
    again = type(fitted).from_files(files)
    assert again.predict(matrix).tobytes() == fitted.predict(matrix).tobytes()
    assert again.to_files() == files
    assert again.feature_names_ == NAMES
    assert again.importance() == fitted.importance()


def test_one_row_gives_the_same_bits_as_many(fitted: Estimator) -> None:
    matrix, _ = make_rows(seed=2)
    together = fitted.predict(matrix)
    alone = np.array([fitted.predict(matrix[[row]])[0] for row in range(40)])
    assert alone.tobytes() == together[:40].tobytes()


def test_training_twice_gives_the_same_bits(fitted: Estimator) -> None:
    matrix, minutes = make_rows()
    again = type(fitted)(**fitted.get_params())
    again.fit(matrix, minutes, eval_set=make_rows(seed=1), feature_names=NAMES)
    assert again.to_files() == fitted.to_files()


def test_shares_of_importance_add_up(fitted: Estimator) -> None:
    importance = fitted.importance()
    assert set(importance) == set(NAMES)
    assert sum(importance.values()) == pytest.approx(1.0)


def test_files_hold_no_pickle(fitted: Estimator) -> None:
    for name, content in fitted.to_files().items():
        assert name.endswith((".json", ".npz", ".txt"))
        assert b"\x80\x04\x95" not in content  # how a pickle begins


def test_early_stopping_keeps_the_best_round() -> None:
    matrix, minutes = make_rows(200)
    random = np.random.default_rng(0).permutation(minutes)
    params = SMALL.model_copy(update={"num_trees": 500})
    estimator = LightGBM(params).fit(matrix, random, eval_set=make_rows(seed=1))
    curve = estimator.curve_
    assert curve.best_round == int(np.argmin(curve.validation)) + 1
    assert len(curve.validation) < 500
    assert estimator.booster_.current_iteration() == curve.best_round


def test_linear_keeps_the_pass_of_the_lowest_validation_loss() -> None:
    matrix, minutes = make_rows()
    params = LinearParams(alpha=1e-4, max_iter=30)
    curve = Linear(params).fit(matrix, minutes, eval_set=make_rows(seed=1)).curve_
    assert curve.best_round == int(np.argmin(curve.validation)) + 1
    assert len(curve.train) == len(curve.validation) >= 3


def test_without_validation_all_trees_are_kept() -> None:
    estimator = LightGBM(SMALL).fit(*make_rows())
    assert estimator.curve_.best_round == 30
    assert estimator.curve_.validation == []
    assert len(estimator.curve_.train) == 30


@pytest.mark.parametrize("family", [Linear, LightGBM])
def test_the_objective_is_what_is_minimised(family: type[Estimator]) -> None:
    """Of skewed durations, absolute error finds the median and squared error the mean."""
    minutes = np.array([1.0, 1.0, 1.0, 1.0, 41.0] * 200)
    matrix = np.zeros((1000, 1), dtype=np.float32)
    matrix[::2] = 1.0
    found = {}
    for objective in ("absolute_error", "squared_error"):
        estimator = family(objective=objective).fit(matrix, minutes)
        found[objective] = float(estimator.predict(matrix).mean())
    assert found["absolute_error"] == pytest.approx(1.0, abs=0.6)
    assert found["squared_error"] == pytest.approx(9.0, abs=0.6)


def test_linear_folds_scikit_learns_pipeline_into_weights() -> None:
    matrix, minutes = make_rows()
    params = LinearParams(alpha=1e-4, max_iter=3)
    ours = Linear(params, seed=1).fit(matrix, minutes, feature_names=NAMES)
    encoder = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), [3]),
            ("c", OneHotEncoder(handle_unknown="ignore"), [0, 1, 2]),
        ]
    )
    theirs = SGDRegressor(
        loss="epsilon_insensitive", epsilon=0.0, alpha=1e-4, average=True, random_state=1
    )
    encoded = encoder.fit_transform(matrix)
    for _ in range(3):
        theirs.partial_fit(encoded, minutes)
    later, _ = make_rows(seed=2)
    later[0, 0] = 99.0  # a code never seen
    expected = theirs.predict(encoder.transform(later))
    np.testing.assert_allclose(ours.predict(later), expected, rtol=1e-6)


def test_the_table_falls_back_from_cell_to_pair_to_zone_to_all() -> None:
    cells = [(1, 2, 8), (1, 2, 8), (1, 2, 9), (1, 3, 8), (4, 4, 4)]
    minutes = np.array([10.0, 20.0, 30.0, 50.0, 7.0])
    matrix = np.array(cells, dtype=np.float32)
    names = ("pickup_zone", "dropoff_zone", "hour")
    table = LookupTable().fit(matrix, minutes, feature_names=names)
    wanted = np.array([(1, 2, 8), (1, 2, 10), (1, 9, 8), (9, 2, 8)], dtype=np.float32)
    assert table.predict(wanted).tolist() == [15.0, 20.0, 25.0, 20.0]
    trusted = LookupTable(min_trips=2).fit(matrix, minutes, feature_names=names)
    again = np.array([(1, 2, 9), (1, 3, 8), (4, 4, 4)], dtype=np.float32)
    assert trusted.predict(again).tolist() == [20.0, 25.0, 20.0]


def test_the_table_finds_its_columns_by_name() -> None:
    matrix, minutes = make_rows()
    names = ("hour", "pickup_zone", "route_distance", "dropoff_zone")
    shuffled = matrix[:, [2, 0, 3, 1]]
    straight = LookupTable().fit(matrix, minutes, feature_names=NAMES)
    other = LookupTable().fit(shuffled, minutes, feature_names=names)
    assert other.predict(shuffled).tolist() == straight.predict(matrix).tolist()
