"""What is claimed of real months, on the publisher's own files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

SOURCE = os.environ.get("TLC_SOURCE_ROOT", "")
NINE = "2021-01..2021-02 2022-01..2022-03 2023-01..2023-04"
pytestmark = [
    pytest.mark.tlc,
    pytest.mark.skipif(not SOURCE, reason="TLC_SOURCE_ROOT does not say where real months lie"),
]


def run(project: Path, pipelines: list[str] | None = None, **params: Any) -> None:
    bootstrap_project(project)
    with pytest.MonkeyPatch.context() as patch:
        # MLflow puts both into the environment; the next project would find them
        patch.setenv("MLFLOW_TRACKING_URI", "")
        patch.setenv("MLFLOW_EXPERIMENT_ID", "")
        patch.delenv("MLFLOW_EXPERIMENT_ID")
        params.setdefault("source_root", str(Path(SOURCE).resolve()))
        with KedroSession.create(project, env="tlc", runtime_params=params) as session:
            session.run(pipeline_names=pipelines)


def read(project: Path, name: str) -> Any:
    return json.loads((project / "data" / name).read_text())


@pytest.fixture(scope="module")
def spring(new_project: Callable[[], Path]) -> Path:
    """A finished run of 2023-01..03 to 2023-04."""
    project = new_project()
    run(project, train_months="2023-01..2023-03", test_months="2023-04")
    return project


def test_errors_of_spring_2023(spring: Path) -> None:
    test = read(spring, "08_reporting/metrics.json")["test"]
    assert test["request"]["mae"] <= 3.508
    assert test["request_with_distance"]["mae"] <= 2.75
    assert test["baseline"]["mae"] == pytest.approx(4.76, abs=0.02)
    assert test["request"]["n"] > 62_000


def test_intervals_of_spring_2023(spring: Path) -> None:
    test = read(spring, "08_reporting/metrics.json")["test"]
    for name in ("request", "request_with_distance"):
        assert test[name]["coverage"] == pytest.approx(0.9, abs=0.015)
        assert test[name]["mean_width"] < 0.97 * test[name]["constant_width"]


def test_the_manifest_has_the_publishers_checksums(spring: Path) -> None:
    published = {
        line.split()[1].rpartition("/")[2]: line.split()[0]
        for line in (Path(SOURCE) / "SHA256SUMS").read_text().splitlines()
    }
    months = read(spring, "01_raw/manifest.json")["months"]
    assert set(months) == {"2023-01", "2023-02", "2023-03", "2023-04"}
    for month, record in months.items():
        assert record["sha256"] == published[f"green_tripdata_{month}.parquet"]


def test_provenance_of_spring_2023(spring: Path) -> None:
    root = str(Path(SOURCE).resolve())
    assert read(spring, "06_models/training_facts.json")["source"] == "real"
    assert read(spring, "08_reporting/run_facts.json")["source_root"] == root
    card = (spring / "data/08_reporting/model_card.md").read_text()
    assert f"| data | real: files of TLC from `{root}` |" in card
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{spring}/data/mlflow.db")
    (tracked,) = client.search_runs([client.get_experiment_by_name("trip-duration").experiment_id])
    assert tracked.info.run_name == "lightgbm real green 2023-01..2023-03 -> 2023-04"
    assert (tracked.data.tags["source"], tracked.data.tags["source_root"]) == ("real", root)


def test_spring_2023_is_not_learnt_from_as_if_it_were_made_up(spring: Path) -> None:
    before = read(spring, "06_models/training_facts.json")
    months = {"train_months": "2023-01..2023-03", "test_months": "2023-04"}
    for pipeline in ("feature_engineering", "modelling", "reporting"):
        with pytest.raises(Exception, match="source_root: the parameters say synthetic, "):
            run(spring, [pipeline], source_root="synthetic", experiment_name="refused", **months)
    assert read(spring, "06_models/training_facts.json") == before


def test_titles_of_spring_2023_are_those_of_what_is_drawn(spring: Path) -> None:
    def title(name: str) -> str:
        figure = read(spring, f"08_reporting/report_{name}.json")
        return str(figure["layout"]["title"]["text"])

    importance = read(spring, "08_reporting/explanation.json")["importance"]
    leaders = {max(weights, key=lambda name: weights[name]) for weights in importance.values()}
    assert all(name in title("importance") for name in leaders)
    slices = read(spring, "08_reporting/slices.json")
    for name, slicing in (("error_by_hour", "weekday_hour"), ("error_map", "pickup_zone")):
        trips = int(title(name).split("(")[1].split(" trips")[0].replace(",", ""))
        assert trips >= 200
        assert trips in {record["trips"] for record in slices[slicing]}


def test_the_zoomcamps_setting(new_project: Callable[[], Path]) -> None:
    """The command is that of docs/how-to/compare-with-zoomcamp.md."""
    project = new_project()
    run(
        project,
        train_months="2021-01",
        test_months="2021-02",
        data_processing={"rules": {"max_duration": 60}},
        modelling={"objective": "squared_error"},
        feature_engineering={"presentation": "with_distance"},
    )
    test = read(project, "08_reporting/metrics.json")["test"]
    assert test["request_with_distance"]["rmse"] <= 5.08


def test_all_nine_months_in_one_run(new_project: Callable[[], Path]) -> None:
    project = new_project()
    run(project, ["ingestion", "data_processing"], months=NINE)
    months = read(project, "08_reporting/data_quality.json")["months"]
    manifest = read(project, "01_raw/manifest.json")["months"]
    assert len(months) == 9
    for month, quality in months.items():
        assert quality["rows_kept"] + sum(quality["rejected"].values()) == quality["rows_read"]
        assert quality["rows_read"] == manifest[month]["rows"]
        assert quality["rows_kept"] > 0.95 * quality["rows_read"]
