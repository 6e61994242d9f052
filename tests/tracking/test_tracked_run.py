"""What an MLflow run of a finished project holds, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from kedro.runner import ThreadRunner
from mlflow.entities import Run

from trip_duration.models import Predictor
from trip_duration.params import LightGBMParams
from trip_duration.tracking.model import example, log_predictor

TRAINING = ["train_baseline", "train_predictor"]


def runs_of(project: Path, experiment: str = "trip-duration") -> list[Run]:
    return runs_at(f"sqlite:///{project}/data/mlflow.db", experiment)


def runs_at(uri: str, experiment: str) -> list[Run]:
    client = mlflow.MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


@pytest.fixture(scope="module")
def tracked(finished_run: Path) -> Run:
    (run,) = runs_of(finished_run)
    return run


@pytest.fixture(scope="module")
def folder(tracked: Run) -> Path:
    """Where the artifacts of the run lie."""
    return Path(tracked.info.artifact_uri.removeprefix("file://"))


@pytest.fixture(scope="module")
def project(with_data: Callable[[], Path]) -> Path:
    """A project with data and an empty database, for runs of parts."""
    return with_data()


def test_a_run_of_everything_is_one_finished_run_with_a_readable_name(tracked: Run) -> None:
    assert tracked.info.status == "FINISHED"
    assert tracked.info.run_name == "lightgbm green 2023-01..2023-02 -> 2023-03"


def test_every_parameter_is_logged_by_leaf_defaults_included(tracked: Run) -> None:
    params = tracked.data.params
    assert params["modelling.lightgbm.num_trees"] == "60"
    assert params["modelling.lightgbm.max_bin"] == str(LightGBMParams().max_bin)
    assert params["feature_engineering.train_months"] == "2023-01,2023-02"
    seeds = {name for name in params if name.rpartition(".")[2] == "seed"}
    assert {"ingestion.city.seed", "modelling.seed", "feature_engineering.seed"} <= seeds


def test_no_group_is_logged_as_one_string(tracked: Run) -> None:
    assert all("." in name for name in tracked.data.params)


def test_metrics_are_those_of_the_report(tracked: Run, finished_run: Path) -> None:
    report = json.loads((finished_run / "data/08_reporting/metrics.json").read_text())
    for split in ("train", "validation", "test"):
        for shown in ("request", "baseline"):
            logged = tracked.data.metrics[f"{split}.{shown}.mae"]
            assert logged == report[split][shown]["mae"]
    assert f"{report['test']['request']['mae']:.3f}" in tracked.data.tags["mlflow.note.content"]


def test_rows_of_the_splits_are_those_on_disk(tracked: Run, finished_run: Path) -> None:
    for split in ("train", "validation", "test"):
        frame = pd.read_parquet(finished_run / f"data/03_primary/{split}_trips.parquet")
        assert tracked.data.metrics[f"rows.{split}_trips"] == len(frame)


def test_seconds_of_training_are_part_of_those_of_the_run(tracked: Run) -> None:
    metrics = tracked.data.metrics
    assert 0 < metrics["seconds.train_predictor"] < metrics["seconds.run"]


def test_tags_say_code_libraries_machine_and_data(tracked: Run, finished_run: Path) -> None:
    tags = tracked.data.tags
    predictor = Predictor.load(finished_run / "data/06_models/predictor")
    assert tags["git.commit"] == "unknown"
    assert tags["version.mlflow"] == mlflow.__version__
    assert tags["hardware.cpu_count"] == str(os.cpu_count())
    assert len(tags["data_digest"]) == 64
    assert tags["training_data_digest"] == predictor.facts["data_digest"]
    assert tags["predictor_sha256"] == predictor.sha256
    assert tags["features"].split(",") == list(predictor.transformer.selected_)


def test_every_report_on_disk_is_in_the_run(folder: Path, finished_run: Path) -> None:
    made = {path.name for path in (finished_run / "data/08_reporting").iterdir()}
    assert {path.name for path in (folder / "reports").iterdir()} == made
    assert {"metrics.json", "model_card.md", "data_quality.json"} <= made


def test_manifest_features_sample_and_installed_libraries_are_kept(
    folder: Path, finished_run: Path
) -> None:
    manifest = json.loads((finished_run / "data/01_raw/manifest.json").read_text())
    assert json.loads((folder / "raw_manifest.json").read_text()) == manifest
    assert json.loads((folder / "feature_names.json").read_text())["features"]
    assert len(pd.read_parquet(folder / "predictions_sample.parquet")) == 200
    assert f"mlflow=={mlflow.__version__}" in (folder / "installed.txt").read_text().splitlines()
    lock = finished_run / "requirements.lock"
    assert (folder / lock.name).is_file() == lock.is_file()


@pytest.fixture(scope="module")
def logged_model(tracked: Run, finished_run: Path) -> Iterator[str]:
    before = mlflow.get_tracking_uri()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")  # MLflow sets it too
        mlflow.set_tracking_uri(f"sqlite:///{finished_run}/data/mlflow.db")
        (output,) = tracked.outputs.model_outputs
        yield f"models:/{output.model_id}"
        mlflow.set_tracking_uri(before)


def test_the_model_predicts_what_the_predictor_does(logged_model: str, finished_run: Path) -> None:
    predictor = Predictor.load(finished_run / "data/06_models/predictor")
    trips = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet")
    requests = trips.rename(columns={"trip_distance": "route_distance"})
    model = mlflow.pyfunc.load_model(logged_model)
    for columns in (["route_distance"], []):
        asked = requests[["pickup_datetime", "pickup_zone", "dropoff_zone", *columns]]
        answer = model.predict(asked)["minutes"].to_numpy()
        np.testing.assert_array_equal(answer, predictor.predict(asked))


def test_the_model_has_a_contract_an_example_and_no_pickle(logged_model: str) -> None:
    model = mlflow.models.get_model_info(logged_model)
    inputs = {column.name: column for column in model.signature.inputs}
    optional = [name for name, column in inputs.items() if not column.required]
    assert list(inputs) == ["pickup_datetime", "pickup_zone", "dropoff_zone", "route_distance"]
    assert optional == ["route_distance"]
    assert model.signature.outputs.input_names() == ["minutes"]
    files = {
        path.name for path in Path(mlflow.artifacts.download_artifacts(logged_model)).rglob("*")
    }
    assert {"input_example.json", "served_model.py", "manifest.json"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]


def test_logging_the_model_starts_no_python_to_guess_requirements(
    finished_run: Path, logged_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "subprocess.Popen":
            started.append(str(arguments[0]))

    sys.addaudithook(watch)
    mlflow.set_experiment("model-only")
    with mlflow.start_run():
        info = log_predictor(Predictor.load(finished_run / "data/06_models/predictor"))
    watching.clear()
    assert not [program for program in started if "python" in program]
    assert mlflow.pyfunc.load_model(info.model_uri).predict(example()).shape == (2, 1)


def test_what_does_not_train_is_not_tracked(project: Path, run_kedro: Any) -> None:
    for choice in (
        {"pipeline_names": ["reporting"]},
        {"node_names": ["compute_metrics"]},
        {"only_missing_outputs": True},
    ):
        run_kedro(project, {"experiment_name": "nothing"}, **choice)
    assert runs_of(project, "nothing") == []
    assert mlflow.active_run() is None


def test_what_trains_is_tracked_however_it_is_chosen(project: Path, run_kedro: Any) -> None:
    params = {"experiment_name": "parts", "model_type": "linear"}
    run_kedro(project, params, node_names=TRAINING, runner=ThreadRunner())
    (run,) = runs_of(project, "parts")
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "linear green 2023-01..2023-02 -> 2023-03"
    assert run.outputs.model_outputs
    # reports on disk are of an earlier run
    assert not [name for name in run.data.metrics if name.startswith("test.")]
    assert not (Path(run.info.artifact_uri.removeprefix("file://")) / "reports").is_dir()


def test_a_later_run_in_the_same_process_leaves_a_tracked_one_alone(
    project: Path, run_kedro: Any
) -> None:
    params = {"experiment_name": "alone"}
    run_kedro(project, params, node_names=TRAINING)
    run_kedro(project, params, pipeline_names=["reporting"])
    (run,) = runs_of(project, "alone")
    assert run.info.status == "FINISHED"
    assert mlflow.active_run() is None


def test_a_run_that_fails_says_why(project: Path, run_kedro: Any, monkeypatch: Any) -> None:
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
    project: Path, run_kedro: Any, monkeypatch: Any
) -> None:
    def full(_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("trip_duration.tracking.model.log_predictor", full)
    with pytest.raises(OSError, match="disk full"):
        run_kedro(project, {"experiment_name": "unlogged"}, node_names=TRAINING)
    (run,) = runs_of(project, "unlogged")
    assert (run.info.status, run.data.tags["error"]) == ("FAILED", "OSError: disk full")
    assert mlflow.active_run() is None


def test_an_interrupted_run_is_killed_not_finished(project: Path) -> None:
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
    done = subprocess.run([sys.executable, "-c", script, str(project)], cwd="/", check=False)
    assert done.returncode == 3
    (run,) = runs_of(project, "interrupted")
    assert run.info.status == "KILLED"


@pytest.mark.postgres
def test_postgresql_holds_the_same_run_and_never_its_password(
    project: Path, run_kedro: Any, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres)
    run_kedro(project, {"experiment_name": "on-postgres"}, node_names=TRAINING)
    (run,) = runs_at(postgres, "on-postgres")
    assert run.info.status == "FINISHED"
    assert run.data.params["modelling.lightgbm.num_trees"] == "60"
    assert run.info.artifact_uri.startswith(f"file://{project}/data/mlflow_artifacts/")
    assert runs_of(project, "on-postgres") == []
    password = postgres.partition("trip:")[2].partition("@")[0]
    assert password not in json.dumps(run.to_dictionary())
    files = [path for path in (project / "data/mlflow_artifacts").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if password.encode() in path.read_bytes()]
