"""Versions, aliases, and the files behind them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from trip_duration.errors import ModelFileError, RegistryError
from trip_duration.models import Predictor
from trip_duration.registry import Registry, Version, versions
from trip_duration.registry.places import OUTLINES

Register = Callable[[int], Version]


def test_a_version_says_what_it_was_registered_with(
    registry: Registry, register: Register, make_predictor: Callable[[int], Predictor]
) -> None:
    version = register(0)
    assert registry.versions() == [version]
    assert (version.number, version.aliases, version.stage) == ("1", ("challenger",), "Staging")
    assert version.sha256 == make_predictor(0).sha256
    assert version.metrics == {"test.request.mae": 3.5}
    assert version.tags == {"git.commit": "abc", "training_data_digest": "def"}
    assert version.description == "small 0"
    assert abs((datetime.now(UTC) - version.created_at).total_seconds()) < 60


def test_versions_are_found_by_alias_and_by_number(registry: Registry, register: Register) -> None:
    register(0)
    second = register(1)
    assert registry.get("challenger") == registry.get("2") == second
    assert registry.get("1").stage == "None"
    assert [version.number for version in registry.versions()] == ["2", "1"]


def test_an_unknown_reference_is_told_what_there_is(registry: Registry, register: Register) -> None:
    with pytest.raises(RegistryError, match="has no version 'champion'; it has: none at all"):
        registry.get("champion")
    register(0)
    with pytest.raises(RegistryError, match="no version '7'; it has: challenger, 1"):
        registry.get("7")
    assert registry.find("nobody") is None


def test_the_files_come_whole_and_verified(
    registry: Registry, register: Register, tmp_path: Path
) -> None:
    version = register(0)
    folder = registry.fetch(version, tmp_path / "here/predictor")
    assert Predictor.load(folder).sha256 == version.sha256
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    assert registry.fetch(version, folder) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == stamp
    (folder / "lookup.npz").write_bytes(b"altered")
    registry.fetch(version, folder)
    assert registry.load("1").predictor.sha256 == version.sha256 == Predictor.load(folder).sha256


def artifacts_of(tmp_path: Path, version: Version) -> Path:
    (place,) = [
        path.parent
        for path in (tmp_path / "artifacts").rglob("artifacts/predictor/manifest.json")
        if Predictor.load(path.parent).sha256 == version.sha256
    ]
    return place


def test_altered_replaced_and_missing_files_are_refused(
    registry: Registry, register: Register, tmp_path: Path
) -> None:
    version, other = register(0), register(1)
    place = artifacts_of(tmp_path, version)
    content = (place / "manifest.json").read_bytes()
    (place / "manifest.json").write_bytes(content[:-9])
    with pytest.raises(ModelFileError, match=r"manifest\.json"):
        registry.fetch(version, tmp_path / "to")
    shutil.rmtree(place)
    shutil.copytree(artifacts_of(tmp_path, other), place)
    with pytest.raises(ModelFileError, match=f"was registered with sha256 {version.sha256}"):
        registry.fetch(version, tmp_path / "to")
    shutil.rmtree(place)
    with pytest.raises(RegistryError, match="does not answer as expected"):
        registry.fetch(version, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_deleted_version_leaves_no_alias(registry: Registry, register: Register) -> None:
    register(0)
    mlflow.MlflowClient(registry.tracking_uri).delete_model_version("trip-duration", "1")
    assert registry.find("challenger") is None
    assert registry.versions() == []


def test_no_database_is_made_by_looking(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(RegistryError, match=r"no registry at .*none\.db\. Train a model"):
        registry.versions()
    assert list(tmp_path.iterdir()) == []


def test_a_registry_that_is_away_is_said_to_be_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = Registry("http://trip:s3cr3t@127.0.0.1:1")
    with pytest.raises(RegistryError, match="does not answer as expected") as caught:
        registry.versions()
    assert "s3cr3t" not in str(caught.value)


def test_the_outlines_logged_with_a_version_are_fetched_within_bounds(
    registry: Registry, register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register(0)
    assert registry.fetch_outlines(version) is None
    file = artifacts_of(tmp_path, version).with_name(OUTLINES)
    file.write_bytes(b'{"type": "FeatureCollection"}')
    assert registry.fetch_outlines(version) == b'{"type": "FeatureCollection"}'
    monkeypatch.setattr(versions, "MOST_OUTLINES", 28)
    with pytest.raises(RegistryError, match=r"zone_outlines\.geojson of version 1 has 29 bytes"):
        registry.fetch_outlines(version)
