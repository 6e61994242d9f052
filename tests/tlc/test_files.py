from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trip_duration.errors import DataError
from trip_duration.params import Service
from trip_duration.schemas import RawTrips, check_frame
from trip_duration.tlc.files import RAW_COLUMNS, match_columns, read_month, trip_file

GREEN = [
    *("VendorID", "lpep_pickup_datetime", "lpep_dropoff_datetime", "store_and_fwd_flag"),
    *("PULocationID", "DOLocationID", "trip_distance", "total_amount", "ehail_fee"),
]
YELLOW = [
    *("VendorID", "tpep_pickup_datetime", "tpep_dropoff_datetime", "trip_distance"),
    *("PULocationID", "DOLocationID", "total_amount"),
]


@pytest.mark.parametrize(
    ("service", "month", "name"),
    [
        ("green", "2023-01", "green_tripdata_2023-01.parquet"),
        (Service.YELLOW, "2021-12", "yellow_tripdata_2021-12.parquet"),
    ],
)
def test_name_of_a_month(service: Service | str, month: str, name: str) -> None:
    assert trip_file(service, month) == name


@pytest.mark.parametrize(
    ("found", "prefix"),
    [
        (GREEN, "lpep"),
        (YELLOW, "tpep"),
        ([*YELLOW, "airport_fee"], "tpep"),
        ([*YELLOW, "Airport_fee"], "tpep"),
        ([*GREEN, "cbd_congestion_fee"], "lpep"),
    ],
)
def test_columns_of_both_services_are_found(found: list[str], prefix: str) -> None:
    assert match_columns(found, "a file") == {
        "pickup_datetime": f"{prefix}_pickup_datetime",
        "dropoff_datetime": f"{prefix}_dropoff_datetime",
        "pickup_zone": "PULocationID",
        "dropoff_zone": "DOLocationID",
        "trip_distance": "trip_distance",
        "total_amount": "total_amount",
    }


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_columns_are_found_in_any_case_and_keep_their_spelling(change: Any) -> None:
    found = [change(name) for name in YELLOW]
    matched = match_columns(found, "a file")
    assert matched["pickup_zone"] == change("PULocationID")
    assert set(matched.values()) == set(found) - {change("VendorID")}


@pytest.mark.parametrize("missing", ["PULocationID", "trip_distance", "total_amount"])
def test_missing_column_is_named_with_what_was_found(missing: str) -> None:
    found = [name for name in GREEN if name != missing]
    with pytest.raises(DataError) as caught:
        match_columns(found, "green.parquet")
    assert str(caught.value).startswith(
        f"green.parquet: column missing: {missing}. Found: {', '.join(found)}."
    )


def test_all_missing_columns_are_named_by_all_their_spellings() -> None:
    with pytest.raises(DataError) as caught:
        match_columns(["VendorID"], "fhv.parquet")
    assert str(caught.value).startswith(
        "fhv.parquet: column missing: lpep_pickup_datetime or tpep_pickup_datetime; "
        "lpep_dropoff_datetime or tpep_dropoff_datetime; PULocationID; DOLocationID; "
        "trip_distance; total_amount. Found: VendorID."
    )


# ids and the fee as TLC wrote them up to 2023-01, and since
GENERATIONS = {"first": (pa.int64(), pa.null()), "second": (pa.int32(), pa.float64())}


@pytest.mark.parametrize("service", ["green", "yellow"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_month_is_read_under_the_project_s_names(
    trip_file: Any, tmp_path: Path, service: str, generation: str
) -> None:
    ids, fee = GENERATIONS[generation]
    path = tmp_path / "month.parquet"
    path.write_bytes(
        trip_file(
            service,
            rows=3,
            PULocationID=pa.array([74, None, 265], ids),
            DOLocationID=pa.array([75, 76, 77], ids),
            trip_distance=pa.array([1.5, None, 260_000.0]),
            ehail_fee=pa.array([None] * 3, fee),
        )
    )
    frame = read_month(path)
    assert list(frame) == list(RAW_COLUMNS)
    assert frame["dropoff_zone"].tolist() == [75, 76, 77]
    assert frame["pickup_datetime"].dtype == np.dtype("datetime64[us]")
    assert frame["pickup_datetime"].iloc[0].isoformat() == "2023-01-31T21:20:00"
    assert frame["dropoff_datetime"].iloc[0].isoformat() == "2023-01-31T21:30:00"
    checked = check_frame(frame, RawTrips, "month.parquet")
    assert checked["pickup_zone"].fillna(-1).tolist() == [74, -1, 265]
    assert checked["trip_distance"].fillna(-1).tolist() == [1.5, -1, 260_000.0]


def test_empty_month_is_read(trip_file: Any, tmp_path: Path) -> None:
    (tmp_path / "month.parquet").write_bytes(trip_file(rows=0))
    assert read_month(tmp_path / "month.parquet").shape == (0, 6)


@pytest.mark.parametrize("harm", ["html", "empty", "cut", "no file", "pages altered"])
def test_broken_month_is_named(trip_file: Any, tmp_path: Path, harm: str) -> None:
    path, whole = tmp_path / "month.parquet", trip_file(rows=50)
    contents = {
        "html": b"<html></html>",
        "empty": b"",
        "cut": whole[:-20],
        "pages altered": whole[:4] + b"\xff" * 1_000 + whole[1_004:],
    }
    if harm in contents:
        path.write_bytes(contents[harm])
    with pytest.raises(DataError) as caught:
        read_month(path)
    assert str(caught.value).startswith(f"{path}: not a readable parquet file")


def test_month_without_a_needed_column_is_named(trip_file: Any, tmp_path: Path) -> None:
    path = tmp_path / "month.parquet"
    path.write_bytes(trip_file(DOLocationID=None))
    with pytest.raises(DataError) as caught:
        read_month(path)
    assert str(caught.value).startswith(f"{path}: column missing: DOLocationID. Found: VendorID")
