"""Raw files that are altered after they were ingested: refused by name, whatever reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError

from trip_duration.datasets import MirroredFilesDataset, RawMonthsDataset, TripMonthsDataset
from trip_duration.errors import DataError
from trip_duration.months import MonthPart
from trip_duration.params import DataProcessingParams, IngestionParams
from trip_duration.pipelines.data_processing.nodes import clean_months
from trip_duration.pipelines.ingestion.nodes import write_manifest
from trip_duration.schemas import raw_trips_by_month
from trip_duration.tlc.source import open_source

NAME = "green_tripdata_2023-02.parquet"
MONTH = {"service": "green", "months": "2023-02"}
ZONES = pd.DataFrame({"zone": np.array([74, 75], np.int16)})
REFUSED = rf"{NAME} was altered after it was ingested at 20.*expected sha256 [0-9a-f]{{64}} "


@pytest.fixture
def source(tmp_path: Path, trip_file: Any) -> Path:
    """A publisher's folder with a month and the lookup of zones."""
    for name, content in {
        f"trip-data/{NAME}": trip_file(rows=10),
        "misc/taxi_zone_lookup.csv": b"LocationID,Borough,Zone,service_zone\n1,EWR,Newark,EWR\n",
    }.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return tmp_path / "source"


@pytest.fixture
def raw(tmp_path: Path, source: Path) -> RawMonthsDataset:
    dataset = RawMonthsDataset(path=f"{tmp_path}/raw/trip-data", service="green")
    ingest(dataset, source)
    return dataset


def ingest(dataset: RawMonthsDataset, source: Path) -> None:
    params = IngestionParams.model_validate({**MONTH, "source_root": str(source)})
    dataset.save({"2023-02": open_source(str(source), params).file(f"trip-data/{NAME}")})


def alter(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    path.write_bytes(content)
    if like is not None:
        os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))


def process(raw: RawMonthsDataset, folder: Path) -> dict[str, MonthPart]:
    """Process as the pipeline does."""
    trips = TripMonthsDataset(path=str(folder))
    params = DataProcessingParams.model_validate(MONTH)
    trips.save(clean_months(raw_trips_by_month.validate(raw.load()), ZONES, params))
    return trips.load()


def test_an_altered_month_is_neither_read_nor_processed_nor_described(
    raw: RawMonthsDataset, source: Path, tmp_path: Path, trip_file: Any
) -> None:
    alter(tmp_path / "raw/trip-data" / NAME, trip_file(rows=3))
    part = raw.load()["2023-02"]
    with pytest.raises(DataError, match=REFUSED):
        part.read()
    with pytest.raises(DataError, match=r"Ingest it again \(kedro run --pipelines ingestion"):
        process(raw, tmp_path / "trips")
    params = IngestionParams.model_validate({**MONTH, "source_root": str(source)})
    with pytest.raises(DataError, match=REFUSED):
        write_manifest(raw.load(), {}, params)
    ingest(raw, source)
    assert process(raw, tmp_path / "trips")["2023-02"].record["quality"]["rows_read"] == 10


def test_a_month_that_is_altered_when_its_trips_are_made_already_is_refused(
    raw: RawMonthsDataset, tmp_path: Path, trip_file: Any
) -> None:
    process(raw, tmp_path / "trips")
    alter(tmp_path / "raw/trip-data" / NAME, trip_file(rows=3))
    with pytest.raises(DataError, match=REFUSED):
        process(raw, tmp_path / "trips")


def test_a_change_that_keeps_size_and_time_is_found_when_rows_are_read(
    raw: RawMonthsDataset, tmp_path: Path
) -> None:
    path = tmp_path / "raw/trip-data" / NAME
    content, state = path.read_bytes(), path.stat()
    alter(path, content.replace(b"PULocationID", b"PULocationIX"), state)
    part = raw.load()["2023-02"]
    part.verify()
    with pytest.raises(DataError, match=REFUSED):
        part.read()


@pytest.mark.parametrize("how", ["touched", "old record"])
def test_a_file_of_another_time_with_the_same_content_is_read(
    raw: RawMonthsDataset, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "raw/trip-data" / NAME
    if how == "touched":
        os.utime(path, (0, 0))
    else:
        record = path.with_name(f"{NAME}.json")
        lines = record.read_text().splitlines()
        record.write_text("\n".join(line for line in lines if "modified_ns" not in line))
    part = raw.load()["2023-02"]
    part.verify()
    assert len(part.read()) == 10


def test_an_altered_file_of_zones_is_refused(source: Path, tmp_path: Path) -> None:
    name = "taxi_zone_lookup.csv"
    params = IngestionParams.model_validate({**MONTH, "source_root": str(source)})
    dataset = MirroredFilesDataset(path=f"{tmp_path}/raw/misc")
    dataset.save({name: open_source(str(source), params).file(f"misc/{name}")})
    assert list(dataset.load()) == [name]
    alter(tmp_path / "raw/misc" / name, b"LocationID\n1\n")
    with pytest.raises(DatasetError, match=rf"{name} was altered after it was ingested"):
        dataset.load()
