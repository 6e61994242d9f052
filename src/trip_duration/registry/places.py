"""Where registry and database are: by the environment, or in the data folder of a project."""

from __future__ import annotations

import os
from pathlib import Path

from trip_duration.errors import RegistryError

SQLITE = "sqlite:///"
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"
DATABASE_VARIABLE = "TRIP_DURATION_DATABASE_URL"
DATA_VARIABLE = "TRIP_DURATION_DATA_ROOT"
# file of the zones' outlines, GeoJSON, in the data folder and beside a logged predictor; its
# largest size in bytes
OUTLINES = "zone_outlines.geojson"
MOST_OUTLINES = 32 * 2**20
_DATA, _REGISTRY, _DATABASE = "data", "mlflow.db", "service.db"
# of the extra `postgres`; SQLAlchemy would take another one, each version its own
_DRIVER = "postgresql+psycopg2"


def find_project(start: Path) -> Path:
    """Return the project that a folder is in, or the folder itself if it is in none."""
    holding = (folder for folder in (start, *start.parents) if _is_project(folder))
    return next(holding, start)


def _is_project(folder: Path) -> bool:
    described = folder / "pyproject.toml"
    return described.is_file() and "[tool.kedro]" in described.read_text(encoding="utf-8")


def data_folder(project: Path | None = None) -> Path:
    """Return the data folder of a project, or of the one that we are in.

    ``conf/base/globals.yml`` says the same to Kedro.
    """
    return (project or find_project(Path.cwd())) / (os.environ.get(DATA_VARIABLE) or _DATA)


def registry_uri(project: Path | None = None) -> str:
    """Return where MLflow keeps the registry of a project, or of the one that we are in."""
    return _place(TRACKING_VARIABLE, _REGISTRY, project)


def database_url(project: Path | None = None) -> str:
    """Return the database of a project: its ledger and, unless told otherwise, its predictions.

    It is the project of the working directory if none is given.
    """
    return _place(DATABASE_VARIABLE, _DATABASE, project)


def _place(variable: str, path: str, project: Path | None) -> str:
    project = project or find_project(Path.cwd())
    url = os.environ.get(variable) or f"{SQLITE}{(data_folder(project) / path).as_posix()}"
    return anchored(url, project)


def anchored(url: str, project: Path) -> str:
    """Return an address that means the same wherever a command is given, and has a driver.

    Args:
        url: The address of a database or of a server.
        project: What a relative SQLite file is relative to.
    """
    if not url.startswith(SQLITE):
        return with_driver(url)
    file, mark, query = url.removeprefix(SQLITE).partition("?")
    return f"{SQLITE}{(project / file).as_posix()}{mark}{query}"


def with_driver(url: str) -> str:
    """Return the address of a PostgreSQL database with its driver, and any other as it is."""
    scheme, mark, rest = url.partition("://")
    return f"{_DRIVER}{mark}{rest}" if scheme in {"postgresql", "postgres"} else url


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database, or None of any other database."""
    if not url.startswith(SQLITE):
        return None
    return Path(url.removeprefix(SQLITE).partition("?")[0])


def require_file(url: str) -> None:
    """Refuse a registry whose SQLite database does not exist; whoever opens it would make it.

    Args:
        url: The address of a database or of a server.

    Raises:
        RegistryError: If the file does not exist.
    """
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise RegistryError(
            f"there is no registry at {file}. Train a model with `kedro run` in the folder of the "
            f"project, or set {TRACKING_VARIABLE} or {DATA_VARIABLE}."
        )
