"""``serve`` without naming a model: the champion, or the last run's folder while there is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests.machine import free_port
from tests.serving.running import Server, serve, wait_for
from tests.serving.test_deployed import hiding
from tests.serving.test_model_swap import events, name, ready
from trip_duration.models import Predictor
from trip_duration.registry import Version
from trip_duration.registry.promotion import Keeper

# a fixture that is at home beside other tests
__all__ = ["hiding"]
Register = Callable[[int], Version]
QUIET = ("--no-auth", "--no-log")


@pytest.fixture
def data(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of a project after its last run; a registry, if there is one, is in it."""
    for model, folder in (("first", "predictor"), ("baseline", "baseline")):
        Predictor.load(models / model).save(tmp_path / "06_models" / folder)
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def promote(keeper: Keeper, version: Version) -> None:
    keeper.promote(version.number, {}, reason="a test", force=True)


def lines_of(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.output.read_text().splitlines()]


def start_lines(server: Server) -> list[dict[str, Any]]:
    """Return the lines that say what is served."""
    wanted = "trip_duration.serving.server"
    wait_for(lambda: any(line["logger"] == wanted for line in lines_of(server)), 30)
    return [line for line in lines_of(server) if line["logger"] == wanted]


def test_without_a_registry_it_is_the_folder_of_the_last_run(data: Path, models: Path) -> None:
    sha256 = Predictor.load(models / "first").sha256
    reports = data / "08_reporting"
    reports.mkdir()
    (reports / "metrics.json").write_text('{"test": {"request": {"mae": 3.456}}}')
    (reports / "run_facts.json").write_text(json.dumps({"sha256": sha256}))
    with serve(data, *QUIET) as server:
        assert name(server)["sha256"] == sha256
        (line,) = start_lines(server)
    assert line["message"] == (
        f"Serving version {sha256[:12]} (lightgbm) from the folder {data / '06_models/predictor'}, "
        "learnt from 2023-01, test MAE 3.46 minutes without distance. "
        f"Open {server.url}/"
    )
    assert line["url"] == f"{server.url}/"
    assert not (data / "mlflow.db").exists()


def test_the_champion_goes_before_the_folder(
    data: Path, keeper: Keeper, register: Register, models: Path
) -> None:
    promote(keeper, register(0))
    latest = register(1)
    with serve(data, *QUIET, load_seconds="60") as server:
        assert name(server)["version"] == "1"
        (line,) = start_lines(server)
        with server.client() as client:
            metrics = client.get("/v1/model").json()["metrics"]
    where = f"sqlite:///{data / 'mlflow.db'}"
    assert line["message"] == (
        f"Serving version 1 (lookup) from the registry {where}, learnt from 2023-01, "
        f"test MAE 3.50 minutes without distance. Open {server.url}/"
    )
    # in the form of metrics.json, which the page reads
    assert metrics == {"test": {"request": {"mae": 3.5}}}
    assert latest.number == "2"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_first_champion_is_followed_and_its_folder_never_comes_back(
    data: Path, keeper: Keeper, register: Register, models: Path, workers: str
) -> None:
    folder = Predictor.load(models / "first").sha256
    first = register(0)
    with serve(data, *QUIET, "--workers", workers) as server:
        assert name(server)["sha256"] == folder
        promote(keeper, first)
        wait_for(lambda: events(server, "loaded") == 2 * int(workers), 180)
        assert {name(server)["version"] for _ in range(10)} == {"1"}
        # nobody has promoted what lies in the folder
        mlflow.MlflowClient(keeper.registry.tracking_uri).delete_registered_model_alias(
            "trip-duration", "champion"
        )
        wait_for(lambda: events(server, "source_away") == int(workers), 180)
        assert {name(server)["version"] for _ in range(10)} == {"1"}
        assert ready(server).is_success
        assert len(start_lines(server)) == 1


@pytest.mark.parametrize("kind", ["database", "server"])
def test_a_registry_that_was_named_and_is_away_is_waited_for(
    data: Path, keeper: Keeper, register: Register, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    promote(keeper, register(0))
    named = data / "elsewhere.db"
    (data / "mlflow.db").rename(data / "kept.db")
    address = f"sqlite:///{named}" if kind == "database" else f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with serve(data, *QUIET, load_seconds="60") as server:
        # the lookup table, which says of itself that it only stands in: not the folder's model
        assert name(server)["fallback"]
        assert ready(server).status_code == 503
        (line,) = start_lines(server)
        assert line["message"].startswith("No model could be loaded: ")
        assert (str(named) if kind == "database" else address) in line["message"]
        assert "Until one can be, the lookup table answers" in line["message"]
        if kind == "database":
            (data / "kept.db").rename(named)
            wait_for(lambda: not name(server)["fallback"], 60)
            assert name(server)["version"] == "1"


def test_a_reference_alone_is_one_of_the_projects_registry(
    data: Path, keeper: Keeper, register: Register
) -> None:
    promote(keeper, register(0))
    register(1)
    with serve(data, *QUIET, "--reference", "2", load_seconds="60") as server:
        assert name(server)["version"] == "2"


def test_without_any_model_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIP_DURATION_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with serve(tmp_path, *QUIET) as server:
        (line,) = start_lines(server)
    assert "there is no such folder. Train a model with `kedro run`" in line["message"]
    assert "Requests get status 503 until one can be" in line["message"]


def test_without_mlflow_the_folder_is_served_and_a_champion_is_told(
    data: Path, keeper: Keeper, register: Register, hiding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", hiding)
    first = register(0)
    # the registry is there and has no champion: MLflow is not needed to find that out
    with serve(data, *QUIET) as server:
        assert ready(server).is_success
        (line,) = start_lines(server)
    assert line["message"].startswith("Serving version ")
    assert f"from the folder {data / '06_models/predictor'}" in line["message"]
    promote(keeper, first)
    with serve(data, *QUIET) as server:
        assert name(server)["fallback"]
        (line,) = start_lines(server)
    assert "the registry is read through MLflow, which cannot be imported" in line["message"]
