"""A recalibration: a tracked run, a patch version of its parent, traced to all of its months."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Run

from trip_duration.errors import DataError, ParameterError
from trip_duration.models import Predictor
from trip_duration.registry import Registry, Version
from trip_duration.registry.ledger import Ledger
from trip_duration.registry.promotion import Keeper
from trip_duration.registry.trace import Answer, Trace, trace_answer

RECALIBRATION = ["recalibration"]


@pytest.fixture(scope="module")
def recalibrated(with_registry: Callable[[], Path], run_kedro: Any) -> Path:
    """A project with a registered version, whose intervals were calibrated on its test month."""
    project = with_registry()
    run_kedro(project, {"experiment_name": "anew"}, pipeline_names=RECALIBRATION)
    return project


@pytest.fixture(scope="module")
def run(recalibrated: Path, runs_of: Any) -> Run:
    (found,) = runs_of(recalibrated, "anew")
    return found  # type: ignore[no-any-return]


def registry_of(project: Path) -> Registry:
    return Registry(f"sqlite:///{project}/data/mlflow.db")


@pytest.fixture(scope="module")
def parent(recalibrated: Path) -> Version:
    return registry_of(recalibrated).get("1")


@pytest.fixture(scope="module")
def version(recalibrated: Path) -> Version:
    return registry_of(recalibrated).get("challenger")


def read(project: Path, name: str) -> Any:
    return json.loads((project / "data" / name).read_text())


def test_the_run_names_its_parent_and_its_month(
    run: Run, parent: Version, recalibrated: Path
) -> None:
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "recalibration synthetic green newest month"
    tags = run.data.tags
    assert tags["parent.version"] == "1"
    assert tags["parent.run_id"] == parent.run_id
    assert tags["parent.sha256"] == parent.sha256
    assert tags["calibration_months"] == "2023-03"
    assert tags["train_months"] == "2023-01,2023-02"
    assert "test_months" not in tags
    assert (tags["registered"], tags["semantic_version"]) == ("2", "v1.0.1")
    assert run.data.params["modelling.intervals.coverage"] == "0.9"
    report = read(recalibrated, "08_reporting/recalibration_report.json")
    for kind, found in report["intervals"].items():
        for when in ("before", "after"):
            name = f"recalibration.{kind}.{when}.coverage"
            assert run.data.metrics[name] == found[when]["coverage"]
    assert run.outputs.model_outputs


def test_it_is_a_patch_version_with_the_errors_of_its_parent(
    version: Version, parent: Version, recalibrated: Path
) -> None:
    predictor = Predictor.load(recalibrated / "data/06_models/recalibrated_predictor")
    assert (version.number, version.semantic_version) == ("2", "v1.0.1")
    assert version.sha256 == predictor.sha256 != parent.sha256
    assert version.tags["parent.version"] == "1"
    errors = {name: value for name, value in parent.metrics.items() if name.endswith(".mae")}
    assert version.metrics == errors
    assert "Intervals calibrated anew on 2023-03." in version.description


def follow(project: Path, version: Version) -> Trace:
    answer = Answer("id-000000", version.number, version.sha256)
    return trace_answer(answer, registry_of(project), project / "data/01_raw")


def test_a_prediction_is_traced_to_the_month_that_calibrated_it_and_to_those_learnt_from(
    version: Version, parent: Version, recalibrated: Path
) -> None:
    trace = follow(recalibrated, version)
    assert trace.broken is None
    assert trace.parents == [parent.run_id]
    names = [link.name for link in trace.links]
    months = [name for name in names if "trip-data/" in name]
    assert months == [
        "trip-data/green_tripdata_2023-03.parquet",
        *(f"parent: trip-data/green_tripdata_2023-0{month}.parquet" for month in (1, 2, 3)),
    ]
    assert "lightgbm.txt of the predictor, as of its parent" in names
    assert "intervals.npz of the predictor, as of its parent" not in names


@pytest.mark.parametrize(
    ("month", "broken"),
    [
        ("2023-03", "trip-data/green_tripdata_2023-03.parquet"),
        ("2023-01", "parent: trip-data/green_tripdata_2023-01.parquet"),
    ],
)
def test_a_month_of_either_that_was_altered_is_named(
    version: Version, recalibrated: Path, month: str, broken: str
) -> None:
    path = recalibrated / f"data/01_raw/trip-data/green_tripdata_{month}.parquet"
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    try:
        found = follow(recalibrated, version).broken
        assert found is not None
        assert found.name == broken
    finally:
        path.write_bytes(content)


def test_the_champion_is_calibrated_whatever_was_trained_since_then_judged_and_promoted(
    recalibrated: Path, run_kedro: Any
) -> None:
    keeper = Keeper(
        registry_of(recalibrated), Ledger(f"sqlite:///{recalibrated}/data/service.db"), "tester"
    )
    keeper.promote("1", {}, reason="a test", force=True)
    # another predictor than the champion lies where runs leave theirs
    Predictor.load(recalibrated / "data/06_models/baseline").save(
        recalibrated / "data/06_models/predictor"
    )
    later = {"months": "2023-01..2023-04"}
    run_kedro(recalibrated, later, pipeline_names=["ingestion", "data_processing"])
    run_kedro(recalibrated, {"model": "champion"}, pipeline_names=RECALIBRATION)
    version = keeper.registry.get("challenger")
    assert version.tags["calibration_months"] == "2023-04"
    assert (version.tags["parent.version"], version.semantic_version) == ("1", "v1.0.2")

    judged = {"promotion": {"test_months": "2023-04"}}
    with pytest.raises(DataError, match=r"calibrated on 2023-04, and cannot be judged"):
        run_kedro(recalibrated, judged, pipeline_names=["promotion"])
    lenient = {"test_months": "2023-04", "max_coverage_error": 0.1}
    run_kedro(
        recalibrated, {"version": "v1.0.1", "promotion": lenient}, pipeline_names=["promotion"]
    )
    report = read(recalibrated, "08_reporting/gate_report.json")
    keeper.promote("v1.0.1", report)
    assert keeper.registry.get("champion").number == "2"


def test_a_recalibration_of_what_is_not_registered_is_not_registered_either(
    with_data: Callable[[], Path], run_kedro: Any, runs_of: Any
) -> None:
    project = with_data()
    run_kedro(project, pipeline_names=RECALIBRATION)
    (run,) = runs_of(project)
    assert run.info.status == "FINISHED"
    assert run.data.tags["registered"].startswith("no: its parent (sha256 ")
    assert "parent.version" not in run.data.tags
    assert registry_of(project).versions() == []


def test_a_part_of_a_recalibration_proves_nothing(
    with_registry: Callable[[], Path], run_kedro: Any, runs_of: Any
) -> None:
    project = with_registry()
    nodes = ["read_newest_trips", "recalibrate_intervals"]
    run_kedro(project, {"experiment_name": "part"}, node_names=nodes, pipeline_names=RECALIBRATION)
    (run,) = runs_of(project, "part")
    assert run.data.tags["registered"] == (
        "no: there is no behaviour report of this predictor; the run has not measured its error "
        "on test trips"
    )
    assert [version.number for version in registry_of(project).versions()] == ["1"]


def test_one_run_makes_one_predictor(with_data: Callable[[], Path], run_kedro: Any) -> None:
    with pytest.raises(ParameterError, match="one run makes one predictor"):
        run_kedro(with_data(), pipeline_names=["modelling", "recalibration"])
