"""What an MLflow run of a finished project holds."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Run

from trip_duration.models import Predictor
from trip_duration.params import LightGBMParams


@pytest.fixture(scope="module")
def folder(tracked: Run) -> Path:
    """Where the artifacts of the run lie."""
    return Path(tracked.info.artifact_uri.removeprefix("file://"))


def test_a_run_of_everything_is_one_finished_run_with_a_readable_name(tracked: Run) -> None:
    assert tracked.info.status == "FINISHED"
    assert tracked.info.run_name == "lightgbm synthetic green 2023-01..2023-02 -> 2023-03"


def test_every_parameter_is_logged_by_leaf_defaults_included(tracked: Run) -> None:
    params = tracked.data.params
    assert params["modelling.lightgbm.num_trees"] == "60"
    assert params["modelling.lightgbm.max_bin"] == str(LightGBMParams().max_bin)
    assert params["feature_engineering.train_months"] == "2023-01,2023-02"
    seeds = {name for name in params if name.rpartition(".")[2] == "seed"}
    assert {"ingestion.city.seed", "modelling.seed", "feature_engineering.seed"} <= seeds


def test_what_the_code_fixes_and_the_trees_that_were_kept_are_parameters(
    tracked: Run, finished_run: Path
) -> None:
    params = tracked.data.params
    assert params["estimator.lightgbm.objective"] == "l1"
    assert params["estimator.lightgbm.num_boost_round"] == "60"
    assert params["interval_estimator.upper.objective"] == "quantile"
    text = (finished_run / "data/06_models/predictor/lightgbm.txt").read_text()
    assert params["estimator.lightgbm.rounds_used"] == str(text.count("Tree="))


def test_the_experiment_says_what_it_holds(finished_run: Path) -> None:
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{finished_run}/data/mlflow.db")
    tags = client.get_experiment_by_name("trip-duration").tags
    assert "`test.request.mae` is the mean absolute error" in tags["mlflow.note.content"]


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
    assert (tags["source"], tags["source_root"]) == ("synthetic", "synthetic")
    assert tags["version.mlflow"] == mlflow.__version__
    assert tags["hardware.cpu_count"] == str(os.cpu_count())
    libraries = ("lightgbm", "xgboost", "scikit-learn", "mapie", "holidays", "skops", "optuna")
    assert all(tags[f"version.{name}"] for name in libraries)
    assert len(tags["data_digest"]) == 64
    manifest = json.loads((finished_run / "data/01_raw/manifest.json").read_text())
    for month, record in manifest["months"].items():
        assert tags[f"sha256.{month}"] == record["sha256"]
    assert tags["training_data_digest"] == predictor.facts["data_digest"]
    assert tags["predictor_sha256"] == predictor.sha256
    assert tags["features"].split(",") == list(predictor.transformer.selected_)


def test_every_report_on_disk_is_in_the_run(folder: Path, finished_run: Path) -> None:
    made = {path.name for path in (finished_run / "data/08_reporting").iterdir()}
    assert {path.name for path in (folder / "reports").iterdir()} == made | {"figures.html"}
    assert {"metrics.json", "model_card.md", "data_quality.json"} <= made


def test_all_figures_are_on_one_page_that_needs_no_network(
    folder: Path, finished_run: Path
) -> None:
    page = (folder / "reports/figures.html").read_text()
    figures = list((finished_run / "data/08_reporting").glob("report_*.json"))
    assert figures
    assert page.count('class="plotly-graph-div"') == len(figures)
    assert page.count("<h2>") == len(figures)
    assert page.count("* plotly.js v") == 1
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", page)


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
