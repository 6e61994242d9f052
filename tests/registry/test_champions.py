"""Whether a registry has a champion, which a local database tells without MLflow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trip_duration.errors import RegistryError
from trip_duration.registry import Registry, Version
from trip_duration.registry.promotion import Keeper

Register = Callable[[int], Version]


def test_a_champion_is_what_the_alias_points_to(
    registry: Registry, keeper: Keeper, register: Register
) -> None:
    assert not registry.has_champion(required=True)
    register(0)
    assert not registry.has_champion(required=True)
    keeper.promote("1", {}, reason="a test", force=True)
    assert registry.has_champion(required=True)
    registry.point("champion", None)
    assert not registry.has_champion(required=True)


CHILD = """
import sys
from trip_duration.registry.versions import Registry
print(Registry(sys.argv[1]).has_champion(required=True), "mlflow" in sys.modules)
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
    assert not registry.has_champion(required=True)
    assert (tmp_path / "mlflow.db").read_bytes() == before
    assert sorted(tmp_path.iterdir()) == files
    # another process has begun to make it
    (tmp_path / "empty.db").touch()
    assert not Registry(f"sqlite:///{tmp_path / 'empty.db'}").has_champion(required=True)
    assert (tmp_path / "empty.db").stat().st_size == 0


def test_a_database_that_does_not_exist_is_an_error_if_it_is_required(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'none.db'}")
    assert not registry.has_champion(required=False)
    with pytest.raises(RegistryError, match=r"there is no registry at .*none\.db"):
        registry.has_champion(required=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("required", [True, False])
def test_a_damaged_database_is_not_one_without_a_champion(tmp_path: Path, required: bool) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(RegistryError, match="does not answer as expected"):
        Registry(f"sqlite:///{tmp_path / 'mlflow.db'}").has_champion(required)
