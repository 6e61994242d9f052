"""Whether a registry has a champion.

A local SQLite database is read with the standard library, because MLflow takes seconds to import.
Every other registry, and a database that cannot be read in this way, is asked through MLflow.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from trip_duration.registry.places import sqlite_file
from trip_duration.registry.records import CHAMPION
from trip_duration.registry.versions import Registry

_TABLE = "registered_model_aliases"
# seconds; MLflow holds a write lock for milliseconds
_LOCK_SECONDS = 2.0


def champion_number(registry: Registry) -> str | None:
    """Return the number of the version that the alias champion points to, or None.

    Raises:
        RegistryError: If the registry does not answer.
    """
    file = sqlite_file(registry.tracking_uri)
    if file is not None and file.is_file():
        try:
            return read_alias(file, registry.name, CHAMPION)
        except (sqlite3.Error, ValueError):
            # locked, damaged or of a form that is not known here: MLflow says what is wrong
            pass
    return registry.aliases().get(CHAMPION)


def has_champion(registry: Registry, named: bool) -> bool:
    """Tell whether a registry has a champion.

    Args:
        registry: The registry.
        named: Whether the user has named it, by ``MLFLOW_TRACKING_URI`` for example. The database
            of a project need not exist; one that was named and does not is an error.

    Raises:
        RegistryError: If the registry does not answer, or was named and does not exist.
    """
    file = sqlite_file(registry.tracking_uri)
    if file is not None and not named and not file.exists():
        return False
    return champion_number(registry) is not None


def read_alias(file: Path, model: str, alias: str) -> str | None:
    """Return the number of the version that an alias of an MLflow database points to, or None.

    Args:
        file: The SQLite database; it is opened for reading only.
        model: Name of the registered model.
        alias: Name of the alias.

    Raises:
        sqlite3.Error: If the file cannot be read as such a database.
        ValueError: If several workspaces of the database have the alias.
    """
    address = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS)) as database:
        tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,))
        if tables.fetchone() is None:
            return None
        rows = database.execute(
            f"SELECT version FROM {_TABLE} WHERE name = ? AND alias = ?",  # noqa: S608 - constant
            (model, alias),
        ).fetchall()
    if len(rows) > 1:
        raise ValueError(f"{len(rows)} workspaces have the alias {alias}")
    return str(rows[0][0]) if rows else None
