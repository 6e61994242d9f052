"""Kedro as its users know it: real commands on a project with one finished run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ENVIRONMENTS = ("base", "tlc", "test", "prod")
Kedro = Callable[..., subprocess.CompletedProcess[str]]


def kedro(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    return subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=project,
        env={**environment, "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run(project: Path, *arguments: str) -> str:
    done = kedro(project, "run", "--env", "test", *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr + done.stdout


def nodes_run(log: str) -> list[str]:
    return re.findall(r"trip_duration\.run: +\d+/\d+ (\w+)", log)


def written(project: Path, since: dict[Path, int]) -> set[str]:
    return {
        path.relative_to(project / "data").as_posix()
        for path, stamp in stamps(project).items()
        if since.get(path) != stamp
    }


def stamps(project: Path) -> dict[Path, int]:
    # MLflow's database is made by the first command, whichever that is
    files = [
        path
        for path in (project / "data").rglob("*")
        if path.is_file() and path.name != "mlflow.db"
    ]
    return {path: path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    """A project whose data may be written to."""
    return with_data()


def test_pipelines_are_chosen_by_name(project: Path) -> None:
    before = stamps(project)
    log = run(project, "--pipelines", "ingestion,data_processing")
    assert nodes_run(log)[-1] == "pass_months"
    assert {"request_months", "clean_months"} <= set(nodes_run(log))
    assert "02_intermediate/trips/2023-01.parquet" not in written(project, before)
    assert "08_reporting/data_quality.json" in written(project, before)


def test_from_nodes_and_to_outputs(project: Path) -> None:
    log = run(project, "--from-nodes", "select_features", "--to-outputs", "feature_transformer")
    assert nodes_run(log) == ["select_features", "narrow_transformer", "fit_known_transformer"]


def test_tags(project: Path) -> None:
    before = stamps(project)
    log = run(project, "--tags", "reporting")
    assert "compute_metrics" in nodes_run(log)
    assert "train_predictor" not in nodes_run(log)
    assert {path.split("/")[0] for path in written(project, before)} == {"08_reporting"}


def test_only_missing_outputs(project: Path) -> None:
    (project / "data/08_reporting/metrics.json").unlink()
    log = run(project, "--only-missing-outputs")
    assert nodes_run(log) == ["compute_metrics"]


def test_parameters_of_the_command_line_reach_their_group_and_leave_its_siblings(
    project: Path,
) -> None:
    log = run(
        project,
        "--pipelines",
        "modelling,reporting",
        "--params",
        "modelling.lightgbm.num_trees=7,model_type=lightgbm",
    )
    assert "7 rounds" in log
    text = (project / "data/06_models/predictor/lightgbm.txt").read_text()
    assert text.count("Tree=") == 7
    assert "[num_leaves: 31]" in text  # what conf/test says


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("train_month=2023-01", ["train_month", "unknown"]),
        ("modelling.lightgbm.num_leavs=3", ["modelling.lightgbm.num_leavs", "unknown"]),
        ("model_type=oracle,train_months=2023-13", ["model_type", "2023-13"]),
    ],
)
def test_wrong_parameters_are_refused_by_name(project: Path, params: str, words: list[str]) -> None:
    before = stamps(project)
    done = kedro(project, "run", "--env", "test", "--params", params)
    said = done.stderr + done.stdout
    assert done.returncode != 0
    assert nodes_run(said) == []
    assert all(word in said for word in words), said[-2000:]
    assert "Traceback" not in said
    assert written(project, before) == set()


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_catalog_is_clean_in_every_environment(project: Path, env: str) -> None:
    described = kedro(project, "catalog", "describe-datasets", "--env", env)
    assert described.returncode == 0, described.stderr[-2000:]
    assert "predictor" in described.stdout
    resolved = kedro(project, "catalog", "resolve-patterns", "--env", env)
    assert resolved.returncode == 0, resolved.stderr[-2000:]
    assert "train_trips" in resolved.stdout
    for said in (described.stderr, resolved.stderr):
        assert "Error" not in said
        assert "WARNING" not in said


def test_the_registry_is_listed(project: Path) -> None:
    done = kedro(project, "registry", "list")
    assert done.returncode == 0
    for name in ("ingestion", "data_processing", "feature_engineering", "modelling", "reporting"):
        assert f"- {name}" in done.stdout
