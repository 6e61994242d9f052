"""What no single row of a file shows: swallowed lines, columns that are alike, empty distances."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.features.small_city import fitted, trips, zones
from tests.test_batches import GOOD, Killed, answer, make_requests, predictor, read, write_csv
from trip_duration.errors import DataError
from trip_duration.inference import Batch
from trip_duration.models import Predictor

__all__ = ["fitted", "predictor", "trips", "zones"]
OPEN = '2023-01-05 10:00:00,1,2,1.5,"fine'
Warned = pytest.LogCaptureFixture
CLOSING = '2023-01-05 10:00:00,1,2,1.5,fine"'


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, "trip_duration")
    return caplog


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def write_open_quote(path: Path, closing: str = GOOD) -> Path:
    """Write 5,000 lines; a quote that opens in the 11th is closed by ``closing``, or never."""
    lines = [GOOD] * 5_000
    lines[10], lines[1_010] = OPEN, closing
    return write_csv(path, *lines)


@pytest.mark.parametrize("closing", [CLOSING, GOOD], ids=["closed later", "never closed"])
def test_lines_that_a_quote_has_swallowed_are_counted_and_its_row_is_named(
    predictor: Predictor, tmp_path: Path, warned: Warned, closing: str
) -> None:
    source = write_open_quote(tmp_path / "r.csv", closing)
    answer(predictor, source, tmp_path / "a.csv", 65_536)
    rows = {CLOSING: 4_000, GOOD: 11}[closing]
    swallowed = 5_000 - rows
    assert len(read(tmp_path / "a.csv")) == rows
    assert warnings(warned) == [
        f"{source}: 5,000 lines below the header hold {rows:,} rows, answered or set aside: "
        f"{swallowed:,} lines lie inside quoted values, {swallowed + 1:,} in column note of row "
        "11. If they should be rows, a quote is left open there"
    ]


def test_lines_are_counted_over_chunks_and_in_a_run_that_goes_on(
    predictor: Predictor, tmp_path: Path, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, whole = write_open_quote(tmp_path / "r.csv", CLOSING), Batch.answer

    def stop(self: Batch, chunk: Any) -> Any:
        if chunk.rows[0] > 1:
            raise Killed
        return whole(self, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "answer", stop)
        with pytest.raises(Killed):
            answer(predictor, source, tmp_path / "a.csv", 10)
    answer(predictor, source, tmp_path / "a.csv", 10)
    (warning,) = warnings(warned)
    assert "5,000 lines below the header hold 4,000 rows" in warning
    assert "1,001 in column note of row 11" in warning


@pytest.mark.parametrize("row", [11, 1])
def test_a_quote_that_is_open_beyond_a_block_is_refused_by_row(
    predictor: Predictor, tmp_path: Path, row: int
) -> None:
    lines = [GOOD] * 5_000
    lines[row - 1] = OPEN
    source = write_csv(tmp_path / "r.csv", *lines)
    with pytest.raises(
        DataError, match=rf"after row {row - 1} begins a record of more than 65,536 "
    ):
        answer(predictor, source, tmp_path / "a.csv", 10)
    assert not (tmp_path / "a.csv").exists()


def test_lines_that_a_quote_in_the_header_has_swallowed_are_counted(
    predictor: Predictor, tmp_path: Path, warned: Warned
) -> None:
    header = 'pickup_datetime,pickup_zone,dropoff_zone,"route_distance'
    lines = ["2023-01-05 10:00:00,1,2,1.5"] * 20
    source = write_csv(tmp_path / "r.csv", *lines, header=header)
    source.write_text(source.read_text().replace("1.5", '1.5"', 1))
    answer(predictor, source, tmp_path / "a.csv")
    assert warnings(warned) == [
        f"{source}: 20 lines below the header hold 19 rows, answered or set aside: 1 lines lie "
        "inside quoted values, 2 in the header. If they should be rows, a quote is left open there"
    ]


def test_lines_inside_a_row_that_is_set_aside_are_counted_too(
    predictor: Predictor, tmp_path: Path, warned: Warned
) -> None:
    lines = [GOOD, '2023-01-05 10:00:00,1,"2,1.5,fine', GOOD, GOOD, '2,1.5,fine",', GOOD]
    source = write_csv(tmp_path / "r.csv", *lines)
    answer(predictor, source, tmp_path / "a.csv")
    rejected = read(tmp_path / "a.rejected.csv")
    assert rejected["row"].tolist() == [2]
    assert "found 4, over 4 lines (is a quote left open?): " in rejected["reasons"][0]
    shown = [line for line in warnings(warned) if "lines below" in line]
    assert shown == [
        f"{source}: 6 lines below the header hold 3 rows, answered or set aside: 3 lines lie "
        "inside quoted values, all in rows that were set aside. If they should be rows, a quote is "
        "left open there"
    ]


def test_a_long_value_is_not_shown_whole(predictor: Predictor, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, f"{'x' * 5_000},1,2,1.5,fine")
    answer(predictor, source, tmp_path / "a.csv")
    (reason,) = read(tmp_path / "a.rejected.csv")["reasons"]
    assert reason.endswith(f"found '{'x' * 200}' and 4,800 characters more")


@pytest.mark.parametrize("end", ["\n", "", "\r\n"])
def test_a_file_whose_lines_are_its_rows_is_not_warned_of(
    predictor: Predictor, tmp_path: Path, warned: Warned, end: str
) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, GOOD.replace("fine", '"quoted, well"'))
    source.write_text(source.read_text().rstrip("\n") + end)
    answer(predictor, source, tmp_path / "a.csv")
    assert len(read(tmp_path / "a.csv")) == 2
    assert warnings(warned) == []


NAMES = "pickup_datetime,pickup_zone,dropoff_zone"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (f"{NAMES},Pickup_Zone", r"'pickup_zone' and 'Pickup_Zone', expected 'pickup_zone' alone"),
        ("pickup_datetime,PICKUP_ZONE,dropoff_zone", "column 'PICKUP_ZONE', expected 'pickup_zone"),
        (f"{NAMES},Route_Distance", "the column 'Route_Distance', expected 'route_distance' alone"),
        (f"{NAMES}, route_distance", "the column ' route_distance', expected 'route_distance' al"),
        (f"{NAMES},Minutes", "has the column Minutes, which is the name of an answer: rename it"),
        (f"{NAMES},note,note", "has more than one column note"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_names_that_differ_from_ours_in_case_or_spaces_are_refused(
    predictor: Predictor, tmp_path: Path, header: str, says: str, kind: str
) -> None:
    source = tmp_path / f"r.{kind}"
    if kind == "csv":
        write_csv(source, header=header)
    else:
        names = header.split(",")
        pq.write_table(pa.table([pa.array(["1"])] * len(names), names=names), source)
    with pytest.raises(DataError, match=says):
        answer(predictor, source, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_other_columns_that_are_alike_are_kept_and_named(
    predictor: Predictor, tmp_path: Path, warned: Warned
) -> None:
    source = write_csv(tmp_path / "r.csv", "2023-01-05 10:00:00,1,2,a,b", header=f"{NAMES},id,ID")
    answer(predictor, source, tmp_path / "a.csv")
    assert read(tmp_path / "a.csv")[["id", "ID"]].values.tolist() == [["a", "b"]]
    assert warnings(warned) == [
        f"{source}: the columns 'id' and 'ID' differ only in case or spaces"
    ]


EMPTY = (
    "route_distance is empty in all 25 rows, so each is answered as a request without a distance"
)


@pytest.mark.parametrize("kind", ["csv", "float", "null", "text"])
def test_a_distance_that_is_never_there_is_said(
    predictor: Predictor, tmp_path: Path, warned: Warned, kind: str
) -> None:
    requests = make_requests(25)
    source = tmp_path / ("r.csv" if kind == "csv" else "r.parquet")
    values = {"float": float("nan"), "null": None, "text": " N/A", "csv": None}
    requests["route_distance"] = values[kind]
    if kind == "csv":
        requests.to_csv(source, index=False)
    else:
        requests.to_parquet(source)
    answer(predictor, source, tmp_path / "a.parquet", 10)
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 25
    assert warnings(warned) == [f"{source}: {EMPTY}"]


@pytest.mark.parametrize("how", ["one distance", "no column", "no rows"])
def test_a_file_with_any_distance_or_without_the_column_is_not_warned_of(
    predictor: Predictor, tmp_path: Path, warned: Warned, how: str
) -> None:
    requests = make_requests(25)
    match how:
        case "one distance":
            requests["route_distance"] = [None] * 24 + [1.5]
        case "no column":
            requests = requests.drop(columns="route_distance")
        case _:
            requests = requests.iloc[:0]
    requests.to_parquet(tmp_path / "r.parquet")
    answer(predictor, tmp_path / "r.parquet", tmp_path / "a.parquet", 10)
    assert warnings(warned) == []
