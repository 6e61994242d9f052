"""The predictor: one object from requests to minutes, saved natively and refused when altered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trip_duration.bundle import Bundle, read_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features import FeatureTransformer
from trip_duration.models import Predictor
from trip_duration.models.estimator import Estimator
from trip_duration.models.lightgbm import LightGBM
from trip_duration.models.linear import Linear
from trip_duration.models.lookup import LookupTable
from trip_duration.params import LightGBMParams

SMALL = LightGBMParams(num_trees=20, num_leaves=7, min_data_in_leaf=5)


def train(transformer: FeatureTransformer, trips: pd.DataFrame, estimator: Estimator) -> Predictor:
    matrix = transformer.transform(trips)
    minutes = trips["duration_minutes"]
    estimator.fit(matrix, minutes, feature_names=transformer.selected_)
    return Predictor(transformer, estimator, 1.0, {"train_months": ["2023-01"]})


@pytest.fixture(params=[LookupTable(), Linear(), LightGBM(SMALL)], ids=lambda e: e.family)
def predictor(
    request: pytest.FixtureRequest, fitted: FeatureTransformer, trips: pd.DataFrame
) -> Predictor:
    return train(fitted, trips, request.param)


def test_it_is_the_estimator_on_the_transformers_features(
    predictor: Predictor, trips: pd.DataFrame
) -> None:
    expected = predictor.estimator.predict(predictor.transformer.transform(trips)).clip(min=1.0)
    assert predictor.predict(trips).tolist() == expected.tolist()
    assert len(predictor.predict(trips.iloc[:0])) == 0


def test_batch_equals_single_and_order_does_not_matter(
    predictor: Predictor, trips: pd.DataFrame
) -> None:
    together = predictor.predict(trips)
    shuffled = trips.sample(frac=1, random_state=0)
    assert predictor.predict(shuffled).tolist() == together[shuffled.index].tolist()
    single = [predictor.predict(trips.iloc[[row]])[0] for row in range(30)]
    assert single == together[:30].tolist()


def test_it_is_saved_and_loaded_to_the_bit(
    predictor: Predictor, trips: pd.DataFrame, tmp_path: Path
) -> None:
    predictor.save(tmp_path / "predictor")
    loaded = Predictor.load(tmp_path / "predictor")
    assert loaded.predict(trips).tobytes() == predictor.predict(trips).tobytes()
    assert loaded.sha256 == predictor.sha256
    assert loaded.facts == {"train_months": ["2023-01"]}
    assert loaded.family == predictor.family
    names = {path.suffix for path in (tmp_path / "predictor").iterdir()}
    assert names <= {".json", ".npz", ".txt"}


@pytest.mark.parametrize("damage", ["cut", "alter", "remove", "add"])
def test_a_tampered_folder_is_refused_by_name(
    fitted: FeatureTransformer, trips: pd.DataFrame, tmp_path: Path, damage: str
) -> None:
    train(fitted, trips, LightGBM(SMALL)).save(tmp_path)
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
    assert low.predict(trips).tolist() == [1.0] * len(trips)


def test_the_manifest_says_what_the_model_is(predictor: Predictor, tmp_path: Path) -> None:
    predictor.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["kind"] == "predictor"
    assert manifest["facts"]["family"] == predictor.family
    assert read_bundle(tmp_path, "predictor").sha256 == predictor.sha256
    assert all(len(entry["sha256"]) == 64 for entry in manifest["files"].values())


def test_odd_requests_get_finite_answers(predictor: Predictor) -> None:
    requests = {
        "pickup_datetime": np.array(["1999-01-01", "2023-11-05T01:30", "2150-01-01"], "M8[us]"),
        "pickup_zone": [264, -5, 2],
        "dropoff_zone": [1, 10**6, 2],
        "route_distance": [np.nan, 0.0, 1e6],
    }
    assert np.isfinite(predictor.predict(requests)).all()
