"""Whether a registry has a champion, read from MLflow's own database without MLflow."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trip_duration.errors import RegistryError
from trip_duration.registry import Registry, Version
from trip_duration.registry.champions import champion_number, has_champion, read_alias
from trip_duration.registry.promotion import Keeper

Register = Callable[[int], Version]


def test_the_alias_that_mlflow_has_written_is_read(
    registry: Registry, keeper: Keeper, register: Register, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    assert champion_number(registry) is None
    register(0)
    register(1)
    assert champion_number(registry) is None
    assert read_alias(database, "trip-duration", "challenger") == "2"
    keeper.promote("2", {}, reason="a test", force=True)
    assert champion_number(registry) == registry.aliases()["champion"] == "2"
    assert read_alias(database, "another-model", "champion") is None
    registry.point("champion", None)
    assert champion_number(registry) is None


CHILD = """
import sys
from trip_duration.registry.champions import has_champion
from trip_duration.registry.versions import Registry
print(has_champion(Registry(sys.argv[1]), True), "mlflow" in sys.modules)
"""


def test_mlflow_is_not_imported_for_a_local_database(
    registry: Registry, keeper: Keeper, register: Register
) -> None:
    register(0)
    keeper.promote("1", {}, reason="a test", force=True)
    command = [sys.executable, "-c", CHILD, registry.tracking_uri]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"True False\n"


def test_the_database_is_not_written_to(registry: Registry, tmp_path: Path) -> None:
    before = (tmp_path / "mlflow.db").read_bytes()
    files = sorted(tmp_path.iterdir())
    assert not has_champion(registry, named=True)
    assert (tmp_path / "mlflow.db").read_bytes() == before
    assert sorted(tmp_path.iterdir()) == files
    (tmp_path / "empty.db").touch()
    assert not has_champion(Registry(f"sqlite:///{tmp_path / 'empty.db'}"), named=True)
    assert (tmp_path / "empty.db").stat().st_size == 0


def test_a_database_that_is_missing_is_an_error_if_it_was_named(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'none.db'}")
    assert not has_champion(registry, named=False)
    with pytest.raises(RegistryError, match=r"there is no registry at .*none\.db"):
        has_champion(registry, named=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", [True, False])
def test_a_damaged_database_is_not_one_without_a_champion(tmp_path: Path, named: bool) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(RegistryError, match="does not do what it is asked"):
        has_champion(Registry(f"sqlite:///{tmp_path / 'mlflow.db'}"), named)


def test_a_form_of_the_table_that_is_not_known_is_left_to_mlflow(
    registry: Registry, keeper: Keeper, register: Register, tmp_path: Path
) -> None:
    register(0)
    keeper.promote("1", {}, reason="a test", force=True)
    shutil.copy(tmp_path / "mlflow.db", tmp_path / "other.db")
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("ALTER TABLE registered_model_aliases RENAME COLUMN alias TO label")
    with pytest.raises(sqlite3.Error):
        read_alias(tmp_path / "other.db", "trip-duration", "champion")
    # MLflow cannot read it either, and says so
    with pytest.raises(RegistryError):
        champion_number(Registry(f"sqlite:///{tmp_path / 'other.db'}"))


def test_two_workspaces_are_left_to_mlflow(
    registry: Registry, keeper: Keeper, register: Register, tmp_path: Path
) -> None:
    register(0)
    keeper.promote("1", {}, reason="a test", force=True)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("PRAGMA foreign_keys = off")
        database.execute(
            "INSERT INTO registered_model_aliases (name, alias, version, workspace) "
            "VALUES ('trip-duration', 'champion', 7, 'other')"
        )
    assert champion_number(registry) == "1"
