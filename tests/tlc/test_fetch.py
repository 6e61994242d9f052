from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from trip_duration.errors import SourceError
from trip_duration.params import IngestionParams
from trip_duration.tlc.fetch import mirror, mirrored_files
from trip_duration.tlc.source import RemoteFile, open_source

MARCH = "green_tripdata_2023-03.parquet"
LOOKUP = b'"LocationID","Borough","Zone","service_zone"\r\n1,"EWR","Newark Airport","EWR"\r\n'
HTML = b"\n<!DOCTYPE html><html><body>Sign in, please</body></html>"


def _files(root: str, *names: str, **params: Any) -> dict[str, RemoteFile]:
    asked = {"service": "green", "months": "2023-01", "source_root": root, "attempts": 2, **params}
    source = open_source(root, IngestionParams.model_validate(asked))
    return {name: source.file(f"trip-data/{name}") for name in names}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "01_raw" / "trip-data"


def test_record_says_what_came_and_from_where(site: Any, trip_file: Any, folder: Path) -> None:
    content = trip_file(rows=10)
    site.files[f"trip-data/{MARCH}"] = content
    mirror(_files(site.root, MARCH), folder)
    copy = mirrored_files(folder)[MARCH]
    record = dict(copy.record)
    assert record.pop("modified_ns") == copy.path.stat().st_mtime_ns
    assert record.pop("ingested_at").endswith("+00:00")
    assert record.pop("fingerprint").endswith(f"GMT {len(content)}")
    assert record == {
        "file": f"trip-data/{MARCH}",
        "source": f"{site.root}/trip-data/{MARCH}",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": 10,
        "columns": [
            *("VendorID", "lpep_pickup_datetime", "lpep_dropoff_datetime"),
            *("PULocationID", "DOLocationID", "trip_distance", "total_amount"),
        ],
    }
    assert copy.path.read_bytes() == content
    assert _names(folder) == [MARCH, f"{MARCH}.json"]


def test_unchanged_file_is_not_fetched_again(site: Any, trip_file: Any, folder: Path) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirror(_files(site.root, MARCH), folder)
    before = mirrored_files(folder)
    mirror(_files(site.root, MARCH), folder)
    assert site.gets(f"trip-data/{MARCH}") == 1
    assert mirrored_files(folder) == before


def test_refresh_fetches_even_what_is_unchanged(site: Any, trip_file: Any, folder: Path) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirror(_files(site.root, MARCH), folder)
    before = dict(mirrored_files(folder)[MARCH].record)
    mirror(_files(site.root, MARCH, refresh=True), folder)
    assert site.gets(f"trip-data/{MARCH}") == 2
    after = dict(mirrored_files(folder)[MARCH].record)
    assert after.pop("modified_ns") > before.pop("modified_ns")
    assert after == before


def _backdate(folder: Path, name: str) -> None:
    sidecar = folder / f"{name}.json"
    record = {**json.loads(sidecar.read_text()), "ingested_at": "2020-01-01T00:00:00+00:00"}
    sidecar.write_text(json.dumps(record))


def test_republished_month_replaces_the_copy_with_a_warning(
    site: Any,
    trip_file: Any,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file(rows=10)
    mirror(_files(site.root, MARCH), folder)
    _backdate(folder, MARCH)
    site.files[f"trip-data/{MARCH}"] = trip_file(rows=12)
    mirror(_files(site.root, MARCH), folder)
    record = mirrored_files(folder)[MARCH].record
    assert record["rows"] == 12
    assert record["sha256"] == hashlib.sha256(trip_file(rows=12)).hexdigest()
    assert record["ingested_at"] > "2020-01-01T00:00:00+00:00"
    ours = [entry.levelname for entry in caplog.records if entry.name.startswith("trip_")]
    assert [level for level in ours if level != "INFO"] == ["WARNING"]


@pytest.mark.parametrize("marks", [True, False])
def test_same_content_keeps_its_time_of_ingestion(
    site: Any, trip_file: Any, folder: Path, marks: bool
) -> None:
    site.marks = False
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirror(_files(site.root, MARCH), folder)
    _backdate(folder, MARCH)
    site.marks = marks
    mirror(_files(site.root, MARCH), folder)
    record = mirrored_files(folder)[MARCH].record
    assert site.gets(f"trip-data/{MARCH}") == 2
    assert record["ingested_at"] == "2020-01-01T00:00:00+00:00"
    assert (record["fingerprint"] is None) != marks


@pytest.mark.parametrize("harm", ["altered", "deleted", "record lost", "record half written"])
def test_damaged_copy_is_fetched_again(site: Any, trip_file: Any, folder: Path, harm: str) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirror(_files(site.root, MARCH), folder)
    match harm:
        case "altered":
            (folder / MARCH).write_bytes(trip_file(rows=3))
        case "deleted":
            (folder / MARCH).unlink()
        case "record lost":
            (folder / f"{MARCH}.json").unlink()
        case _:
            (folder / f"{MARCH}.json").write_text('{"file": "tr')
    mirror(_files(site.root, MARCH), folder)
    assert (folder / MARCH).read_bytes() == trip_file()
    assert mirrored_files(folder)[MARCH].record["rows"] == 10
    assert site.gets(f"trip-data/{MARCH}") == 2


def test_same_file_from_another_source_is_fetched(
    site: Any, trip_file: Any, folder: Path, tmp_path: Path
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    (tmp_path / "tlc" / "trip-data").mkdir(parents=True)
    (tmp_path / "tlc" / "trip-data" / MARCH).write_bytes(trip_file())
    mirror(_files(site.root, MARCH), folder)
    mirror(_files(str(tmp_path / "tlc"), MARCH), folder)
    record = mirrored_files(folder)[MARCH].record
    assert record["source"] == f"{tmp_path.as_posix()}/tlc/trip-data/{MARCH}"
    assert record["fingerprint"] == record["sha256"]


WRONG = {
    "html": (HTML, "found an HTML page"),
    "empty": (b"", "found nothing"),
    "json": (b'{"error": "quota"}', "found JSON"),
    "text": (b"moved to another place", "bytes that begin with b'moved to another'"),
    "half": (b"PAR1" + b"x" * 500, "found parquet"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_content_is_refused_and_the_old_copy_stays(
    site: Any, trip_file: Any, folder: Path, kind: str
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirror(_files(site.root, MARCH), folder)
    before = mirrored_files(folder)
    site.files[f"trip-data/{MARCH}"], found = WRONG[kind]
    with pytest.raises(SourceError) as caught:
        mirror(_files(site.root, MARCH), folder)
    message = str(caught.value)
    assert f"trip-data/{MARCH} from {site.root}" in message
    assert "expected a parquet file of trips" in message
    assert found in message
    assert mirrored_files(folder) == before
    assert (folder / MARCH).read_bytes() == trip_file()
    assert _names(folder) == [MARCH, f"{MARCH}.json"]


def test_parquet_without_a_needed_column_is_refused(
    site: Any, trip_file: Any, folder: Path
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file(PULocationID=None)
    with pytest.raises(SourceError) as caught:
        mirror(_files(site.root, MARCH), folder)
    assert "column missing: PULocationID" in str(caught.value)
    assert _names(folder) == []


def test_columns_of_a_later_generation_are_recorded(
    site: Any, trip_file: Any, folder: Path
) -> None:
    fee = pa.array([0.75] * 10, pa.float64())
    site.files[f"trip-data/{MARCH}"] = trip_file(cbd_congestion_fee=fee)
    mirror(_files(site.root, MARCH), folder)
    assert mirrored_files(folder)[MARCH].record["columns"][-1] == "cbd_congestion_fee"


def _zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "shapes")
    return content.getvalue()


def _zone_files(root: str) -> dict[str, RemoteFile]:
    params = {"service": "green", "months": "2023-01", "source_root": root}
    source = open_source(root, IngestionParams.model_validate(params))
    names = ("taxi_zone_lookup.csv", "taxi_zones.zip")
    return {name: source.file(f"misc/{name}") for name in names}


def test_zone_files_have_records_without_rows(site: Any, folder: Path) -> None:
    site.files["misc/taxi_zone_lookup.csv"] = LOOKUP
    site.files["misc/taxi_zones.zip"] = _zipped("taxi_zones/taxi_zones.shp")
    mirror(_zone_files(site.root), folder)
    records = {name: copy.record for name, copy in mirrored_files(folder).items()}
    assert list(records) == ["taxi_zone_lookup.csv", "taxi_zones.zip"]
    assert [record["rows"] for record in records.values()] == [None, None]
    assert records["taxi_zone_lookup.csv"]["columns"][0] == "LocationID"
    assert records["taxi_zones.zip"]["columns"] is None


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("taxi_zone_lookup.csv", HTML, "the table of zones, found an HTML page"),
        ("taxi_zone_lookup.csv", b"", "the table of zones, found nothing"),
        ("taxi_zones.zip", HTML, "a zipped shapefile of zones, found an HTML page"),
        ("taxi_zones.zip", _zipped("fares.txt"), "no shapefile in it"),
        ("taxi_zones.zip", _zipped("z.shp").replace(b"shapes", b"shipes"), "z.shp in it is damag"),
        ("taxi_zones.zip", _zipped("z.shp")[:-10], "found a zip archive"),
    ],
)
def test_wrong_zone_files_are_refused(
    site: Any, folder: Path, name: str, content: bytes, expected: str
) -> None:
    site.files[f"misc/{name}"] = content
    with pytest.raises(SourceError) as caught:
        mirror({name: _zone_files(site.root)[name]}, folder)
    assert expected in str(caught.value)
    assert mirrored_files(folder) == {}


def test_two_that_mirror_one_folder_at_once_fetch_each_file_once(
    site: Any, trip_file: Any, folder: Path
) -> None:
    names = [f"green_tripdata_2023-0{month}.parquet" for month in range(1, 7)]
    for rows, name in enumerate(names, start=1):
        site.files[f"trip-data/{name}"] = trip_file(rows=rows)
    start = threading.Barrier(3)

    def mirror_all() -> None:
        start.wait()
        mirror(_files(site.root, *names), folder)

    with ThreadPoolExecutor(3) as threads:
        done = [threads.submit(mirror_all) for _ in range(3)]
    assert [future.exception() for future in done] == [None] * 3
    assert [site.gets(f"trip-data/{name}") for name in names] == [1] * 6
    assert [copy.record["rows"] for copy in mirrored_files(folder).values()] == list(range(1, 7))
    assert _names(folder) == sorted([*names, *(f"{name}.json" for name in names)])


def test_what_a_killed_process_has_left_is_removed(site: Any, trip_file: Any, folder: Path) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    folder.mkdir(parents=True)
    for left in (f".{MARCH}.12-34.part", ".ingestion.lock"):
        (folder / left).write_text("half")
    mirror(_files(site.root, MARCH), folder)
    assert _names(folder) == [MARCH, f"{MARCH}.json"]
