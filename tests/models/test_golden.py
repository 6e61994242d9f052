"""Saved predictors of an earlier release: they load, and give the same bits for ever.

``tests/models/golden`` holds a predictor of each family, trained on a part of the synthetic city
and saved by release 0.1, with requests and their answers. They are never written anew: a feature
that changes gets a new version, and code that can no longer compute the old one refuses the
predictor by name. Then the major version of the project changes, and a predictor of that release is
added here.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trip_duration.bundle import MANIFEST, Bundle, read_bundle
from trip_duration.errors import ModelFileError
from trip_duration.features import geometry, history, transformer
from trip_duration.features.dictionary import Feature
from trip_duration.models import Predictor
from trip_duration.models.families import FAMILIES
from trip_duration.models.predictor import KIND

GOLDEN = Path(__file__).parent / "golden"
COLUMNS = ("pickup_datetime", "pickup_zone", "dropoff_zone", "route_distance")
# the exponential function of another processor may differ in the last bit
MOST_ULP = 2


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    return dict(np.load(GOLDEN / "answers.npz"))


@pytest.fixture(scope="module")
def requests(answers: dict[str, Any]) -> dict[str, Any]:
    return {name: answers[name] for name in COLUMNS}


def test_there_is_a_golden_predictor_of_every_family() -> None:
    assert {path.name for path in GOLDEN.iterdir() if path.is_dir()} == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_gives_the_same_bits(
    family: str, requests: dict[str, Any], answers: dict[str, Any]
) -> None:
    predicted = Predictor.load(GOLDEN / family).predict(requests)
    if family == "linear":  # a sum over features, in the order of the processor's library
        np.testing.assert_allclose(predicted.minutes, answers["linear_minutes"], rtol=1e-12)
    else:
        np.testing.assert_array_equal(predicted.minutes, answers[f"{family}_minutes"])
    for end in ("lower", "upper"):
        expected = answers[f"{family}_{end}"]
        if np.isnan(expected).all():
            assert np.isnan(getattr(predicted, end)).all()
        else:
            np.testing.assert_allclose(getattr(predicted, end), expected, rtol=1e-12)


def test_its_features_are_the_same(requests: dict[str, Any], answers: dict[str, Any]) -> None:
    features = Predictor.load(GOLDEN / "lightgbm").transformer.transform(requests)
    np.testing.assert_array_max_ulp(features, answers["features"], MOST_ULP)


@pytest.mark.parametrize("family", FAMILIES)
def test_it_keeps_its_identity(family: str, tmp_path: Path) -> None:
    predictor = Predictor.load(GOLDEN / family)
    predictor.save(tmp_path / family)
    manifests = [folder / family / MANIFEST for folder in (GOLDEN, tmp_path)]
    assert manifests[0].read_bytes() == manifests[1].read_bytes()
    assert predictor.sha256 == read_bundle(GOLDEN / family, KIND).sha256


def test_code_with_further_features_still_reads_it(
    requests: dict[str, Any], answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A geometry feature and a history feature were added since."""
    further = Feature("airport_distance", "to the nearest airport", "miles", "zones")
    learnt = Feature("typical_stops", "typical stops of the pair", "count", "history")
    pair_table, features_of = geometry.pair_table, history.History.features

    def wider_table(zones: Any, usual: Any) -> Any:
        table = pair_table(zones, usual[:-1])
        return np.column_stack([table, np.full(len(table), 7.0)])

    def wider_history(self: Any, *places: Any) -> Any:
        rows = features_of(self, *places)
        return np.column_stack([rows, np.full(len(rows), 3, dtype=np.float32)])

    names = list(transformer.FEATURE_NAMES)
    names.insert(names.index("hour_pace") - 3, further.name)
    names.insert(names.index("expected_duration") + 1, learnt.name)
    monkeypatch.setattr(geometry, "FEATURES", (*geometry.FEATURES, further))
    monkeypatch.setattr(geometry, "pair_table", wider_table)
    monkeypatch.setattr(history.History, "features", wider_history)
    monkeypatch.setattr(transformer, "FEATURE_NAMES", tuple(names))
    monkeypatch.setattr(transformer, "VERSIONS", dict.fromkeys(names, 1))
    predicted = Predictor.load(GOLDEN / "lightgbm").predict(requests)
    np.testing.assert_array_equal(predicted.minutes, answers["lightgbm_minutes"])


def test_code_with_another_definition_refuses_it_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transformer.VERSIONS, "typical_speed", 2)
    with pytest.raises(ModelFileError, match=r"typical_speed version 1 \(this code has version 2"):
        Predictor.load(GOLDEN / "lightgbm")


def test_code_without_a_feature_refuses_it_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(transformer.VERSIONS, "bearing")
    with pytest.raises(ModelFileError, match=r"bearing version 1 \(this code has no such feature"):
        Predictor.load(GOLDEN / "lightgbm")


def test_a_predictor_names_the_versions_of_its_features() -> None:
    files = Predictor.load(GOLDEN / "lightgbm").transformer.to_files()
    facts = json.loads(files["features.json"])
    assert facts["versions"] == dict.fromkeys(facts["selected"], 1)


@pytest.mark.parametrize("reverse", ["features.json", "lightgbm.json", "upper_lightgbm.json"])
def test_columns_in_another_order_are_refused(reverse: str, tmp_path: Path) -> None:
    bundle = read_bundle(GOLDEN / "lightgbm", KIND)
    facts = json.loads(bundle.files[reverse])
    key = "selected" if reverse == "features.json" else "names"
    facts[key] = facts[key][::-1]
    files = {**bundle.files, reverse: json.dumps(facts).encode()}
    with pytest.raises(ModelFileError, match="do not belong together"):
        Predictor.from_bundle(Bundle(KIND, bundle.facts, files))


def test_a_golden_predictor_that_was_changed_is_found_out(
    tmp_path: Path, requests: dict[str, Any], answers: dict[str, Any]
) -> None:
    folder = shutil.copytree(GOLDEN / "lightgbm", tmp_path / "lightgbm")
    (folder / "lightgbm.txt").write_bytes(b"\n" + (folder / "lightgbm.txt").read_bytes())
    with pytest.raises(ModelFileError, match=r"lightgbm\.txt was altered"):
        Predictor.load(folder)
