from __future__ import annotations

import hashlib
import io
import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from kedro.io import DatasetError

from trip_duration.datasets import MirroredFilesDataset, RawMonthsDataset
from trip_duration.errors import ParameterError, SourceError
from trip_duration.params import IngestionParams
from trip_duration.tlc.source import RemoteFile, open_source

JANUARY, FEBRUARY, MARCH = (f"green_tripdata_2023-0{n}.parquet" for n in (1, 2, 3))
LOOKUP = b'"LocationID","Borough","Zone","service_zone"\r\n1,"EWR","Newark Airport","EWR"\r\n'
HTML = b"\n<!DOCTYPE html><html><body>Sign in, please</body></html>"


def _files(root: str, *names: str, **params: Any) -> dict[str, RemoteFile]:
    asked = {"service": "green", "months": "2023-01", "source_root": root, "attempts": 2, **params}
    source = open_source(root, IngestionParams.model_validate(asked))
    return {name: source.file(f"trip-data/{name}") for name in names}


def _months(root: str, *months: str, **params: Any) -> dict[str, RemoteFile]:
    service = params.get("service", "green")
    names = [f"{service}_tripdata_{month}.parquet" for month in months]
    return dict(zip(months, _files(root, *names, **params).values(), strict=True))


def _cause(caught: pytest.ExceptionInfo[DatasetError]) -> SourceError:
    assert isinstance(caught.value.__cause__, SourceError)
    return caught.value.__cause__


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "01_raw" / "trip-data"


@pytest.fixture
def mirrored(folder: Path) -> MirroredFilesDataset:
    return MirroredFilesDataset(path=folder.as_posix())


def test_record_says_what_came_and_from_where(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path
) -> None:
    content = trip_file(rows=10)
    site.files[f"trip-data/{MARCH}"] = content
    mirrored.save(_files(site.root, MARCH))
    copy = mirrored.load()[MARCH]
    record = dict(copy.record)
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


def test_unchanged_file_is_not_fetched_again(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    before = mirrored.load()
    mirrored.save(_files(site.root, MARCH))
    assert site.gets(f"trip-data/{MARCH}") == 1
    assert mirrored.load() == before


def test_refresh_fetches_even_what_is_unchanged(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    before = mirrored.load()
    mirrored.save(_files(site.root, MARCH, refresh=True))
    assert site.gets(f"trip-data/{MARCH}") == 2
    assert mirrored.load() == before


def _backdate(folder: Path, name: str) -> None:
    sidecar = folder / f"{name}.json"
    record = {**json.loads(sidecar.read_text()), "ingested_at": "2020-01-01T00:00:00+00:00"}
    sidecar.write_text(json.dumps(record))


def test_republished_month_replaces_the_copy_with_a_warning(
    site: Any,
    trip_file: Any,
    mirrored: MirroredFilesDataset,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file(rows=10)
    mirrored.save(_files(site.root, MARCH))
    _backdate(folder, MARCH)
    site.files[f"trip-data/{MARCH}"] = trip_file(rows=12)
    mirrored.save(_files(site.root, MARCH))
    record = mirrored.load()[MARCH].record
    assert record["rows"] == 12
    assert record["sha256"] == hashlib.sha256(trip_file(rows=12)).hexdigest()
    assert record["ingested_at"] > "2020-01-01T00:00:00+00:00"
    assert [entry.levelname for entry in caplog.records if entry.name.startswith("trip_")] == [
        "WARNING"
    ]


@pytest.mark.parametrize("marks", [True, False])
def test_same_content_keeps_its_time_of_ingestion(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path, marks: bool
) -> None:
    site.marks = False
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    _backdate(folder, MARCH)
    site.marks = marks
    mirrored.save(_files(site.root, MARCH))
    record = mirrored.load()[MARCH].record
    assert site.gets(f"trip-data/{MARCH}") == 2
    assert record["ingested_at"] == "2020-01-01T00:00:00+00:00"
    assert (record["fingerprint"] is None) != marks


@pytest.mark.parametrize("harm", ["altered", "deleted", "record lost", "record half written"])
def test_damaged_copy_is_fetched_again(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path, harm: str
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    match harm:
        case "altered":
            (folder / MARCH).write_bytes(trip_file(rows=3))
        case "deleted":
            (folder / MARCH).unlink()
        case "record lost":
            (folder / f"{MARCH}.json").unlink()
        case _:
            (folder / f"{MARCH}.json").write_text('{"file": "tr')
    mirrored.save(_files(site.root, MARCH))
    assert (folder / MARCH).read_bytes() == trip_file()
    assert mirrored.load()[MARCH].record["rows"] == 10
    assert site.gets(f"trip-data/{MARCH}") == 2


def test_same_file_from_another_source_is_fetched(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, tmp_path: Path
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    (tmp_path / "tlc" / "trip-data").mkdir(parents=True)
    (tmp_path / "tlc" / "trip-data" / MARCH).write_bytes(trip_file())
    mirrored.save(_files(site.root, MARCH))
    mirrored.save(_files(str(tmp_path / "tlc"), MARCH))
    record = mirrored.load()[MARCH].record
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
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path, kind: str
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    before = mirrored.load()
    site.files[f"trip-data/{MARCH}"], found = WRONG[kind]
    with pytest.raises(DatasetError) as caught:
        mirrored.save(_files(site.root, MARCH))
    message = str(_cause(caught))
    assert f"trip-data/{MARCH} from {site.root}" in message
    assert "expected a parquet file of trips" in message
    assert found in message
    assert mirrored.load() == before
    assert (folder / MARCH).read_bytes() == trip_file()
    assert _names(folder) == [MARCH, f"{MARCH}.json"]


def test_parquet_without_a_needed_column_is_refused(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path
) -> None:
    site.files[f"trip-data/{MARCH}"] = trip_file(PULocationID=None)
    with pytest.raises(DatasetError) as caught:
        mirrored.save(_files(site.root, MARCH))
    assert "column missing: PULocationID" in str(_cause(caught))
    assert _names(folder) == []


def test_columns_of_a_later_generation_are_recorded(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset
) -> None:
    fee = pa.array([0.75] * 10, pa.float64())
    site.files[f"trip-data/{MARCH}"] = trip_file(cbd_congestion_fee=fee)
    mirrored.save(_files(site.root, MARCH))
    assert mirrored.load()[MARCH].record["columns"][-1] == "cbd_congestion_fee"


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("trick", ["cut", "short", 500, 404])
def test_failing_month_leaves_the_earlier_ones_and_no_trace_of_itself(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path, trick: int | str
) -> None:
    for name in (JANUARY, FEBRUARY, MARCH):
        site.files[f"trip-data/{name}"] = trip_file()
    site.always[f"trip-data/{FEBRUARY}"] = trick
    with pytest.raises(DatasetError) as caught:
        mirrored.save(_files(site.root, MARCH, FEBRUARY, JANUARY))
    assert FEBRUARY in str(_cause(caught))
    assert list(mirrored.load()) == [JANUARY]
    assert _names(folder) == [JANUARY, f"{JANUARY}.json"]
    site.always.clear()
    mirrored.save(_files(site.root, JANUARY, FEBRUARY, MARCH))
    assert list(mirrored.load()) == [JANUARY, FEBRUARY, MARCH]
    assert site.gets(f"trip-data/{JANUARY}") == 1


INGEST = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from trip_duration.datasets import MirroredFilesDataset
from trip_duration.params import IngestionParams
from trip_duration.tlc.source import open_source
folder, root, name = sys.argv[1:]
params = IngestionParams(service="green", months="2023-03", source_root=root)
file = open_source(root, params).file("trip-data/" + name)
MirroredFilesDataset(path=folder).save({name: file})
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_process_leaves_nothing_that_counts(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path, how: signal.Signals
) -> None:
    path = f"trip-data/{MARCH}"
    site.files[path], site.always[path] = trip_file(), "stall"
    ingest = subprocess.Popen([sys.executable, "-c", INGEST, str(folder), site.root, MARCH])
    until = time.monotonic() + 15
    while not list(folder.glob(".*.part")) and time.monotonic() < until:
        time.sleep(0.02)
    ingest.send_signal(how)
    ingest.wait(timeout=20)
    assert site.gets(path) == 1
    assert mirrored.load() == {}
    assert how == signal.SIGKILL or _names(folder) == []
    site.always.clear()
    mirrored.save(_files(site.root, MARCH))
    assert mirrored.load()[MARCH].record["rows"] == 10
    assert _names(folder) == [MARCH, f"{MARCH}.json"]


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


def test_zone_files_have_records_without_rows(site: Any, mirrored: MirroredFilesDataset) -> None:
    site.files["misc/taxi_zone_lookup.csv"] = LOOKUP
    site.files["misc/taxi_zones.zip"] = _zipped("taxi_zones/taxi_zones.shp")
    mirrored.save(_zone_files(site.root))
    records = {name: copy.record for name, copy in mirrored.load().items()}
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
    site: Any, mirrored: MirroredFilesDataset, name: str, content: bytes, expected: str
) -> None:
    site.files[f"misc/{name}"] = content
    with pytest.raises(DatasetError) as caught:
        mirrored.save({name: _zone_files(site.root)[name]})
    assert expected in str(_cause(caught))
    assert mirrored.load() == {}


def test_months_are_parts_in_calendar_order_of_one_service(
    site: Any, trip_file: Any, folder: Path
) -> None:
    for service in ("green", "yellow"):
        for month in ("2023-01", "2023-02"):
            site.files[f"trip-data/{service}_tripdata_{month}.parquet"] = trip_file(service)
    green = RawMonthsDataset(path=folder.as_posix(), service="green")
    yellow = RawMonthsDataset(path=folder.as_posix(), service="yellow")
    green.save(_months(site.root, "2023-02", "2023-01"))
    assert not yellow.exists()
    yellow.save(_months(site.root, "2023-01", service="yellow"))
    assert list(green.load()) == ["2023-01", "2023-02"]
    assert list(yellow.load()) == ["2023-01"]
    part = yellow.load()["2023-01"]
    assert (part.month, part.record["rows"]) == ("2023-01", 10)
    assert part.read()["pickup_zone"].tolist() == [74] * 10
    assert list(part.read())[:2] == ["pickup_datetime", "dropoff_datetime"]


def test_dataset_exists_once_something_was_ingested(
    site: Any, trip_file: Any, mirrored: MirroredFilesDataset, folder: Path
) -> None:
    months = RawMonthsDataset(path=folder.as_posix(), service="green")
    assert (mirrored.exists(), months.exists(), months.load()) == (False, False, {})
    site.files[f"trip-data/{MARCH}"] = trip_file()
    mirrored.save(_files(site.root, MARCH))
    assert (mirrored.exists(), months.exists()) == (True, True)


def test_datasets_describe_themselves(folder: Path, mirrored: MirroredFilesDataset) -> None:
    months = RawMonthsDataset(path=folder.as_posix(), service="yellow")
    assert f"path='{folder}'" in str(mirrored)
    assert f"path='{folder}', service='yellow'" in str(months)


def test_copies_do_not_go_to_a_url() -> None:
    with pytest.raises(ParameterError, match="s3://bucket/raw: raw files are copied to a local"):
        MirroredFilesDataset(path="s3://bucket/raw")
