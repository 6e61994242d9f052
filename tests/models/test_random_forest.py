"""The forest: what it learns, and that its file holds a forest and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from skops.io import dumps

from tests.models.small_families import FOREST, NAMES, make_rows
from trip_duration.bundle import Bundle
from trip_duration.errors import ModelFileError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.random_forest import TRUSTED, RandomForest
from trip_duration.models.skops_file import read_skops, write_skops

FILE = "random_forest.skops"


@pytest.fixture
def forest() -> RandomForest:
    return RandomForest(FOREST).fit(*make_rows(), feature_names=NAMES)


def test_it_is_scikit_learns_forest_of_logarithms(forest: RandomForest) -> None:
    matrix, minutes = make_rows()
    settings = FOREST.model_dump()
    theirs = RandomForestRegressor(**settings, random_state=0).fit(matrix, np.log(minutes))
    np.testing.assert_allclose(forest.predict(matrix), np.exp(theirs.predict(matrix)), rtol=1e-12)
    plain = RandomForest(FOREST, "squared_error").fit(matrix, minutes)
    theirs = RandomForestRegressor(**settings, random_state=0).fit(matrix, minutes)
    np.testing.assert_allclose(plain.predict(matrix), theirs.predict(matrix), rtol=1e-12)


def test_of_skewed_durations_it_finds_what_is_nearer_the_median() -> None:
    matrix = np.zeros((1000, 1), dtype=np.float32)
    minutes = np.random.default_rng(0).lognormal(2.0, 1.0, 1000)
    near = RandomForest(FOREST).fit(matrix, minutes).predict(matrix[:1])[0]
    mean = RandomForest(FOREST, "squared_error").fit(matrix, minutes).predict(matrix[:1])[0]
    assert near == pytest.approx(np.median(minutes), rel=0.06)
    assert mean == pytest.approx(minutes.mean(), rel=0.06)


def test_durations_without_a_logarithm_are_learnt_as_they_are() -> None:
    matrix, minutes = make_rows()
    learnt = RandomForest(FOREST).fit(matrix, minutes - minutes.mean())
    assert learnt.predict(matrix).min() < 0


def test_threads_make_no_difference(forest: RandomForest) -> None:
    one = RandomForest(FOREST, num_threads=1).fit(*make_rows(), feature_names=NAMES)
    assert one.to_files() == forest.to_files()


def test_a_loaded_forest_is_written_as_it_was_read(forest: RandomForest) -> None:
    files = forest.to_files()
    loaded = RandomForest.from_files(files)
    assert write_skops(loaded.forest_) == files[FILE]


@pytest.mark.parametrize(
    ("other", "name"),
    [
        (LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), "sklearn.linear_model"),
        ([timedelta(1)], "datetime.timedelta"),
        ({"run": np.exp}, "numpy.*exp"),
        ([json.dumps], "json.*dumps"),
        (make_rows()[0].tolist().append, "append"),
    ],
)
def test_a_file_with_any_other_type_is_refused(other: Any, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_skops(dumps(other), TRUSTED)


def test_a_predictor_with_such_a_file_is_refused(fitted: FeatureTransformer) -> None:
    narrow = fitted.select(NAMES)
    forest = RandomForest(FOREST).fit(*make_rows(), feature_names=narrow.selected_)
    bundle = Predictor(narrow, forest, 1.0).to_bundle()
    assert Predictor.from_bundle(bundle).family == "random_forest"
    for content in (dumps(LinearRegression()), b"no archive", dumps(forest.trees_[0].value)):
        bad = Bundle("predictor", bundle.facts, {**bundle.files, FILE: content})
        with pytest.raises(ModelFileError):
            Predictor.from_bundle(bad)


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**6), ("right_child", 0), ("feature", 4), ("feature", -3)],
)
def test_a_tree_that_leads_out_of_itself_is_refused(
    forest: RandomForest, field: str, value: int
) -> None:
    """scikit-learn would follow it out of the memory that it has."""
    tree = forest.trees_[3]
    state = tree.__getstate__()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    with pytest.raises(ValueError, match="leads out of itself"):
        RandomForest.from_files(forest.to_files())
