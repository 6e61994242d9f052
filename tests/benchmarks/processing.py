"""Speed and memory of processing months."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tests.benchmarks import plain_cleaning
from tests.benchmarks.measure import Report, Row, medians, seconds
from tests.benchmarks.projects import Project, Workshop, copy_project
from trip_duration.params import DataProcessingParams
from trip_duration.pipelines.data_processing.nodes import clean_months

MONTH = "2023-03"  # has a change of the clock


def bench_month(shop: Workshop) -> Report:
    """Read, check, clean, check and write one month of 3 million trips."""
    trips = 300_000 if shop.quick else 3_000_000
    project = copy_project(shop.folder / "month")
    params = {"service": "yellow", "months": MONTH}
    project.run("ingestion", {**params, "ingestion.city.trips": trips})
    catalog, processing = open_catalog(project, params)
    save = saver(catalog, processing)
    plain = plain_side(project, catalog.load("zones")["zone"].tolist())
    sides = {"ours": lambda: seconds(save), "theirs": lambda: seconds(plain)}
    for side in (save, plain):
        side()
    took = medians(sides, 3 if shop.quick else 5, "month")
    same_rows(catalog.load("trips")[MONTH].record["quality"], plain())
    row = Row(
        f"process a month of {trips / 1e6:g} million trips",
        f"{took['ours']:.2f} s",
        f"{took['theirs']:.2f} s",
        took["ours"] / took["theirs"],
        2.0,
    )
    return Report([row], ["theirs: plain_cleaning.py; both keep the same rows, rule by rule"])


def open_catalog(project: Project, params: dict[str, str]) -> tuple[Any, DataProcessingParams]:
    """The catalog as configured, validators attached, with the zones made."""
    bootstrap_project(project.folder)
    with KedroSession.create(project.folder, env="base", runtime_params=params) as session:
        session.run(node_names=["build_zones"])
    with KedroSession.create(project.folder, env="base", runtime_params=params) as session:
        catalog = session.load_context().catalog
    return catalog, catalog.load("params:data_processing")


def saver(catalog: Any, params: DataProcessingParams) -> Callable[[], None]:
    """What the node ``clean_months`` and the dataset ``trips`` do when a month has changed."""
    folder = Path(catalog.get("trips")._describe()["path"])

    def save() -> None:
        for old in folder.glob("*.parquet"):
            old.unlink()
        catalog.save(
            "trips", clean_months(catalog.load("raw_trips"), catalog.load("zones"), params)
        )

    return save


def plain_side(project: Project, zones: list[int]) -> Callable[[], tuple[int, dict[str, int]]]:
    raw = project.data / f"01_raw/trip-data/yellow_tripdata_{MONTH}.parquet"
    return lambda: plain_cleaning.process(raw, "yellow", zones, project.folder / "plain.parquet")


def same_rows(quality: dict[str, Any], plain: tuple[int, dict[str, int]]) -> None:
    """Raise unless both sides keep and reject the same numbers of rows.

    Raises:
        AssertionError: With what both sides counted.
    """
    ours = (quality["rows_kept"], quality["rejected"])
    if ours != plain:
        raise AssertionError(f"ours kept and rejected {ours}, the plain script {plain}")


def bench_memory(shop: Workshop) -> Report:
    """Peak memory of processing 24 months against 2."""
    trips = 100_000 if shop.quick else 1_000_000
    project = copy_project(shop.folder / "memory")
    spans = {"24 months": "2021-01..2022-12", "2 months": "2021-01..2021-02"}
    project.run("ingestion", {"months": spans["24 months"], "ingestion.city.trips": trips})

    def peak(months: str) -> float:
        project.forget()
        return project.run("data_processing", {"months": months}).peak_mb

    sides = {name: lambda span=span: peak(span) for name, span in spans.items()}
    found = medians(sides, 1, "memory")
    row = Row(
        f"peak memory, 24 months of {trips / 1e6:g} million trips against 2",
        f"{found['24 months']:.0f} MB",
        f"{found['2 months']:.0f} MB",
        found["24 months"] / found["2 months"],
        1.3,
    )
    return Report([row], ["of the whole process `kedro run --pipelines data_processing`"])
