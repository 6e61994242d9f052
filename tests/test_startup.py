"""What commands import: seconds are a matter of the machine, modules are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.projects import empty_project

# prints at the end what was imported; the command is among the arguments
_KEDRO = "from kedro.framework.cli.cli import main; main()"
_OWN = "from trip_duration.__main__ import main; main()"
_LISTING = """
import atexit, json, sys
sys.argv[0] = sys.argv.pop(1)
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
"""
# of the pipelines and the models
HEAVY = {
    "geopandas",
    "holidays",
    "lightgbm",
    "mapie",
    "optuna",
    "pandera",
    "plotly",
    "rich",
    "shapely",
    "skops",
    "sklearn",
    "xgboost",
}
# of the service and of databases
SERVING = {"alembic", "fastapi", "numpy", "pydantic", "sqlalchemy", "uvicorn"}
KEDRO = {"kedro", "kedro_mlflow", "kedro_viz", "mlflow", "pandas", "pyarrow", "scipy"}


def imported(entry: str, project: Path, *command: str) -> set[str]:
    """The packages that a command imports."""
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-c", f"{_LISTING}\n{entry}", *command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_the_registry_of_pipelines_is_listed_with_what_an_empty_project_imports(
    new_project: Callable[[], Path], tmp_path: Path
) -> None:
    ours = imported(_KEDRO, new_project(), "kedro", "registry", "list")
    empty = imported(_KEDRO, empty_project(tmp_path / "empty").folder, "kedro", "registry", "list")
    assert "mlflow" in empty, "kedro-mlflow imports it at every command"
    assert ours & HEAVY <= empty & HEAVY
    others = {name for name in ours - empty - sys.stdlib_module_names if name[0] != "_"}
    # tenacity imports tornado where it is installed
    assert others <= {"trip_duration", "pyarrow", "tenacity", "tornado"}


@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("serve", "--help"),
        ("models", "--help"),
        ("models", "list", "--help"),
        ("keys", "--help"),
        ("outcomes", "load", "--help"),
        ("trace", "--help"),
        ("reproduce", "--help"),
    ],
)
def test_help_imports_nothing_heavy(command: tuple[str, ...], tmp_path: Path) -> None:
    packages = imported(_OWN, tmp_path, "trip-duration", *command)
    assert packages & (HEAVY | SERVING | KEDRO) == set()


@pytest.mark.parametrize("command", [("list",), ("show", "challenger"), ("history",)])
def test_versions_are_shown_without_mlflow(command: tuple[str, ...], finished_run: Path) -> None:
    packages = imported(_OWN, finished_run, "trip-duration", "models", *command)
    assert "sqlalchemy" in packages
    assert packages & (HEAVY | KEDRO | {"fastapi", "numpy", "uvicorn"}) == set()
