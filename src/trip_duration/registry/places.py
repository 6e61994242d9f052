"""Where registry and database are: by the environment, or in the data folder of a project."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

SQLITE = "sqlite:///"
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"
DATABASE_VARIABLE = "TRIP_DURATION_DATABASE_URL"
_REGISTRY, _DATABASE = "data/mlflow.db", "data/service.db"
_MASK = "***"


def find_project(start: Path) -> Path:
    """Return the project that a folder is in, or the folder itself if it is in none."""
    holding = (folder for folder in (start, *start.parents) if _is_project(folder))
    return next(holding, start)


def _is_project(folder: Path) -> bool:
    described = folder / "pyproject.toml"
    return described.is_file() and "[tool.kedro]" in described.read_text(encoding="utf-8")


def registry_uri(project: Path | None = None) -> str:
    """Return where MLflow keeps the registry of a project, or of the one that we are in."""
    return _place(TRACKING_VARIABLE, _REGISTRY, project)


def database_url(project: Path | None = None) -> str:
    """Return the database of a project: its ledger and, unless told otherwise, its predictions.

    It is the project of the working directory if none is given.
    """
    return _place(DATABASE_VARIABLE, _DATABASE, project)


def _place(variable: str, path: str, project: Path | None) -> str:
    url = os.environ.get(variable) or f"{SQLITE}{path}"
    if not url.startswith(SQLITE):
        return url
    # a relative file is relative to the project, wherever the command was given
    file, mark, query = url.removeprefix(SQLITE).partition("?")
    place = (project or find_project(Path.cwd())) / file
    return f"{SQLITE}{place.as_posix()}{mark}{query}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database, or None of any other database."""
    if not url.startswith(SQLITE):
        return None
    return Path(url.removeprefix(SQLITE).partition("?")[0])


def masked(text: str, url: str) -> str:
    """Return a text without the password that a URL carries."""
    written = urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]
    for secret in filter(None, (written, unquote(written))):
        text = text.replace(secret, _MASK)
    return text
