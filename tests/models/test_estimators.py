"""Every family keeps the one interface, scikit-learn's contract, and its numbers when saved."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from zipfile import ZipFile, is_zipfile

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from tests.models.small_families import (
    LIGHTGBM,
    NAMES,
    XGBOOST,
    make_families,
    make_rows,
)
from trip_duration.models.estimator import Estimator
from trip_duration.models.families import FAMILIES, make_estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.xgboost import XGBoost
from trip_duration.params import LinearParams, ModellingParams

BOOSTED = [
    LightGBM(LIGHTGBM.model_copy(update={"num_trees": 500})),
    XGBoost(XGBOOST.model_copy(update={"n_estimators": 500})),
]
STOPPING = [*BOOSTED, Linear(LinearParams(alpha=1e-4, max_iter=30))]


def name_of(estimator: Estimator) -> str:
    return estimator.family


@pytest.fixture(params=make_families(), ids=name_of)
def fitted(request: pytest.FixtureRequest) -> Estimator:
    matrix, minutes = make_rows()
    later = make_rows(seed=1)
    estimator: Estimator = request.param
    return estimator.fit(matrix, minutes, eval_set=later, feature_names=NAMES)


with warnings.catch_warnings():
    # it advises to inherit from its own class, which would be imported by who only predicts
    warnings.filterwarnings("ignore", "Estimator .* does not inherit", UserWarning)
    checks = parametrize_with_checks(make_families())


@checks
def test_scikit_learns_own_checks(estimator: Estimator, check: object) -> None:
    check(estimator)  # type: ignore[operator]


def test_every_family_is_known_by_its_name() -> None:
    assert list(FAMILIES) == [estimator.family for estimator in make_families()]
    for name, family in FAMILIES.items():
        assert (family.family, type(make_estimator(ModellingParams(model_type=name)))) == (
            name,
            family,
        )


def test_a_family_takes_its_settings_from_the_parameters() -> None:
    shared = {"objective": "squared_error", "seed": 3, "num_threads": 1}
    for name in ("linear", "random_forest", "xgboost", "lightgbm"):
        params = ModellingParams(model_type=name, **shared)
        found = make_estimator(params).get_params()
        assert found.pop("params") == getattr(params, name)
        assert found.items() >= {key: shared[key] for key in found if key in shared}.items()
        assert {"objective", "seed"} <= set(found)
    table = make_estimator(ModellingParams(model_type="lookup", lookup={"min_trips": 4}))
    assert table.get_params() == {"min_trips": 4}


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


def test_threads_that_ask_together_are_answered_as_if_alone(fitted: Estimator) -> None:
    matrix, _ = make_rows(rows=6_000, seed=2)
    asked = [matrix, matrix[:1], matrix[:50], matrix[7:9]] * 10

    def bits(rows: np.ndarray) -> list[bytes]:
        return [fitted.predict(rows).tobytes()] + [
            part.tobytes() for part in fitted.contributions(rows[:5])
        ]

    alone = [bits(rows) for rows in asked]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(bits, asked)) == alone


def test_training_twice_gives_the_same_bits(fitted: Estimator) -> None:
    matrix, minutes = make_rows()
    again = type(fitted)(**fitted.get_params())
    again.fit(matrix, minutes, eval_set=make_rows(seed=1), feature_names=NAMES)
    assert again.to_files() == fitted.to_files()


def test_shares_of_importance_add_up(fitted: Estimator) -> None:
    importance = fitted.importance()
    assert set(importance) == set(NAMES)
    assert sum(importance.values()) == pytest.approx(1.0)


def contents(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file, or the files in it if it is an archive."""
    if not is_zipfile(io.BytesIO(content)):
        yield name, content
        return
    with ZipFile(io.BytesIO(content)) as archive:
        for inner in archive.namelist():
            yield inner, archive.read(inner)


def test_files_hold_no_pickle(fitted: Estimator) -> None:
    files = fitted.to_files()
    assert {name.rpartition(".")[2] for name in files} <= {"json", "npz", "txt", "ubj", "skops"}
    for name, content in files.items():
        for inner, bare in contents(name, content):
            assert inner.endswith((".json", ".npy", ".txt", ".ubj"))
            assert b"\x80\x04\x95" not in bare  # how a pickle begins


def test_requests_are_answered_with_and_without_distance(fitted: Estimator) -> None:
    """The rows are 3 minutes a mile: who knows the miles must make something of them."""
    matrix, minutes = make_rows(seed=2)
    without = matrix.copy()
    without[:, 3] = np.nan
    known, unknown = fitted.predict(matrix), fitted.predict(without)
    assert np.isfinite(known).all()
    assert np.isfinite(unknown).all()
    if fitted.family != "lookup":
        assert np.abs(known - minutes).mean() < 0.8 * np.abs(unknown - minutes).mean()


@pytest.mark.parametrize("family", BOOSTED, ids=name_of)
def test_early_stopping_keeps_the_best_round(family: Estimator) -> None:
    matrix, minutes = make_rows(200)
    random = np.random.default_rng(0).permutation(minutes)
    estimator = family.fit(matrix, random, eval_set=make_rows(seed=1))
    curve = estimator.curve_
    assert curve.best_round == int(np.argmin(curve.validation)) + 1
    assert len(curve.train) == len(curve.validation) < 500
    assert trees_of(estimator) == curve.best_round


def trees_of(estimator: Estimator) -> int:
    if isinstance(estimator, XGBoost):
        return estimator.booster_.num_boosted_rounds()
    assert isinstance(estimator, LightGBM)
    return estimator.booster_.current_iteration()


@pytest.mark.parametrize("family", BOOSTED, ids=name_of)
@pytest.mark.parametrize("objective", ["absolute_error", "squared_error"])
def test_the_curve_tells_the_loss_of_the_kept_model(family: Estimator, objective: str) -> None:
    later = make_rows(seed=1)
    estimator = type(family)(family.params, objective).fit(*make_rows(), eval_set=later)
    error = np.abs(estimator.predict(later[0]) - later[1])
    told = estimator.curve_.validation[estimator.curve_.best_round - 1]
    expected = np.mean(error**2 if objective == "squared_error" else error)
    assert told == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("family", STOPPING, ids=name_of)
def test_refit_makes_as_many_rounds_as_validation_has_found(family: Estimator) -> None:
    first = family.fit(*make_rows(), eval_set=make_rows(seed=1), feature_names=NAMES)
    rounds, matrix, minutes = first.curve_.best_round, *make_rows(600, seed=3)
    again = type(family)(**family.get_params()).refit(first, matrix, minutes)
    expected = family.for_rounds(rounds).fit(matrix, minutes, feature_names=NAMES)
    assert 1 < rounds < 500
    assert expected.curve_.best_round == rounds
    assert again.to_files() == expected.to_files()
    assert (again.curve_, again.feature_names_) == (first.curve_, NAMES)


@pytest.mark.parametrize("index", [0, 2], ids=["lookup", "random_forest"])
def test_a_family_without_rounds_is_refitted_as_it_is(index: int) -> None:
    family = make_families()[index]
    first = family.fit(*make_rows(), feature_names=NAMES)
    matrix, minutes = make_rows(600, seed=3)
    again = make_families()[index].refit(first, matrix, minutes)
    expected = make_families()[index].fit(matrix, minutes, feature_names=NAMES)
    assert again.to_files() == expected.to_files()


@pytest.mark.parametrize("family", [LightGBM(LIGHTGBM), XGBoost(XGBOOST)], ids=name_of)
def test_without_validation_all_trees_are_kept(family: Estimator) -> None:
    curve = family.fit(*make_rows()).curve_
    assert trees_of(family) == curve.best_round == len(curve.train) == 30
    assert curve.validation == []


@pytest.mark.parametrize("family", [Linear(), LightGBM(LIGHTGBM), XGBoost(XGBOOST)], ids=name_of)
def test_the_objective_is_what_is_minimised(family: Estimator) -> None:
    """Of skewed durations, absolute error finds the median and squared error the mean."""
    minutes = np.array([1.0, 1.0, 1.0, 1.0, 41.0] * 200)
    matrix = np.zeros((1000, 1), dtype=np.float32)
    matrix[::2] = 1.0
    found = {}
    for objective in ("absolute_error", "squared_error"):
        estimator = type(family)(family.params, objective).fit(matrix, minutes)
        found[objective] = float(estimator.predict(matrix).mean())
    assert found["absolute_error"] == pytest.approx(1.0, abs=0.6)
    assert found["squared_error"] == pytest.approx(9.0, abs=0.6)
