"""The predictor: one object from requests to minutes, saved natively and refused when altered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.models.small_families import LIGHTGBM, make_families
from trip_duration.bundle import Bundle, read_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.estimator import Estimator
from trip_duration.models.intervals import learn_intervals
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.lookup import LookupTable
from trip_duration.models.predictor import Prediction
from trip_duration.params import ModellingParams

INTERVALS = ModellingParams.model_validate(
    {
        "model_type": "lightgbm",
        "intervals": {
            "coverage": 0.8,
            "bands": 2,
            "quantiles": {
                "num_trees": 10,
                "num_leaves": 4,
                "min_data_in_leaf": 10,
                "learning_rate": 0.1,
                "lambda_l2": 1.0,
            },
        },
    }
)


def train(transformer: FeatureTransformer, trips: pd.DataFrame, estimator: Estimator) -> Predictor:
    matrix = transformer.transform(trips)
    minutes = trips["duration_minutes"]
    estimator.fit(matrix, minutes, feature_names=transformer.selected_)
    return Predictor(transformer, estimator, 1.0, {"train_months": ["2023-01"]})


def train_with_intervals(
    transformer: FeatureTransformer, trips: pd.DataFrame, estimator: Estimator
) -> Predictor:
    """Learn and calibrate on the same trips: enough to see what is done with intervals."""
    predictor = train(transformer, trips, estimator)
    matrix, minutes = transformer.transform(trips), trips["duration_minutes"].to_numpy()
    rows = matrix, minutes
    predicted = predictor.predict_minutes(matrix)
    names = transformer.selected_
    return predictor.with_intervals(learn_intervals(rows, rows, predicted, names, INTERVALS))


def bits(prediction: Prediction) -> list[bytes]:
    return [part.tobytes() for part in prediction]


@pytest.fixture(params=make_families(), ids=lambda e: e.family)
def predictor(
    request: pytest.FixtureRequest, fitted: FeatureTransformer, trips: pd.DataFrame
) -> Predictor:
    return train(fitted, trips, request.param)


@pytest.fixture
def with_intervals(fitted: FeatureTransformer, trips: pd.DataFrame) -> Predictor:
    return train_with_intervals(fitted, trips, LightGBM(LIGHTGBM))


def test_it_is_the_estimator_on_the_transformers_features(
    predictor: Predictor, trips: pd.DataFrame
) -> None:
    matrix = predictor.transformer.transform(trips)
    expected = predictor.estimator.predict(matrix).clip(min=1.0)
    assert predictor.predict(trips).minutes.tolist() == expected.tolist()
    assert predictor.predict_minutes(matrix).tolist() == expected.tolist()
    assert bits(predictor.predict_features(matrix)) == bits(predictor.predict(trips))


def test_without_intervals_the_ends_are_not_known(
    predictor: Predictor, trips: pd.DataFrame
) -> None:
    found = predictor.predict(trips)
    assert [len(part) for part in found] == [len(trips)] * 3
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()


def test_no_requests_get_no_answers(with_intervals: Predictor, trips: pd.DataFrame) -> None:
    for predictor in (with_intervals, with_intervals.with_intervals(None)):
        assert [part.shape for part in predictor.predict(trips.iloc[:0])] == [(0,)] * 3


def test_intervals_are_those_that_were_calibrated(
    with_intervals: Predictor, trips: pd.DataFrame
) -> None:
    found = with_intervals.predict(trips)
    assert (found.lower <= found.minutes).all()
    assert (found.minutes <= found.upper).all()
    assert found.lower.min() >= with_intervals.floor
    actual = trips["duration_minutes"]
    held = ((found.lower <= actual) & (actual <= found.upper)).mean()
    assert held == pytest.approx(0.81, abs=0.03)  # with the margin, on trips it was calibrated on
    plain = with_intervals.with_intervals(None).predict(trips)
    assert plain.minutes.tobytes() == found.minutes.tobytes()
    assert np.isnan(plain.lower).all()


def test_batch_equals_single_and_order_does_not_matter(
    predictor: Predictor, trips: pd.DataFrame
) -> None:
    together = predictor.predict(trips).minutes
    shuffled = trips.sample(frac=1, random_state=0)
    assert predictor.predict(shuffled).minutes.tolist() == together[shuffled.index].tolist()
    single = [predictor.predict(trips.iloc[[row]]).minutes[0] for row in range(30)]
    assert single == together[:30].tolist()


def test_a_single_request_has_the_same_interval_as_in_a_batch(
    with_intervals: Predictor, trips: pd.DataFrame
) -> None:
    together = np.column_stack(with_intervals.predict(trips))
    for row in range(30):
        single = np.column_stack(with_intervals.predict(trips.iloc[[row]]))
        assert single.tobytes() == together[row].tobytes()


def test_it_is_saved_and_loaded_to_the_bit(
    predictor: Predictor, trips: pd.DataFrame, tmp_path: Path
) -> None:
    predictor.save(tmp_path / "predictor")
    loaded = Predictor.load(tmp_path / "predictor")
    assert bits(loaded.predict(trips)) == bits(predictor.predict(trips))
    assert loaded.sha256 == predictor.sha256
    assert loaded.facts == {"train_months": ["2023-01"]}
    assert loaded.family == predictor.family
    names = {path.suffix for path in (tmp_path / "predictor").iterdir()}
    assert names <= {".json", ".npz", ".txt", ".ubj", ".skops"}


@pytest.mark.parametrize("family", make_families(), ids=lambda e: e.family)
def test_intervals_are_saved_and_loaded_to_the_bit(
    family: Estimator, fitted: FeatureTransformer, trips: pd.DataFrame, tmp_path: Path
) -> None:
    predictor = train_with_intervals(fitted, trips, family)
    predictor.save(tmp_path / "predictor")
    loaded = Predictor.load(tmp_path / "predictor")
    assert np.isfinite(loaded.predict(trips).upper).all()
    assert bits(loaded.predict(trips)) == bits(predictor.predict(trips))
    assert loaded.sha256 == predictor.sha256
    assert loaded.intervals is not None
    assert loaded.intervals.coverage == 0.8
    assert loaded.sha256 != predictor.with_intervals(None).sha256


def test_explanations_survive_saving(
    predictor: Predictor, trips: pd.DataFrame, tmp_path: Path
) -> None:
    predictor.save(tmp_path)
    told, again = predictor.explain(trips), Predictor.load(tmp_path).explain(trips)
    assert again.features == told.features == predictor.transformer.selected_
    assert [again.base.tobytes(), again.contributions.tobytes()] == [
        told.base.tobytes(),
        told.contributions.tobytes(),
    ]


def test_it_flags_requests_as_its_transformer_does(predictor: Predictor) -> None:
    requests = {
        "pickup_datetime": np.array(["2023-01-05", "2023-01-05", "2150-01-01"], "M8[us]"),
        "pickup_zone": [1, 264, 2],
        "dropoff_zone": [2, 1, 7],
        "route_distance": [1.0, np.nan, 1.0],
    }
    assert {name: found.tolist() for name, found in predictor.flag(requests).items()} == {
        "unknown_zone": [False, True, False],
        "unseen_zone": [False, False, True],
        "no_distance": [False, True, False],
        "outside_training_range": [False, False, True],
    }


@pytest.mark.parametrize("damage", ["cut", "alter", "remove", "add"])
def test_a_tampered_folder_is_refused_by_name(
    fitted: FeatureTransformer, trips: pd.DataFrame, tmp_path: Path, damage: str
) -> None:
    train(fitted, trips, LightGBM(LIGHTGBM)).save(tmp_path)
    victim = tmp_path / "lightgbm.txt"
    content = victim.read_bytes()
    if damage == "cut":
        victim.write_bytes(content[:-10])
    elif damage == "alter":
        victim.write_bytes(content.replace(b"leaf_value=", b"leaf_value=9", 1))
    elif damage == "remove":
        victim.unlink()
    else:
        victim = tmp_path / "extra.pkl"
        victim.write_bytes(b"")
    with pytest.raises(ModelFileError, match=victim.name):
        Predictor.load(tmp_path)


def test_files_that_are_no_predictor_are_refused(predictor: Predictor) -> None:
    bundle = predictor.to_bundle()
    unknown = Bundle("predictor", {**bundle.facts, "family": "oracle"}, bundle.files)
    with pytest.raises(ModelFileError, match="oracle"):
        Predictor.from_bundle(unknown)
    without = {k: v for k, v in bundle.files.items() if k != "features.json"}
    with pytest.raises(ModelFileError, match=r"features\.json"):
        Predictor.from_bundle(Bundle("predictor", bundle.facts, without))


def test_no_answer_is_below_the_floor(fitted: FeatureTransformer, trips: pd.DataFrame) -> None:
    low = train(fitted, trips.assign(duration_minutes=0.01), LookupTable())
    assert low.predict(trips).minutes.tolist() == [1.0] * len(trips)


def test_the_manifest_says_what_the_model_is(predictor: Predictor, tmp_path: Path) -> None:
    predictor.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["kind"] == "predictor"
    assert manifest["facts"]["family"] == predictor.family
    assert read_bundle(tmp_path, "predictor").sha256 == predictor.sha256
    assert all(len(entry["sha256"]) == 64 for entry in manifest["files"].values())


def odd_requests() -> dict[str, Any]:
    return {
        "pickup_datetime": np.array(["1999-01-01", "2023-11-05T01:30", "2150-01-01"], "M8[us]"),
        "pickup_zone": [264, -5, 2],
        "dropoff_zone": [1, 10**6, 2],
        "route_distance": [np.nan, 0.0, 1e6],
    }


def test_odd_requests_get_finite_answers(predictor: Predictor) -> None:
    assert np.isfinite(predictor.predict(odd_requests()).minutes).all()


def test_odd_requests_get_intervals_in_order(with_intervals: Predictor) -> None:
    minutes, lower, upper = with_intervals.predict(odd_requests())
    assert (with_intervals.floor <= lower).all()
    assert (lower <= minutes).all()
    assert (minutes <= upper).all()
    assert np.isfinite(upper).all()
