from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset

from trip_duration.datasets import MirroredFilesDataset, RawMonthsDataset
from trip_duration.errors import DataError
from trip_duration.params import SYNTHETIC, IngestionParams
from trip_duration.pipelines.ingestion import create_pipeline
from trip_duration.pipelines.ingestion.nodes import (
    request_months,
    request_zone_files,
    write_manifest,
)

LOOKUP = b'"LocationID","Borough","Zone","service_zone"\r\n1,"EWR","Newark Airport","EWR"\r\n'


def _params(root: str, **params: Any) -> IngestionParams:
    asked = {"service": "green", "months": "2023-01..2023-02", "source_root": root, **params}
    return IngestionParams.model_validate(asked)


def _catalog(folder: Path, params: IngestionParams) -> DataCatalog:
    raw = folder / "01_raw"
    return DataCatalog(
        {
            "params:ingestion": MemoryDataset(params),
            "raw_trips": RawMonthsDataset(path=f"{raw}/trip-data", service=params.service),
            "raw_zone_files": MirroredFilesDataset(path=f"{raw}/misc"),
            "raw_manifest": JSONDataset(filepath=f"{raw}/manifest.json"),
        }
    )


def _ingest(folder: Path, params: IngestionParams) -> dict[str, Any]:
    SequentialRunner().run(create_pipeline(), _catalog(folder, params))
    manifest: dict[str, Any] = json.loads((folder / "01_raw" / "manifest.json").read_text())
    return manifest


def _publish(trip_file: Any, service: str, *months: str) -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("taxi_zones/taxi_zones.shp", "shapes")
    zones = {"misc/taxi_zone_lookup.csv": LOOKUP, "misc/taxi_zones.zip": archive.getvalue()}
    names = [f"trip-data/{service}_tripdata_{month}.parquet" for month in months]
    return {**zones, **{name: trip_file(service, rows=10 + n) for n, name in enumerate(names)}}


def test_request_of_months_names_the_publisher_s_files() -> None:
    files = request_months(_params("https://example.org/tlc", months="", train_months="2023-12"))
    assert list(files) == ["2023-12"]
    assert files["2023-12"].name == "trip-data/green_tripdata_2023-12.parquet"
    assert files["2023-12"].source == (
        "https://example.org/tlc/trip-data/green_tripdata_2023-12.parquet"
    )


def test_request_passes_refresh_on() -> None:
    files = request_months(_params(SYNTHETIC, refresh=True))
    assert [file.refresh for file in files.values()] == [True, True]


def test_request_of_zone_files_names_both() -> None:
    files = request_zone_files(_params("https://example.org/tlc"))
    assert {name: file.name for name, file in files.items()} == {
        "taxi_zone_lookup.csv": "misc/taxi_zone_lookup.csv",
        "taxi_zones.zip": "misc/taxi_zones.zip",
    }


@pytest.mark.parametrize("service", ["green", "yellow"])
def test_site_becomes_raw_files_and_a_manifest(
    site: Any, trip_file: Any, tmp_path: Path, service: str
) -> None:
    site.files = _publish(trip_file, service, "2023-01", "2023-02")
    manifest = _ingest(tmp_path, _params(site.root, service=service))
    february = f"trip-data/{service}_tripdata_2023-02.parquet"
    entry = manifest["months"]["2023-02"]
    assert manifest["service"] == service
    assert list(manifest["months"]) == ["2023-01", "2023-02"]
    assert list(manifest["zones"]) == ["taxi_zone_lookup.csv", "taxi_zones.zip"]
    assert entry.pop("ingested_at") <= manifest["zones"]["taxi_zones.zip"]["ingested_at"]
    assert len(entry.pop("columns")) == 7
    assert entry == {
        "sha256": hashlib.sha256(site.files[february]).hexdigest(),
        "bytes": len(site.files[february]),
        "rows": 11,
        "source": f"{site.root}/{february}",
        "file": february,
    }
    assert (tmp_path / "01_raw" / february).read_bytes() == site.files[february]


def test_second_run_fetches_nothing_and_says_the_same(
    site: Any, trip_file: Any, tmp_path: Path
) -> None:
    site.files = _publish(trip_file, "green", "2023-01", "2023-02")
    first = _ingest(tmp_path, _params(site.root))
    second = _ingest(tmp_path, _params(site.root))
    assert first == second
    assert {name: site.gets(name) for name in site.files} == dict.fromkeys(site.files, 1)


def test_folder_gives_what_the_site_gives(site: Any, trip_file: Any, tmp_path: Path) -> None:
    site.files = _publish(trip_file, "green", "2023-01", "2023-02")
    for name, content in site.files.items():
        (tmp_path / "tlc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tlc" / name).write_bytes(content)
    site_says = _ingest(tmp_path / "a", _params(site.root))
    folder_says = _ingest(tmp_path / "b", _params(str(tmp_path / "tlc")))
    assert {m: e["sha256"] for m, e in site_says["months"].items()} == {
        m: e["sha256"] for m, e in folder_says["months"].items()
    }


def test_manifest_has_the_wanted_months_only(site: Any, trip_file: Any, tmp_path: Path) -> None:
    site.files = _publish(trip_file, "green", "2023-01", "2023-02")
    _ingest(tmp_path, _params(site.root))
    assert list(_ingest(tmp_path, _params(site.root, months="2023-02"))["months"]) == ["2023-02"]


def test_month_not_published_stops_the_run_and_is_named(
    site: Any, trip_file: Any, tmp_path: Path
) -> None:
    site.files = _publish(trip_file, "green", "2023-01")
    with pytest.raises(DatasetError, match="month 2023-02 of green is not published"):
        _ingest(tmp_path, _params(site.root))
    assert not (tmp_path / "01_raw" / "manifest.json").exists()


def test_manifest_of_a_month_that_was_not_ingested() -> None:
    with pytest.raises(DataError, match="green: months wanted but not ingested: 2023-01, 2023-02"):
        write_manifest({}, {}, _params(SYNTHETIC))


def test_city_is_ingested_like_any_source(tmp_path: Path) -> None:
    manifest = _ingest(tmp_path, _params(SYNTHETIC, months="2023-01", city={"trips": 200}))
    assert {entry["source"] for entry in manifest["months"].values()} == {SYNTHETIC}
    assert manifest["months"]["2023-01"]["rows"] > 100
    assert manifest["zones"]["taxi_zone_lookup.csv"]["bytes"] > 10_000
