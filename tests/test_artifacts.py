"""Every file of a data folder is that of a catalog entry, or named in the page of artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from trip_duration.config import ConfigLoader
from trip_duration.settings import CONFIG_LOADER_ARGS

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs/reference/artifacts.md").read_text()
HEADING = "## Files without a catalog entry"


def catalog_paths(project: Path) -> set[str]:
    """Return the paths of the catalog's entries, relative to the data folder."""
    catalog = ConfigLoader(str(project / "conf"), env="test", **CONFIG_LOADER_ARGS)["catalog"]
    entries = [entry for name, entry in catalog.items() if not name.startswith("_")]
    paths = [str(entry.get("filepath") or entry.get("path")) for entry in entries]
    return {path.removeprefix("data/") for path in paths if path.startswith("data/")}


def named_in_page(page: str) -> set[str]:
    """Return the paths in the first column of the page's table of exceptions."""
    table = page.partition(HEADING)[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    return {path for cell in cells for path in re.findall(r"`([^`]+)`", cell)}


def is_in(file: str, place: str) -> bool:
    """Tell whether a file is, or lies in, what a path of the catalog or of the page names."""
    pattern = re.sub(r"\\{\w+\\}|<\w+>", r"[^/]+", re.escape(place.rstrip("/")))
    return re.fullmatch(f"{pattern}(/.*)?", file) is not None


def unlisted(files: Iterable[str], places: Iterable[str]) -> list[str]:
    places = list(places)
    return sorted(file for file in files if not any(is_in(file, place) for place in places))


def files_of(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in paths]


def test_every_file_of_a_whole_run_is_in_the_catalog_or_named_as_an_exception(
    finished_run: Path,
) -> None:
    files, catalog = files_of(finished_run / "data"), catalog_paths(finished_run)
    assert unlisted(files, catalog | named_in_page(PAGE)) == []
    # the exceptions are those of MLflow and of the registry; no node writes without an entry
    outside = {file.partition("/")[0] for file in unlisted(files, catalog)}
    assert outside == {"mlflow.db", "mlflow_artifacts", "service.db", "service.db.lock"}


def test_no_exception_has_a_catalog_entry() -> None:
    exceptions = named_in_page(PAGE)
    assert {"mlflow.db", "mlflow_artifacts/", "service_spool/", ".run.lock"} <= exceptions
    assert unlisted((name.rstrip("/") for name in exceptions), catalog_paths(PROJECT)) == sorted(
        name.rstrip("/") for name in exceptions
    )


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("08_reporting/stray.json", True),
        ("08_reporting/metrics.json", False),
        ("06_models/predictor/manifest.json", False),
        ("06_models/predictor.old/manifest.json", True),
        ("03_primary/test_trips.parquet", False),
        ("mlflow_artifacts/a/b/model.txt", False),
        ("mlflow.db.old", True),
    ],
)
def test_a_file_that_is_in_neither_is_noticed(file: str, found: bool) -> None:
    places = [
        "08_reporting/metrics.json",
        "06_models/predictor",
        "03_primary/{split}_trips.parquet",
    ]
    assert unlisted([file], [*places, "mlflow_artifacts/", "mlflow.db"]) == [file][: int(found)]
