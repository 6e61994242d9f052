"""Which runs are tracked, where, and how those end that do not end well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.runner import ThreadRunner

from trip_duration.errors import RegistryError
from trip_duration.registry.ledger import DONE, INTENT, Entry, Ledger

TRAINING = ["train_baseline", "train_predictor"]


def test_what_does_not_train_is_not_tracked(project: Path, run_kedro: Any, runs_of: Any) -> None:
    for choice in (
        {"pipeline_names": ["reporting"]},
        {"node_names": ["compute_metrics"]},
        {"only_missing_outputs": True},
    ):
        run_kedro(project, {"experiment_name": "nothing"}, **choice)
    assert runs_of(project, "nothing") == []
    assert mlflow.active_run() is None


def test_what_trains_is_tracked_however_it_is_chosen(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    params = {"experiment_name": "parts", "model_type": "linear"}
    run_kedro(project, params, node_names=TRAINING, runner=ThreadRunner())
    (run,) = runs_of(project, "parts")
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "linear synthetic green 2023-01..2023-02 -> 2023-03"
    assert run.outputs.model_outputs
    # reports on disk are of an earlier run
    assert not [name for name in run.data.metrics if name.startswith("test.")]
    assert not (Path(run.info.artifact_uri.removeprefix("file://")) / "reports").is_dir()


def test_a_later_run_in_the_same_process_leaves_a_tracked_one_alone(
    project: Path, run_kedro: Any, runs_of: Any
) -> None:
    params = {"experiment_name": "alone"}
    run_kedro(project, params, node_names=TRAINING)
    run_kedro(project, params, pipeline_names=["reporting"])
    (run,) = runs_of(project, "alone")
    assert run.info.status == "FINISHED"
    assert mlflow.active_run() is None


def test_runs_of_two_projects_in_one_process_stay_apart(
    project: Path, with_data: Callable[[], Path], runs_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow leaves the first one's place in the environment, and others may point it away."""
    second = with_data()
    monkeypatch.setattr(
        "trip_duration.tracking.plugin.name_run",
        lambda _: mlflow.set_tracking_uri(f"sqlite:///{project.parent}/other.db"),
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "77")
    for where in (project, second):
        bootstrap_project(where)
        params = {"experiment_name": "apart"}
        with KedroSession.create(where, env="test", runtime_params=params) as session:
            session.run(node_names=TRAINING)
        assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{where}/data/mlflow.db"
    assert [len(runs_of(where, "apart")) for where in (project, second)] == [1, 1]


def test_a_run_that_could_not_register_its_model_ends_before_it_trains(
    with_data: Callable[[], Path], run_kedro: Any, runs_of: Any
) -> None:
    project = with_data()
    shutil.rmtree(project / "data/06_models/predictor")
    ledger = Ledger(f"sqlite:///{project}/data/service.db")
    for event in (INTENT, DONE):
        elsewhere = {"registry": "sqlite:////elsewhere/mlflow.db"}
        ledger.append(Entry(event, "register", "1", "a" * 64, "someone", "", elsewhere))
    with pytest.raises(RegistryError, match=r"one of sqlite:////elsewhere.* put its ledger away"):
        run_kedro(project, node_names=TRAINING)
    (run,) = runs_of(project)
    assert run.info.status == "FAILED"
    assert not (project / "data/06_models/predictor").exists()


def test_a_run_that_fails_says_why(
    project: Path, run_kedro: Any, runs_of: Any, monkeypatch: Any
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no trees at postgresql://trip:s3cret@db/x")

    monkeypatch.setattr("trip_duration.models.lightgbm.LightGBM.fit", broken)
    with pytest.raises(RuntimeError):
        run_kedro(project, {"experiment_name": "failing"}, node_names=TRAINING)
    (run,) = runs_of(project, "failing")
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "RuntimeError: no trees at postgresql://***@db/x"
    assert run.data.metrics["seconds.train_baseline"] > 0


def test_a_run_that_cannot_be_logged_is_failed_too(
    project: Path, run_kedro: Any, runs_of: Any, monkeypatch: Any
) -> None:
    def full(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("trip_duration.tracking.model.log_predictor", full)
    with pytest.raises(OSError, match="disk full"):
        run_kedro(project, {"experiment_name": "unlogged"}, node_names=TRAINING)
    (run,) = runs_of(project, "unlogged")
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "OSError: disk full")
    assert mlflow.active_run() is None


def test_an_interrupted_run_is_killed_not_finished(
    project: Path, tmp_path: Path, runs_of: Any
) -> None:
    script = (
        "import sys; from trip_duration.models.lightgbm import LightGBM\n"
        "LightGBM.fit = lambda *a, **k: sys.exit(3)\n"
        "from kedro.framework.session import KedroSession\n"
        "from kedro.framework.startup import bootstrap_project\n"
        "bootstrap_project(sys.argv[1])\n"
        "with KedroSession.create(\n"
        "    sys.argv[1], env='test', runtime_params={'experiment_name': 'interrupted'}\n"
        ") as session: session.run(node_names=['train_predictor'])\n"
    )
    # the working directory is not the project, and its database is used all the same
    command = [sys.executable, "-c", script, str(project)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(command, cwd=tmp_path, env=clean, check=False)
    assert done.returncode == 3
    assert not list(tmp_path.iterdir())
    (run,) = runs_of(project, "interrupted")
    assert run.info.status == "KILLED"


@pytest.mark.postgres
def test_postgresql_holds_the_same_run_and_never_its_password(
    with_data: Callable[[], Path], run_kedro: Any, runs_at: Any, postgres: str
) -> None:
    # another registry than that of the runs above, with a ledger of its own
    project = with_data()
    params = {"experiment_name": "on-postgres"}
    run_kedro(project, params, tracking_uri=postgres, node_names=TRAINING)
    (run,) = runs_at(postgres, "on-postgres")
    assert run.info.status == "FINISHED"
    assert run.data.params["modelling.lightgbm.num_trees"] == "60"
    assert run.info.artifact_uri.startswith(f"file://{project}/data/mlflow_artifacts/")
    assert not (project / "data/mlflow.db").exists()
    password = postgres.partition("trip:")[2].partition("@")[0]
    assert password not in json.dumps(run.to_dictionary())
    files = [path for path in (project / "data/mlflow_artifacts").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if password.encode() in path.read_bytes()]
