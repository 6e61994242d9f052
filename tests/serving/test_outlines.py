"""The outlines of the zones: with every way to name a model there is a map."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running import serve, wait_for
from tests.serving.test_model_swap import name
from trip_duration.models import Predictor
from trip_duration.registry import Registry, Version
from trip_duration.registry.places import OUTLINES
from trip_duration.registry.promotion import Keeper
from trip_duration.serving import outlines as outlines_module
from trip_duration.serving.outlines import Outlines, OutlinesFile
from trip_duration.serving.problems import Problem
from trip_duration.serving.settings import Settings
from trip_duration.serving.sources import RegistrySource

Register = Callable[[int], Version]
QUIET = ("--no-auth", "--no-log")
EMPTY = b'{"type": "FeatureCollection", "features": []}'


def outlines_of(city: str) -> dict[str, Any]:
    ring = [[-74.0, 40.7], [-73.9, 40.7], [-73.9, 40.8], [-74.0, 40.7]]
    zone = {"type": "Feature", "id": 1, "properties": {"name": city}}
    polygon = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "FeatureCollection", "features": [{**zone, "geometry": polygon}]}


def write(path: Path, city: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(outlines_of(city)))
    return path


def logged_outlines(tmp_path: Path, version: Version) -> Path:
    """Return where MLflow keeps the outlines of a version, beside its predictor."""
    (folder,) = [
        path.parents[1]
        for path in (tmp_path / "artifacts").rglob("predictor/manifest.json")
        if Predictor.load(path.parent).sha256 == version.sha256
    ]
    return folder / OUTLINES


@pytest.fixture
def champion(keeper: Keeper, register: Register, tmp_path: Path) -> Version:
    """The champion, logged with the outlines of a city; the data folder has another one's."""
    version = register(0)
    write(logged_outlines(tmp_path, version), "logged")
    write(tmp_path / "02_intermediate" / OUTLINES, "project")
    keeper.promote(version.number, {}, reason="a test", force=True)
    return version


@pytest.mark.parametrize("way", ["registry", "default", "reference"])
def test_the_map_of_a_version_comes_with_it(
    registry: Registry,
    champion: Version,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    options = {"registry": ("--registry", registry.tracking_uri), "reference": ("--reference", "1")}
    with (
        serve(tmp_path, *options.get(way, ()), *QUIET, load_seconds="60") as server,
        server.client() as client,
    ):
        assert name(server)["version"] == champion.number
        assert client.get("/v1/zones").json() == outlines_of("logged")


def test_the_map_changes_with_the_version_and_an_older_one_has_the_projects(
    champion: Version,
    register: Register,
    keeper: Keeper,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path))
    place = ("--registry", keeper.registry.tracking_uri)
    with serve(tmp_path, *place, *QUIET, load_seconds="60") as server, server.client() as client:
        assert client.get("/v1/zones").json() == outlines_of("logged")
        # logged before outlines were
        older = register(1)
        keeper.promote(older.number, {}, reason="a test", force=True)
        wait_for(lambda: name(server)["version"] == older.number)
        assert client.get("/v1/zones").json() == outlines_of("project")
        own = write(tmp_path / "own.geojson", "own")
    with (
        serve(tmp_path, *place, *QUIET, "--zones", str(own), load_seconds="60") as server,
        server.client() as client,
    ):
        assert client.get("/v1/zones").json() == outlines_of("own")


def test_the_map_of_a_folder_lies_beside_it_or_in_the_project(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path / "data"))
    write(tmp_path / "data/02_intermediate" / OUTLINES, "project")
    write(tmp_path / "other/02_intermediate" / OUTLINES, "other project")
    write(tmp_path / "logged/artifacts" / OUTLINES, "logged")
    for folder, city in (
        ("data/06_models/predictor", "project"),
        ("other/06_models/predictor", "other project"),
        ("logged/artifacts/predictor", "logged"),
        ("elsewhere/model", "project"),
    ):
        Predictor.load(models / "first").save(tmp_path / folder)
        with (
            serve(tmp_path, "--model", str(tmp_path / folder), *QUIET) as server,
            server.client() as client,
        ):
            assert client.get("/v1/zones").json() == outlines_of(city)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"type": "Topology"}', b"[" * 100_000, EMPTY]
)
def test_outlines_that_are_none_keep_no_model_away(
    registry: Registry,
    champion: Version,
    tmp_path: Path,
    content: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logged_outlines(tmp_path, champion).write_bytes(content)
    with caplog.at_level(logging.WARNING, "trip_duration"):
        served = RegistrySource(registry.tracking_uri).load()
    assert (served.version, served.outlines) == (champion.number, None)
    assert f"version {champion.number}: served without its map" in caplog.text
    with pytest.raises(ValueError, match=r"expected|nested too deeply|Expecting"):
        Outlines.of(content)


def city_of(file: OutlinesFile) -> str:
    features = json.loads(file.choose(None).plain)["features"]
    return str(features[0]["properties"]["name"])


def test_a_failed_read_is_tried_again_and_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = OutlinesFile(Settings(zones=write(tmp_path / "own.geojson", "own")))

    def fail(path: Path, most: int) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files", path)

    with monkeypatch.context() as patch:
        patch.setattr(outlines_module, "read_regular", fail)
        file.read_again()
        file.read_again()
        with pytest.raises(Problem, match="no outlines"):
            file.choose(None)
    assert caplog.messages == [f"{tmp_path}/own.geojson cannot be read: Too many open files"]
    # the same version of the file
    file.read_again()
    assert city_of(file) == "own"


@pytest.mark.parametrize("damage", [b'{"type": "Fea', b"[]", EMPTY, None])
def test_outlines_stay_in_use_while_their_file_is_damaged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damage: bytes | None,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path / "data"))
    write(tmp_path / "data/02_intermediate" / OUTLINES, "project")
    path = write(tmp_path / OUTLINES, "model")
    file = OutlinesFile(Settings(model=tmp_path / "predictor"))
    file.read_again()
    assert city_of(file) == "model"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    file.read_again()
    file.read_again()
    assert city_of(file) == "model"
    (message,) = caplog.messages
    assert message.startswith(str(path))
    assert message.endswith("; the outlines read before stay in use")
    write(path, "next model")
    file.read_again()
    assert city_of(file) == "next model"


def test_outlines_of_a_model_replace_those_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path / "data"))
    write(tmp_path / "data/02_intermediate" / OUTLINES, "project")
    file = OutlinesFile(Settings(model=tmp_path / "predictor"))
    file.read_again()
    assert city_of(file) == "project"
    write(tmp_path / OUTLINES, "model")
    file.read_again()
    assert city_of(file) == "model"
    assert not caplog.messages
