"""One data folder: what a run writes there is what every command looks at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from trip_duration.cli import cli
from trip_duration.config import ConfigLoader
from trip_duration.registry.places import data_folder, database_url, registry_uri
from trip_duration.settings import CONFIG_LOADER_ARGS

VARIABLES = ("MLFLOW_TRACKING_URI", "TRIP_DURATION_DATABASE_URL", "TRIP_DURATION_DATA_ROOT")


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(
    ("given", "folder"),
    [("", "/home/me/project/data"), ("other", "/home/me/project/other"), ("/mnt/data",) * 2],
)
def test_registry_and_ledger_are_in_the_data_folder(
    given: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", given)
    project = Path("/home/me/project")
    assert data_folder(project) == Path(folder)
    assert registry_uri(project) == f"sqlite:///{folder}/mlflow.db"
    assert database_url(project) == f"sqlite:///{folder}/service.db"


@pytest.mark.parametrize("env", ["base", "test", "tlc", "prod"])
@pytest.mark.parametrize(("given", "root"), [("", "data"), ("/mnt/data", "/mnt/data")])
def test_the_variable_means_the_same_to_kedro_in_every_environment(
    env: str, given: str, root: str, new_project: Callable[[], Path], monkeypatch: Any
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", given)
    conf = str(new_project() / "conf")
    catalog = ConfigLoader(conf, env=env, **CONFIG_LOADER_ARGS)["catalog"]
    order = catalog["promotion_order"]
    assert order["registry"]["path"] == f"{root}/mlflow.db"
    assert order["ledger"]["path"] == f"{root}/service.db"
    assert catalog["gate_report"]["filepath"] == f"{root}/08_reporting/gate_report.json"
    assert catalog["batch_requests"]["path"] == f"{root}/01_raw/requests"


def test_commands_find_what_a_run_has_left_in_another_folder(
    new_project: Callable[[], Path], run_kedro: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = new_project()
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path / "data"))
    run_kedro(project)
    run_kedro(project, pipeline_names=["promotion"])
    assert not (project / "data").exists()
    assert {"mlflow.db", "service.db"} <= {path.name for path in (tmp_path / "data").iterdir()}

    monkeypatch.chdir(project / "conf")
    for words, said in (
        ("verify", "2 lines hold, and the registry is as they say\n"),
        ("promote", "version 1 is the champion; line 4 of the ledger\n"),
        ("verify", "4 lines hold, and the registry is as they say\n"),
    ):
        done = CliRunner().invoke(cli, ["models", words])
        assert (done.exit_code, done.output) == (0, said)
    assert not (project / "data").exists()
