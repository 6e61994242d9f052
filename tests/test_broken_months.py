"""Months that break a contract: the run ends with its error, and a quality report is left."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trip_duration.datasets import TripMonthsDataset
from trip_duration.errors import BrokenMonthsError, ContractError
from trip_duration.months import MonthPart
from trip_duration.params import DataProcessingParams
from trip_duration.pipelines.data_processing.broken_months import (
    describe_broken_months,
    find_broken_months,
)
from trip_duration.tlc.source import sha256_of

RAW = "data/01_raw/trip-data/green_tripdata_2023-0{}.parquet"
REPORT = "data/08_reporting/data_quality.json"
COUNTS = {"rows_read", "rows_kept", "rejected", "distance_made_null", "median_duration"}


def report_of(project: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((project / REPORT).read_text())
    return report


def rewrite(path: Path, **columns: pa.Array | None) -> None:
    """Put other columns into a raw month, or take them out, with a record that fits."""
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.drop_columns([name])
        if values is not None:
            table = table.append_column(name, values)
    pq.write_table(table, path)
    record = path.with_name(f"{path.name}.json")
    facts = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    record.write_text(json.dumps({**json.loads(record.read_text()), **facts}))


@pytest.fixture
def broken_project(with_data: Callable[[], Path]) -> Path:
    """A project with three raw months, two of which have wrong types, and no report yet."""
    project = with_data()
    (project / REPORT).unlink()
    rows = {n: pq.read_metadata(project / RAW.format(n)).num_rows for n in (1, 3)}
    words = pa.array(["far"] + ["1.5"] * (rows[1] - 1))
    rewrite(project / RAW.format(1), trip_distance=words)
    rewrite(project / RAW.format(3), PULocationID=pa.array([1.5] * rows[3]), total_amount=None)
    return project


def test_processing_leaves_a_report_of_all_months_and_ends_with_the_error(
    broken_project: Path, run_kedro: Any
) -> None:
    with pytest.raises(Exception, match=r"2023-01\.parquet breaks the contract RawTrips"):
        run_kedro(broken_project, pipeline_names=["data_processing"])
    report = report_of(broken_project)
    assert list(report["months"]) == ["2023-01", "2023-02", "2023-03"]
    assert all(set(counts) >= COUNTS for counts in report["months"].values())
    good, first = report["months"]["2023-02"], report["months"]["2023-01"]
    assert good["rows_kept"] > 0
    assert "contract" not in good
    assert (first["rows_kept"], first["rejected"]) == (0, {})
    (failure,) = first["contract"]["failures"]
    assert first["contract"]["name"] == "RawTrips"
    assert (failure["column"], failure["rows"]) == ("trip_distance", 1)
    assert failure["examples"] == ["far"]
    third = report["months"]["2023-03"]["contract"]["failures"]
    assert [found["column"] for found in third] == ["total_amount"]
    assert report["failures"] == [
        f"2023-01: breaks the contract RawTrips: column trip_distance, check {failure['check']}, "
        f"1 of {first['rows_read']} rows",
        "2023-03: breaks the contract RawTrips: column total_amount, check present, "
        f"{report['months']['2023-03']['rows_read']} of "
        f"{report['months']['2023-03']['rows_read']} rows",
    ]


def test_ingestion_leaves_a_report_too(
    with_data: Callable[[], Path], run_kedro: Any, tmp_path: Path, trip_file: Any
) -> None:
    project = with_data()
    (project / REPORT).unlink()
    for name, content in {
        "trip-data/green_tripdata_2023-01.parquet": trip_file(rows=7, DOLocationID=None),
        "misc/taxi_zone_lookup.csv": b"",
        "misc/taxi_zones.zip": b"",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(Exception, match="column missing: DOLocationID"):
        run_kedro(project, {"source_root": str(tmp_path), "months": "2023-01..2023-02"})
    report = report_of(project)
    assert report["months"]["2023-01"] == {
        "rows_read": 7,
        "rows_kept": 0,
        "rejected": {},
        "distance_made_null": 0,
        "median_duration": None,
        "contract": {
            "name": "RawTrips",
            "failures": [{"column": "DOLocationID", "check": "present", "rows": 7, "examples": []}],
        },
    }
    assert report["months"]["2023-02"]["rows_kept"] > 0
    assert report["failures"] == [
        "2023-01: breaks the contract RawTrips: column DOLocationID, check present, 7 of 7 rows"
    ]


def test_a_bound_of_the_gate_leaves_its_report(
    with_data: Callable[[], Path], run_kedro: Any
) -> None:
    project = with_data()
    (project / REPORT).unlink()
    with pytest.raises(Exception, match="months that no model should learn from"):
        run_kedro(
            project,
            {"data_processing": {"gate": {"max_rejected_share": 0.0}}},
            pipeline_names=["data_processing"],
        )
    assert len(report_of(project)["failures"]) == 3


def test_errors_of_other_kinds_leave_no_report(
    with_data: Callable[[], Path], run_kedro: Any
) -> None:
    project = with_data()
    (project / REPORT).unlink()
    (project / RAW.format(2)).write_bytes(b"altered")
    with pytest.raises(Exception, match="was altered after it was ingested"):
        run_kedro(project, pipeline_names=["data_processing"])
    assert not (project / REPORT).exists()


def contract_error(month: str, rows: int = 5) -> ContractError:
    failure = {"column": "x", "check": "c", "rows": 2, "examples": ["1"]}
    file = f"trip-data/green_tripdata_{month}.parquet"
    return ContractError(f"{month} is broken", file, "RawTrips", rows, [failure])


def test_all_months_are_tried_before_the_error_is_raised(tmp_path: Path) -> None:
    def part(month: str) -> MonthPart:
        def read() -> pd.DataFrame:
            if month != "2023-02":
                raise contract_error(month)
            rows = pd.DataFrame({"x": [1]})
            rows.attrs["quality"] = {}
            return rows

        return MonthPart(month, {"digest": "d"}, read)

    trips = TripMonthsDataset(path=str(tmp_path))
    months = ["2023-01", "2023-02", "2023-03"]
    with pytest.raises(Exception, match="2023-01 is broken\n2023-03 is broken") as caught:
        trips.save({month: part(month) for month in months})
    assert list(trips.load()) == ["2023-02"]
    assert list(find_broken_months(caught.value)) == ["2023-01", "2023-03"]


def test_the_months_of_an_error_are_found_in_its_causes() -> None:
    outer = ValueError("outer")
    outer.__cause__ = BrokenMonthsError([contract_error("2023-01"), contract_error("2023-02")])
    assert list(find_broken_months(outer)) == ["2023-01", "2023-02"]
    assert find_broken_months(ValueError("other")) == {}
    assert find_broken_months(ContractError("zones", "misc/taxi_zone_lookup.csv")) == {}


def test_contract_errors_survive_pickling() -> None:
    copy = pickle.loads(pickle.dumps(contract_error("2023-01")))  # noqa: S301 - our own
    assert (str(copy), copy.rows, copy.contract) == ("2023-01 is broken", 5, "RawTrips")
    assert copy.failures == contract_error("2023-01").failures


def test_trips_that_were_made_of_another_file_are_not_reported() -> None:
    params = DataProcessingParams.model_validate({"service": "green", "months": "2023-01..2023-03"})

    def part(month: str, sha256: str) -> MonthPart:
        quality = {
            "rows_read": 9,
            "rows_kept": 9,
            "rejected": {"unknown_zone": 0},
            "median_duration": 10.0,
        }
        return MonthPart(month, {"sha256": sha256, "quality": quality}, pd.DataFrame)

    raw = {month: part(month, "new") for month in ("2023-01", "2023-02")}
    trips = {"2023-01": part("2023-01", "new"), "2023-02": part("2023-02", "old")}
    report = describe_broken_months({"2023-03": contract_error("2023-03")}, raw, trips, params)
    assert list(report["months"]) == ["2023-01", "2023-03"]
    assert report["failures"] == [
        "2023-01: 9 trips kept, min_rows is 1000",
        "2023-03: breaks the contract RawTrips: column x, check c, 2 of 5 rows",
    ]
