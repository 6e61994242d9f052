"""Versions and aliases as the tables of MLflow's database have them, read without MLflow.

MLflow takes seconds to import, for which a command that only looks need not wait. Nothing is
written. What these tables do not tell is left to MLflow's client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from trip_duration.errors import RegistryError
from trip_duration.registry.places import require_file, sqlite_file
from trip_duration.registry.records import Version, describe

if TYPE_CHECKING:
    import sqlalchemy as sa

_BACKENDS = ("sqlite:", "postgresql")
_WORKSPACES = "MLFLOW_ENABLE_WORKSPACES"
# MLflow gives those who use no workspaces the default one, and keeps deleted versions as a stage
_OF_MODEL = "WHERE workspace = 'default' AND name = :name"
_ALIASES = f"SELECT alias, version FROM registered_model_aliases {_OF_MODEL}"  # noqa: S608 - constants
_TAGS = f"SELECT version, key, value FROM model_version_tags {_OF_MODEL}"  # noqa: S608
_VERSIONS = (
    "SELECT version, creation_time, description, run_id FROM model_versions "  # noqa: S608
    f"{_OF_MODEL} AND current_stage != 'Deleted_Internal' ORDER BY version DESC"
)


def read_versions(url: str, name: str) -> list[Version] | None:
    """Return every version of a model, the newest first.

    Args:
        url: Where MLflow keeps the registry.
        name: Name of the registered model.

    Returns:
        What MLflow's client would say; None if only that can tell: the registry is no database, or
        one of another form.

    Raises:
        RegistryError: If the file of a SQLite database does not exist.
    """
    rows = _read(url, name, _ALIASES, _TAGS, _VERSIONS)
    if rows is None:
        return None
    tags: dict[int, dict[str, str]] = {}
    for row in rows[_TAGS]:
        tags.setdefault(row.version, {})[row.key] = row.value
    aliases = _by_alias(rows[_ALIASES])
    return [_describe(row, tags.get(row.version, {}), aliases) for row in rows[_VERSIONS]]


def read_aliases(url: str, name: str) -> dict[str, str] | None:
    """Return the number of the version that each alias points to; None as for ``read_versions``.

    Args:
        url: Where MLflow keeps the registry.
        name: Name of the registered model.

    Raises:
        RegistryError: If the file of a SQLite database does not exist.
    """
    rows = _read(url, name, _ALIASES)
    return None if rows is None else _by_alias(rows[_ALIASES])


def _read(url: str, name: str, *queries: str) -> dict[str, list[Any]] | None:
    require_file(url)
    # with workspaces, which one is meant is for MLflow to find out
    if not url.startswith(_BACKENDS) or os.environ.get(_WORKSPACES):
        return None
    file = sqlite_file(url)
    if file is not None and not file.stat().st_size:
        # another process is about to make its tables
        return {query: [] for query in queries}
    from sqlalchemy import text  # noqa: PLC0415 - half a second, which --help need not pay
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        with _connection(url) as connection:
            return {
                query: list(connection.execute(text(query), {"name": name})) for query in queries
            }
    except (SQLAlchemyError, ImportError, RegistryError):
        # MLflow's client says what is wrong
        return None


@contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    from trip_duration.registry.databases import open_database  # noqa: PLC0415 - see _read

    with open_database(url, "registry").connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        else:
            connection.execution_options(postgresql_readonly=True)
        yield connection


def _by_alias(rows: list[Any]) -> dict[str, str]:
    return {row.alias: str(row.version) for row in rows}


def _describe(row: Any, tags: dict[str, str], aliases: dict[str, str]) -> Version:
    version: Any = SimpleNamespace(
        version=row.version,
        run_id=row.run_id,
        creation_timestamp=row.creation_time,
        description=row.description,
        tags=tags,
    )
    return describe(version, aliases)
