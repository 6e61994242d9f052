"""Whole runs: the same twice, of either service, and again when a month is published anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trip_duration.models import Predictor
from trip_duration.params import CityParams
from trip_duration.tlc.city import City

RunKedro = Callable[..., dict[str, Any]]
ARTIFACTS = (
    "06_models/predictor/manifest.json",
    "06_models/early_predictor/manifest.json",
    "06_models/baseline/manifest.json",
    "08_reporting/metrics.json",
    "08_reporting/model_card.md",
    "08_reporting/data_quality.json",
)


def test_two_runs_are_the_same_to_the_last_bit(
    finished_run: Path, new_project: Callable[[], Path], run_kedro: RunKedro
) -> None:
    again = new_project()
    run_kedro(again)
    for name in ARTIFACTS:
        assert (again / "data" / name).read_bytes() == (finished_run / "data" / name).read_bytes()
    first, second = (
        pd.read_parquet(project / "data/07_model_output/predictions.parquet")
        for project in (finished_run, again)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_the_saved_predictor_gives_the_numbers_of_the_report(finished_run: Path) -> None:
    predictor = Predictor.load(finished_run / "data/06_models/predictor")
    predictions = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet")
    test = predictions[predictions["split"] == "test"]
    requests = test.rename(columns={"trip_distance": "route_distance"})
    without = requests.drop(columns="route_distance")
    for name, asked in (("request_with_distance", requests), ("request", without)):
        predicted = predictor.predict(asked)
        np.testing.assert_array_equal(predicted.minutes, test[name])
        np.testing.assert_array_equal(predicted.lower, test[f"{name}_lower"])
        np.testing.assert_array_equal(predicted.upper, test[f"{name}_upper"])


def test_metrics_have_the_agreed_form(finished_run: Path) -> None:
    metrics = json.loads((finished_run / "data/08_reporting/metrics.json").read_text())
    assert set(metrics) == {"test", "validation", "train"}
    names = {"mae", "rmse", "mape", "r2", "rmsle", "p90_abs_error", "bias", "n"}
    for blocks in metrics.values():
        assert set(blocks) == {"request", "request_with_distance", "baseline"}
        assert set(blocks.pop("baseline")) == names
        ends = {"coverage", "mean_width", "constant_width"}
        assert all(set(block) == names | ends for block in blocks.values())


def test_the_model_beats_the_table_and_the_distance_helps(finished_run: Path) -> None:
    test = json.loads((finished_run / "data/08_reporting/metrics.json").read_text())["test"]
    assert test["request_with_distance"]["mae"] < test["request"]["mae"] < test["baseline"]["mae"]


def test_yellow_months(new_project: Callable[[], Path], run_kedro: RunKedro) -> None:
    project = new_project()
    run_kedro(project, {"service": "yellow"})
    manifest = json.loads((project / "data/01_raw/manifest.json").read_text())
    assert manifest["service"] == "yellow"
    assert manifest["months"]["2023-01"]["file"] == "trip-data/yellow_tripdata_2023-01.parquet"
    metrics = json.loads((project / "data/08_reporting/metrics.json").read_text())
    assert metrics["test"]["request"]["mae"] < metrics["test"]["baseline"]["mae"]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder in the publisher's layout, published by the synthetic city."""
    city = City(CityParams(trips=3_000))
    for name in ("misc/taxi_zone_lookup.csv", "misc/taxi_zones.zip"):
        write(city, name, tmp_path)
    for month in ("2023-01", "2023-02", "2023-03"):
        write(city, f"trip-data/green_tripdata_{month}.parquet", tmp_path)
    return tmp_path


def write(city: City, name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    city.write(name, folder / name)


def test_only_a_month_that_was_published_anew_is_processed_again(
    mirror: Path, new_project: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = new_project()
    params, parts = {"source_root": str(mirror)}, ["ingestion", "data_processing"]
    run_kedro(project, params, pipeline_names=parts)
    before = stamps(project)
    assert list(before) == ["2023-01", "2023-02", "2023-03"]
    run_kedro(project, params, pipeline_names=parts)
    assert stamps(project) == before
    write(City(CityParams(trips=2_000)), "trip-data/green_tripdata_2023-02.parquet", mirror)
    run_kedro(project, params, pipeline_names=parts)
    after = stamps(project)
    assert [month for month in after if after[month] != before[month]] == ["2023-02"]
    quality = json.loads((project / "data/08_reporting/data_quality.json").read_text())["months"]
    assert quality["2023-02"]["rows_read"] < 0.8 * quality["2023-01"]["rows_read"]


def stamps(project: Path) -> dict[str, int]:
    files = sorted((project / "data/02_intermediate/trips").glob("*.parquet"))
    return {path.stem: path.stat().st_mtime_ns for path in files}


def test_changed_rules_are_applied_to_all_months(
    with_data: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = with_data()
    before = stamps(project)
    rules = {"data_processing": {"rules": {"max_duration": 30.0}}}
    run_kedro(project, rules, pipeline_names=["data_processing"])
    after = stamps(project)
    assert all(after[month] != before[month] for month in before)
    trips = pd.read_parquet(project / "data/02_intermediate/trips/2023-01.parquet")
    assert trips["duration_minutes"].max() <= 30


def test_a_month_that_breaks_its_contract_stops_the_run_and_costs_no_other(
    mirror: Path, new_project: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = new_project()
    broken = mirror / "trip-data/green_tripdata_2023-02.parquet"
    frame = pd.read_parquet(broken)
    frame["PULocationID"] = frame["PULocationID"].astype(str)
    frame.loc[3, "PULocationID"] = "here"
    frame.to_parquet(broken)
    with pytest.raises(Exception, match=r"(?s)green_tripdata_2023-02.*pickup_zone.*here"):
        run_kedro(
            project,
            {"source_root": str(mirror)},
            pipeline_names=["ingestion", "data_processing"],
        )
    assert list(stamps(project)) == ["2023-01", "2023-03"]
    quality = json.loads((project / "data/08_reporting/data_quality.json").read_text())
    assert [month for month, counts in quality["months"].items() if "contract" in counts] == [
        "2023-02"
    ]
    assert not list((project / "data").rglob("*.part"))


def test_a_gate_that_fails_leaves_its_report(
    with_data: Callable[[], Path], run_kedro: RunKedro
) -> None:
    project = with_data()
    shutil.rmtree(project / "data/08_reporting")
    gate = {"data_processing": {"gate": {"min_rows": 10_000}}}
    with pytest.raises(Exception, match=r"2023-01.*min_rows"):
        run_kedro(project, gate, pipeline_names=["data_processing"])
    quality = json.loads((project / "data/08_reporting/data_quality.json").read_text())
    assert len(quality["failures"]) == 3
