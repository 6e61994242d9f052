"""The tables of MLflow's database say what MLflow's client says, on real databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest
import sqlalchemy as sa

from trip_duration.errors import RegistryError
from trip_duration.registry import Registry, Version, tables
from trip_duration.registry.places import with_driver


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest) -> str:
    """A database in which MLflow keeps a registry."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("registry").tracking_uri)
    return with_driver(request.getfixturevalue("postgres"))


@pytest.fixture
def client(place: str) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(place, registry_uri=place)


@pytest.fixture
def filled(place: str, client: mlflow.MlflowClient) -> Registry:
    """Three versions with tags and aliases, one of them deleted; and another model."""
    registry = Registry(place)
    for name in (registry.name, "another"):
        client.create_registered_model(name)
        for number in range(1, 4):
            tags = {"predictor_sha256": f"{name} {number}", "metric.test.request.mae": "3.5"}
            client.create_model_version(
                name, "runs:/none", run_id=f"{number:032x}", tags=tags, description=f"no. {number}"
            )
        client.set_registered_model_alias(name, "champion", "3")
        client.set_registered_model_alias(name, "previous", "1")
        client.set_registered_model_alias(name, "challenger", "3")
        client.set_model_version_tag(name, "3", "stage", "Production")
        client.delete_model_version(name, "2")
    client.update_model_version(registry.name, "1", "")
    return registry


@pytest.fixture
def by_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Let MLflow's client be asked from now on."""

    def switch() -> None:
        monkeypatch.setattr(tables, "read_versions", lambda *_: None)
        monkeypatch.setattr(tables, "read_aliases", lambda *_: None)

    return switch


def test_versions_and_aliases_are_those_of_mlflows_client(
    filled: Registry, by_client: Callable[[], None]
) -> None:
    read = tables.read_versions(filled.place, filled.name)
    aliases = tables.read_aliases(filled.place, filled.name)
    assert read == filled.versions()
    assert aliases == filled.aliases()
    by_client()
    assert read == filled.versions()
    assert aliases == filled.aliases()
    assert [version.number for version in filled.versions()] == ["3", "1"]
    assert filled.versions()[0].aliases == ("challenger", "champion")
    assert filled.versions()[0].metrics == {"test.request.mae": 3.5}
    assert aliases == {"champion": "3", "challenger": "3", "previous": "1"}


def test_an_empty_registry_has_no_version(place: str, client: mlflow.MlflowClient) -> None:
    client.search_registered_models()
    assert tables.read_versions(place, "trip-duration") == []
    assert tables.read_aliases(place, "trip-duration") == {}


def test_what_a_run_has_registered_is_read(
    registry: Registry, register: Callable[[int], Version]
) -> None:
    version = register(0)
    assert tables.read_versions(registry.place, registry.name) == [version]


def test_nothing_can_be_written(place: str, client: mlflow.MlflowClient) -> None:
    client.search_registered_models()
    with (
        tables._connection(place) as connection,
        pytest.raises(sa.exc.DBAPIError, match=r"readonly|read-only"),
    ):
        connection.execute(sa.text("DELETE FROM registered_models"))


@pytest.mark.parametrize("url", ["http://localhost:1", "mysql://host/runs", "file:///runs"])
def test_what_is_no_plain_database_is_left_to_mlflow(url: str) -> None:
    assert tables.read_versions(url, "trip-duration") is None
    assert tables.read_aliases(url, "trip-duration") is None


def test_workspaces_are_left_to_mlflow(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    assert tables.read_versions(registry.place, registry.name) is None


def test_tables_of_another_form_are_left_to_mlflow(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("CREATE TABLE model_versions (name TEXT)"))
    assert tables.read_versions(url, "trip-duration") is None
    assert tables.read_aliases(url, "trip-duration") is None


def test_a_database_that_is_away_is_left_to_mlflow() -> None:
    assert tables.read_versions("postgresql+psycopg2://me@127.0.0.1:1/runs", "m") is None


def test_a_file_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"no registry at .*none\.db"):
        tables.read_versions(f"sqlite:///{tmp_path}/none.db", "trip-duration")
    assert list(tmp_path.iterdir()) == []
