"""Results at the end of a run: a table, places, and commands that can be pasted."""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kedro.framework.cli.project import run as kedro_run

from trip_duration.cli import cli
from trip_duration.terminal.results import _score_table, how_to_see

RunKedro = Callable[..., dict[str, Any]]
SEED = {"modelling": {"seed": 0}}


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    return with_data()


def blocks(printed: str) -> list[list[str]]:
    return [part.splitlines() for part in printed.strip().split("\n\n")]


def test_errors_stand_beside_those_of_the_lookup_table() -> None:
    scores = {
        "request": {"mae": 3.5, "rmse": 6.61, "p90_abs_error": 7.0, "n": 2960, "coverage": 0.907},
        "request_with_distance": {
            "mae": 2.72, "rmse": 5.2, "p90_abs_error": 6.0, "n": 2960, "coverage": 0.9006,
        },
        "baseline": {"mae": 4.77, "rmse": 12.0, "p90_abs_error": 14.87, "n": 2960},
    }  # fmt: skip
    assert _score_table(scores, 0.9) == [
        "test, 2,960 trips        MAE        RMSE         P90   in 90% interval",
        "without distance    3.50 min    6.61 min    7.00 min             90.7%",
        "with distance       2.72 min    5.20 min    6.00 min             90.1%",
        "lookup table        4.77 min   12.00 min   14.87 min                 -",
    ]


def test_a_run_that_trains_ends_with_table_places_and_commands(
    project: Path, run_kedro: RunKedro, capsys: pytest.CaptureFixture[str]
) -> None:
    run_kedro(project, SEED)
    table, places, hints = blocks(capsys.readouterr().out)
    metrics = json.loads((project / "data/08_reporting/metrics.json").read_text())["test"]
    assert [line.split("  ")[0] for line in table[1:]] == [
        "without distance",
        "with distance",
        "lookup table",
    ]
    assert f"{metrics['request']['mae']:.2f} min" in table[1]
    assert f"{metrics['request']['coverage']:.1%}" in table[1]
    values = {name: value.strip() for name, value in (line.split("   ", 1) for line in places)}
    for name in ("model card", "metrics", "data quality"):
        assert Path(values[name]).is_file()
    assert values["figures"] == f"{project}/data/08_reporting/report_*.json"
    run_id = values["MLflow run"].partition(" (")[2].partition(",")[0]
    options = ["--env", "test", "--params", "modelling.seed=0"]
    width = max(len(line.split("   ")[0]) for line in hints)
    commands = {line[:width].strip(): shlex.split(line[width:]) for line in hints}
    bin_ = Path(sys.executable).parent
    assert {name: command[1:] for name, command in commands.items()} == {
        "see the graph": ["viz", "run", *options],
        "see the MLflow run": ["ui", "--backend-store-uri", f"sqlite:///{project}/data/mlflow.db"],
        "serve the model": ["serve", "--no-auth", "--model", f"{project}/data/06_models/predictor"],
        "judge it for promotion": ["run", "--pipelines", "promotion", *options],
        "promote it": ["models", "promote"],
        "run it again": ["reproduce", run_id],
    }
    for command in commands.values():
        assert Path(command[0]).name in {"kedro", "mlflow", "trip-duration"}
        assert (bin_ / Path(command[0]).name).is_file()
    for name in ("serve the model", "promote it", "run it again"):
        # the command line takes these words
        assert CliRunner().invoke(cli, [*commands[name][1:], "--help"]).exit_code == 0
    assert kedro_run.make_context("run", commands["judge it for promotion"][2:])


def test_settings_that_were_found_are_trained_with_environment_and_parameters(
    project: Path, run_kedro: RunKedro, capsys: pytest.CaptureFixture[str]
) -> None:
    run_kedro(project, {"seed": 3}, pipeline_names=["tuning"])
    printed = capsys.readouterr().out
    line = next(text for text in printed.splitlines() if text.startswith("train with the settings"))
    assert line.endswith(
        f"kedro run --env test --params seed=3,tuned={project}/data/06_models/tuned_parameters.yml"
    )


def test_a_run_that_makes_nothing_to_read_says_nothing(
    project: Path, run_kedro: RunKedro, capsys: pytest.CaptureFixture[str]
) -> None:
    run_kedro(project, pipeline_names=["feature_engineering"])
    assert capsys.readouterr().out == ""


def test_for_machines_results_are_fields_of_one_record(
    project: Path,
    run_kedro: RunKedro,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIP_DURATION_LOG", "json")
    with caplog.at_level(logging.INFO, "trip_duration"):
        run_kedro(project, node_names=["compute_metrics"])
    assert capsys.readouterr().out == ""
    (record,) = [one for one in caplog.records if one.name == "trip_duration.terminal.results"]
    fields: Any = record
    assert set(fields.test) == {"request", "request_with_distance", "baseline"}
    assert fields.places == {"metrics": f"{project}/data/08_reporting/metrics.json"}
    assert list(fields.next_commands) == ["see the graph"]


def test_a_server_is_an_address_and_a_database_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv/bin/python"))
    monkeypatch.chdir(tmp_path)
    assert how_to_see("http://h:5000/", "1", "ab") == "http://h:5000/#/experiments/1/runs/ab"
    shown = how_to_see("postgresql://u:p@h/d", "1", "ab")
    assert shown == ".venv/bin/mlflow ui --backend-store-uri 'postgresql://u:***@h/d'"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shown = how_to_see("sqlite:////a/m.db", "1", "ab")
    assert shown == f"{tmp_path}/.venv/bin/mlflow ui --backend-store-uri sqlite:////a/m.db"
