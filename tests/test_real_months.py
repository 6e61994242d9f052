"""What is claimed of real months, on the publisher's own files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pyarrow.parquet as pq
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tests.registry.unfair import be_unfair, judge_fairness, read_judged
from trip_duration.registry import Registry

SOURCE = os.environ.get("TLC_SOURCE_ROOT", "")
# every split of the months that lie beside each other
SPLITS = (
    ("2021-01", "2021-02"),
    ("2022-01", "2022-02"),
    ("2022-02", "2022-03"),
    ("2022-01..2022-02", "2022-03"),
    ("2023-01", "2023-02"),
    ("2023-02", "2023-03"),
    ("2023-03", "2023-04"),
    ("2023-01..2023-02", "2023-03"),
    ("2023-02..2023-03", "2023-04"),
    ("2023-01..2023-03", "2023-04"),
    ("2023-12", "2024-01"),
    ("2024-12", "2025-01"),
)
NINE = "2021-01..2021-02 2022-01..2022-03 2023-01..2023-04"
pytestmark = [
    pytest.mark.tlc,
    pytest.mark.skipif(not SOURCE, reason="TLC_SOURCE_ROOT does not say where real months lie"),
]


def run(
    project: Path, pipelines: list[str] | None = None, source: str = SOURCE, **params: Any
) -> None:
    bootstrap_project(project)
    with pytest.MonkeyPatch.context() as patch:
        # MLflow puts both into the environment; the next project would find them
        patch.setenv("MLFLOW_TRACKING_URI", "")
        patch.setenv("MLFLOW_EXPERIMENT_ID", "")
        patch.delenv("MLFLOW_EXPERIMENT_ID")
        params.setdefault("source_root", str(Path(source).resolve()))
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


def test_boroughs_of_spring_2023_are_served_alike(spring: Path) -> None:
    registered = Registry(f"sqlite:///{spring}/data/mlflow.db").load("challenger")
    fair = judge_fairness(spring, registered)
    assert fair["fairness_ratio"].figure == pytest.approx(1.22, abs=0.06)
    assert fair["fairness_gain"].figure == pytest.approx(0.19, abs=0.03)
    assert all(criterion.passed for criterion in fair.values())
    trips, zones, _ = read_judged(spring)
    for borough in ("Bronx", "Brooklyn", "Manhattan", "Queens"):
        unfair = judge_fairness(spring, be_unfair(registered, trips, zones, borough))
        assert not unfair["fairness_ratio"].passed, borough


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


@pytest.fixture(scope="module")
def thinned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publisher's folder with every tenth trip of each month."""
    folder = tmp_path_factory.mktemp("thinned")
    shutil.copytree(Path(SOURCE) / "misc", folder / "misc")
    (folder / "trip-data").mkdir()
    for path in sorted((Path(SOURCE) / "trip-data").glob("green_*.parquet")):
        table = pq.read_table(path)
        pq.write_table(table.take(list(range(0, len(table), 10))), folder / "trip-data" / path.name)
    return folder


@pytest.fixture(scope="module")
def thinned_project(new_project: Callable[[], Path]) -> Path:
    """A project that keeps the thinned months from one split to the next."""
    return new_project()


@pytest.mark.xdist_group("thinned months")
@pytest.mark.parametrize(("train_months", "test_months"), SPLITS)
def test_every_split_trains_and_reports(
    train_months: str, test_months: str, thinned: Path, thinned_project: Path
) -> None:
    small = {"lightgbm": {"num_trees": 150}, "intervals": {"quantiles": {"num_trees": 40}}}
    run(
        thinned_project,
        source=str(thinned),
        train_months=train_months,
        test_months=test_months,
        modelling=small,
    )
    test = read(thinned_project, "08_reporting/metrics.json")["test"]
    assert test["request"]["mae"] < test["baseline"]["mae"]
    assert test["request_with_distance"]["mae"] < test["request"]["mae"]
    behaviour = read(thinned_project, "08_reporting/behaviour_report.json")
    assert behaviour["failures"] == []
    card = (thinned_project / "data/08_reporting/model_card.md").read_text()
    assert test_months in card
