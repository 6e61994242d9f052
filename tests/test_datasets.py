from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from trip_duration.datasets import MirroredFilesDataset, RawMonthsDataset
from trip_duration.errors import ParameterError, SourceError
from trip_duration.params import IngestionParams
from trip_duration.tlc.source import RemoteFile, open_source

JANUARY, FEBRUARY, MARCH = (f"green_tripdata_2023-0{n}.parquet" for n in (1, 2, 3))


def _files(root: str, *names: str, **params: Any) -> dict[str, RemoteFile]:
    asked = {"service": "green", "months": "2023-01", "source_root": root, "attempts": 2, **params}
    source = open_source(root, IngestionParams.model_validate(asked))
    return {name: source.file(f"trip-data/{name}") for name in names}


def _months(root: str, *months: str, **params: Any) -> dict[str, RemoteFile]:
    service = params.get("service", "green")
    names = [f"{service}_tripdata_{month}.parquet" for month in months]
    return dict(zip(months, _files(root, *names, **params).values(), strict=True))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "01_raw" / "trip-data"


@pytest.fixture
def mirrored(folder: Path) -> MirroredFilesDataset:
    return MirroredFilesDataset(path=folder.as_posix())


def _cause(caught: pytest.ExceptionInfo[DatasetError]) -> SourceError:
    assert isinstance(caught.value.__cause__, SourceError)
    return caught.value.__cause__


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
    with pytest.raises(ParameterError, match="s3://bucket/raw: this dataset lies in a local"):
        MirroredFilesDataset(path="s3://bucket/raw")
