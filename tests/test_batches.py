"""Files of requests answered in bulk: the predictor's own numbers, whatever the rows."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.features.small_city import fitted, make_trips, trips, zones
from tests.registry.conftest import (
    empty_database,
    keeper,
    ledger,
    log_candidate,
    make_predictor,
    register,
    registry,
)
from trip_duration.datasets import AnswerFilesDataset, ChosenPredictorDataset, RequestFilesDataset
from trip_duration.datasets.batches import RefusedInput
from trip_duration.errors import DataError
from trip_duration.features import FeatureTransformer
from trip_duration.inference import Batch, Requested, RequestFile, checking, find_files, write_batch
from trip_duration.models import Predictor
from trip_duration.models.lightgbm import LightGBM
from trip_duration.params import LightGBMParams
from trip_duration.registry import Version
from trip_duration.registry.promotion import Keeper

# the fixtures are at home beside the tests of features and of the registry
__all__ = [
    "empty_database",
    "fitted",
    "keeper",
    "ledger",
    "log_candidate",
    "make_predictor",
    "register",
    "registry",
    "trips",
    "zones",
]
ANSWERS = ["minutes", "lower", "upper", "flags", "model_sha256"]


@pytest.fixture
def predictor(fitted: FeatureTransformer, trips: pd.DataFrame) -> Predictor:
    estimator = LightGBM(LightGBMParams(num_trees=140, num_leaves=5, min_data_in_leaf=10))
    matrix = fitted.transform(trips)
    estimator.fit(matrix, trips["duration_minutes"], feature_names=fitted.selected_)
    return Predictor(fitted, estimator, 1.0, {})


def make_requests(rows: int) -> pd.DataFrame:
    """Good requests with a column of their own, every third without a distance."""
    made = make_trips(rows, seed=3).drop(columns="duration_minutes")
    made["route_distance"] = made["route_distance"].where(np.arange(rows) % 3 > 0)
    return made.assign(who=[f"caller, {row}" for row in range(rows)])


def answer(predictor: Predictor, source: Path, target: Path, chunk_rows: int = 1_000) -> None:
    write_batch(Batch(find_files(source), predictor, chunk_rows), target)


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, float_precision="round_trip", keep_default_na=False)


def bits(values: Any) -> bytes:
    return np.asarray(values, dtype=np.float64).tobytes()


def write_csv(path: Path, *lines: str, header: str = "") -> Path:
    head = header or "pickup_datetime,pickup_zone,dropoff_zone,route_distance,note"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("target", ["parquet", "csv"])
def test_answers_are_those_of_the_predictor_to_the_bit(
    predictor: Predictor, tmp_path: Path, kind: str, target: str
) -> None:
    requests = make_requests(10_000)
    source = tmp_path / f"requests.{kind}"
    if kind == "csv":
        requests.to_csv(source, index=False)
    else:
        requests.to_parquet(source)
    answer(predictor, source, tmp_path / f"answers.{target}")
    found = read(tmp_path / f"answers.{target}")
    expected = predictor.predict(requests)
    assert list(found.columns) == [*requests.columns, *ANSWERS]
    assert bits(found["minutes"]) == bits(expected.minutes)
    assert found["who"].tolist() == requests["who"].tolist()
    assert set(found["model_sha256"]) == {predictor.sha256}
    flags = predictor.flag(requests)
    words = [" ".join(n for n in flags if flags[n][row]) for row in range(len(requests))]
    assert found["flags"].tolist() == words
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({source.name, f"answers.{target}"})


def test_a_batch_equals_single_predictions(predictor: Predictor, tmp_path: Path) -> None:
    requests = make_requests(5_000)
    requests.to_parquet(tmp_path / "requests.parquet")
    answer(predictor, tmp_path / "requests.parquet", tmp_path / "a.parquet", 4_500)
    found = read(tmp_path / "a.parquet")["minutes"]
    for row in [*range(20), 4_499, 4_500, 4_999]:
        assert bits(found.iloc[[row]]) == bits(predictor.predict(requests.iloc[[row]]).minutes)


GOOD = "2023-01-05 10:00:00,1,2,1.5,fine"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",1,2,,x", "pickup_datetime is missing"),
        (
            "soon,1,2,,x",
            "pickup_datetime is no date and time in the form of ISO 8601, found 'soon'",
        ),
        (
            "2023,1,2,,x",
            "pickup_datetime is no date and time in the form of ISO 8601, found '2023'",
        ),
        (
            "2023-02-30T10:00:00,1,2,,x",
            "pickup_datetime is no date and time in the form of ISO 8601, "
            "found '2023-02-30T10:00:00'",
        ),
        (
            "1999-01-01T10:00:00,1,2,,x",
            "pickup_datetime must lie in the years 2008 to 2050, found '1999-01-01T10:00:00'",
        ),
        (
            "2023-04-12T08:30:00-4,1,2,,x",
            "pickup_datetime is no date and time in the form of ISO 8601, "
            "found '2023-04-12T08:30:00-4'",
        ),
        (
            "2023-04-12T08:30-04:0,1,2,,x",
            "pickup_datetime is no date and time in the form of ISO 8601, "
            "found '2023-04-12T08:30-04:0'",
        ),
        (
            "9999-12-31T23:59:59-05:00,1,2,,x",
            "pickup_datetime must lie in the years 2008 to 2050, found '9999-12-31T23:59:59-05:00'",
        ),
        (
            "0001-01-01 00:00:00.123456789+05:00,1,2,,x",
            "pickup_datetime must lie in the years 2008 to 2050, "
            "found '0001-01-01 00:00:00.123456789+05:00'",
        ),
        (
            "2051-01-01T00:00:00-06,1,2,,x",
            "pickup_datetime must lie in the years 2008 to 2050, found '2051-01-01T00:00:00-06'",
        ),
        ("2023-01-05 10:00:00,,2,,x", "pickup_zone is missing"),
        (
            "2023-01-05 10:00:00,1,2.5,,x",
            "dropoff_zone must be a whole number from 1 to 32767, found '2.5'",
        ),
        (
            "2023-01-05 10:00:00,1e400,2,,x",
            "pickup_zone must be a whole number from 1 to 32767, found '1e400'",
        ),
        (
            "2023-01-05 10:00:00,1,2,inf,x",
            "route_distance must be a number of miles from 0 to 1000, or nothing, found 'inf'",
        ),
        (
            "2023-01-05 10:00:00,0,2,-1,x",
            "pickup_zone must be a whole number from 1 to 32767, found '0'; "
            "route_distance must be a number of miles from 0 to 1000, or nothing, found '-1'",
        ),
        (
            "2023-01-05 10:00:00,1,2",
            "expected 5 values, found 3: '2023-01-05 10:00:00,1,2'",
        ),
    ],
)
def test_a_bad_row_is_set_aside_with_its_number_and_reason(
    predictor: Predictor, tmp_path: Path, line: str, reason: str
) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, line, GOOD)
    answer(predictor, source, tmp_path / "a.csv")
    rejected = read(tmp_path / "a.rejected.csv")
    assert rejected[["row", "reasons"]].values.tolist() == [[2, reason]]
    assert len(read(tmp_path / "a.csv")) == 2


@pytest.mark.parametrize(
    "line",
    [
        "2023-01-05T15:00:00Z,1,2,1.5,x",
        "2023-01-05 10:00:00-05:00,1.0, 2 ,+1.5,x",
        "2023-01-05T10:00,1,2,15e-1,x",
        '2023-01-05T10:00:00,1,2,1.5,"two\nlines"',
    ],
)
def test_other_ways_to_write_the_same_request(
    predictor: Predictor, tmp_path: Path, line: str
) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, line)
    answer(predictor, source, tmp_path / "a.csv")
    first, second = read(tmp_path / "a.csv")["minutes"]
    assert first == second
    assert not (tmp_path / "a.rejected.csv").exists()


def test_rejected_rows_of_an_earlier_run_are_not_left(predictor: Predictor, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, "bad,1,2,,x")
    answer(predictor, source, tmp_path / "a.csv")
    assert (tmp_path / "a.rejected.csv").exists()
    # as a killed run leaves it, and a run that writes beside this one
    left, other = tmp_path / ".a.csv.1-2.part", tmp_path / ".b.csv.1-2.part"
    left.touch()
    other.touch()
    answer(predictor, write_csv(source, GOOD), tmp_path / "a.csv")
    assert not (tmp_path / "a.rejected.csv").exists()
    assert not left.exists()
    assert other.exists()


def test_what_is_no_utf8_is_a_bad_row(predictor: Predictor, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD, GOOD.replace("fine", "caf#"), "2023#,1,2,,x")
    source.write_bytes(source.read_bytes().replace(b"#", b"\xe9"))
    answer(predictor, source, tmp_path / "a.parquet")
    rejected = pq.read_table(tmp_path / "a.rejected.parquet")
    assert rejected["row"].to_pylist() == [2, 3]
    assert (
        rejected["reasons"][0].as_py() == "note is no UTF-8, found 'caf\N{REPLACEMENT CHARACTER}'"
    )
    assert pq.read_table(tmp_path / "a.parquet")["note"].to_pylist() == ["fine"]


def test_row_numbers_count_on_over_chunks_and_broken_rows(tmp_path: Path) -> None:
    lines = [GOOD if row % 7 else "a,b" for row in range(1, 6_001)]
    chunks = list(RequestFile(write_csv(tmp_path / "r.csv", *lines)).chunks(10))
    assert len(chunks) > 2
    whole = [row for chunk in chunks for row in chunk.rows.tolist()]
    broken = [row for chunk in chunks for row, _ in chunk.broken]
    assert whole == [row for row in range(1, 6_001) if row % 7]
    assert broken == [row for row in range(1, 6_001) if row % 7 == 0]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("pickup_datetime", pa.array([1, 2])),
        ("pickup_zone", pa.array([True, False])),
        ("route_distance", pa.array([[1.0], [2.0]])),
    ],
)
def test_a_column_of_the_wrong_type_is_named_with_its_file(
    predictor: Predictor, tmp_path: Path, name: str, column: pa.Array
) -> None:
    table = pa.Table.from_pandas(make_requests(2))
    at = table.column_names.index(name)
    pq.write_table(table.set_column(at, name, column), tmp_path / "r.parquet")
    with pytest.raises(DataError, match=rf"r\.parquet: the column {name} of type "):
        answer(predictor, tmp_path / "r.parquet", tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("r.csv", "a,b\n1,2\n", r"r\.csv lacks pickup_datetime, pickup_zone, dropoff_zone.*a, b"),
        ("r.csv", "", r"r\.csv cannot be read: Empty CSV file"),
        ("r.csv", "a,a\n", r"r\.csv has more than one column a"),
        ("r.csv", "\na,b\n", r"r\.csv: its first line is empty, expected the names of the columns"),
        ("r.csv", "\ufeff\r\na,b\r\n", r"r\.csv: its first line is empty, expected the names"),
        (
            "r.csv",
            "pickup_datetime,pickup_zone,dropoff_zone,minutes\n",
            "has the column minutes, which is the name of an answer",
        ),
        ("r.parquet", "no parquet", r"r\.parquet cannot be read"),
        ("r.txt", "", r"r\.txt is of an unknown kind: expected a file that ends in \.parquet"),
        (None, "", r"nowhere is not there: .*input="),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    predictor: Predictor, tmp_path: Path, name: str | None, content: str, says: str
) -> None:
    source = tmp_path / (name or "nowhere")
    if name:
        source.write_text(content)
    with pytest.raises(DataError, match=says):
        answer(predictor, source, tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_names_of_columns_that_are_no_utf8_are_refused(
    predictor: Predictor, tmp_path: Path, encoding: str
) -> None:
    source = write_csv(tmp_path / "r.csv", GOOD)
    source.write_bytes(source.read_text().replace("note", "caf\u00e9").encode(encoding))
    with pytest.raises(DataError, match=r"r\.csv: the names of its columns are no UTF-8"):
        answer(predictor, source, tmp_path / "a.parquet")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("own", ["note", '"two\nlines"'])
def test_a_header_alone_is_a_file_without_rows(
    predictor: Predictor, tmp_path: Path, own: str, end: str
) -> None:
    source = tmp_path / "r.csv"
    source.write_bytes(f"pickup_datetime,pickup_zone,dropoff_zone,{own}{end}".encode())
    answer(predictor, source, tmp_path / "a.parquet")
    found = pd.read_parquet(tmp_path / "a.parquet")
    assert (len(found), found.columns[3]) == (0, own.strip('"'))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_without_rows_gets_an_answer_without_rows(
    predictor: Predictor, tmp_path: Path, kind: str
) -> None:
    requests = make_requests(3).iloc[:0]
    source = tmp_path / f"r.{kind}"
    (requests.to_csv if kind == "csv" else requests.to_parquet)(source, index=False)
    answer(predictor, source, tmp_path / "a.parquet")
    found = pd.read_parquet(tmp_path / "a.parquet")
    assert (len(found), list(found.columns)) == (0, [*requests.columns, *ANSWERS])


def test_a_folder_is_answered_file_by_file(predictor: Predictor, tmp_path: Path) -> None:
    source = tmp_path / "requests"
    source.mkdir()
    make_requests(5).to_parquet(source / "b.parquet")
    write_csv(source / "a.csv", GOOD, "bad,1,2,,x")
    (source / "notes.txt").write_text("not read")
    answer(predictor, source, tmp_path / "out")
    names = ["a.csv", "a.rejected.csv", "b.parquet"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    assert len(read(tmp_path / "out" / "b.parquet")) == 5


def test_files_whose_rows_would_meet_in_one_place_are_refused(
    predictor: Predictor, tmp_path: Path
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write_csv(source / "jan.csv", GOOD, "bad,1,2,,x")
    write_csv(source / "jan.rejected.csv", GOOD, GOOD)
    with pytest.raises(DataError, match=r"what is made of .*jan\.csv and of .*jan\.rejected\.csv"):
        answer(predictor, source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_only_called_like_a_file_of_requests_is_refused_before_any_is_answered(
    predictor: Predictor, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write_csv(source / "a.csv", GOOD)
    if kind == "folder":
        (source / "b.parquet").mkdir()
    else:
        (source / "b.parquet").symlink_to(tmp_path / "gone.parquet")
    with pytest.raises(DataError, match=r"in/b\.parquet is no file, though it is called like one"):
        answer(predictor, source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_gone_are_not_taken_for_an_output_that_cannot_be(
    predictor: Predictor, tmp_path: Path
) -> None:
    gone = Requested((tmp_path / "gone.csv",), folder=False)
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        write_batch(Batch(gone, predictor, 10), tmp_path / "a.csv")


def test_suffixes_of_either_case_are_read_and_others_named(
    predictor: Predictor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write_csv(source / "A.CSV", GOOD, "bad,1,2,,x")
    make_requests(5).to_parquet(source / "b.Parquet")
    for name in ("c.csv.gz", ".hidden.txt"):
        (source / name).write_bytes(b"not read")
    with caplog.at_level(logging.WARNING):
        requested = find_files(source)
    assert [path.name for path in requested.files] == ["A.CSV", "b.Parquet"]
    assert caplog.records[0].args[-1:] == ("c.csv.gz",)  # type: ignore[index]
    answer(predictor, source, tmp_path / "out")
    assert len(pd.read_parquet(tmp_path / "out/b.Parquet")) == 5
    assert len(pd.read_csv(tmp_path / "out/A.CSV")) == 1
    assert pd.read_csv(tmp_path / "out/A.rejected.CSV")["row"].tolist() == [2]


@pytest.mark.parametrize("output", ["a.txt", "a", "folder.csv"])
def test_an_output_that_cannot_be_is_refused(
    predictor: Predictor, tmp_path: Path, output: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    source = write_csv(tmp_path / "r.csv", GOOD)
    with pytest.raises(DataError, match=r"cannot hold the answers to .*r\.csv"):
        answer(predictor, source, tmp_path / output)
    with pytest.raises(DataError, match=r"would overwrite .*r\.csv"):
        answer(predictor, source, source)


class Killed(BaseException):
    pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Numbers of the rows at which each answered chunk begins."""
    found: list[int] = []
    whole = Batch.answer

    def watched(self: Batch, chunk: Any) -> Any:
        found.append(int(chunk.rows[0]))
        if len(found) == 3:
            raise Killed
        return whole(self, chunk)

    monkeypatch.setattr(Batch, "answer", watched)
    yield found
    monkeypatch.undo()


def killed_run(predictor: Predictor, tmp_path: Path) -> Path:
    source = tmp_path / "r.parquet"
    make_requests(50).to_parquet(source)
    with pytest.raises(Killed):
        answer(predictor, source, tmp_path / "a.parquet", 10)
    return source


def test_a_killed_run_goes_on_with_the_chunk_that_it_was_at(
    predictor: Predictor, tmp_path: Path, asked: list[int]
) -> None:
    source = killed_run(predictor, tmp_path)
    assert not (tmp_path / "a.parquet").exists()
    os.utime(source, (0, 0))
    answer(predictor, source, tmp_path / "a.parquet", 10)
    assert asked == [1, 11, 21, 21, 31, 41]
    expected = predictor.predict(make_requests(50)).minutes
    assert bits(read(tmp_path / "a.parquet")["minutes"]) == bits(expected)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", "r.parquet"]


@pytest.mark.parametrize("change", ["input", "model", "chunk_rows"])
def test_a_change_starts_anew(
    predictor: Predictor, tmp_path: Path, asked: list[int], change: str
) -> None:
    source = killed_run(predictor, tmp_path)
    rows = 10
    if change == "input":
        make_requests(50).assign(pickup_zone=5).to_parquet(source)
    elif change == "model":
        predictor = Predictor(predictor.transformer, predictor.estimator, 2.0, {})
    else:
        rows = 25
    answer(predictor, source, tmp_path / "a.parquet", rows)
    assert asked[3] == 1
    expected = predictor.predict(pd.read_parquet(source)).minutes
    assert bits(read(tmp_path / "a.parquet")["minutes"]) == bits(expected)


def test_a_kill_while_parts_are_removed_loses_no_row(
    predictor: Predictor, tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "r.parquet"
    make_requests(50).assign(pickup_zone=[0] + [1] * 49).to_parquet(source)
    with pytest.raises(Killed):
        answer(predictor, source, tmp_path / "a.parquet", 10)

    def remove_some(folder: Path, **_: Any) -> None:
        for part in folder.glob("*.rejected.arrow"):
            part.unlink()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", remove_some)
        with pytest.raises(Killed):
            answer(predictor, source, tmp_path / "a.parquet", 25)
    answer(predictor, source, tmp_path / "a.parquet", 10)
    assert asked[3] == 1
    assert read(tmp_path / "a.rejected.parquet")["row"].tolist() == [1]
    assert len(read(tmp_path / "a.parquet")) == 49


def test_a_file_that_is_written_anew_and_put_back_leaves_no_parts(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # long enough that Arrow has not read all of it ahead
    requests = make_requests(6_000).assign(note="-" * 600)
    source = tmp_path / "r.csv"
    requests.to_csv(source, index=False)
    content, whole = source.read_bytes(), Batch.answer

    def meddle(self: Batch, chunk: Any) -> Any:
        if chunk.rows[0] == 1:
            requests.assign(pickup_zone=5).to_csv(source, index=False)
        return whole(self, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "answer", meddle)
        with pytest.raises(DataError, match="was changed while it was read: run again"):
            answer(predictor, source, tmp_path / "a.parquet", 1)
    assert list(tmp_path.iterdir()) == [source]
    source.write_bytes(content)
    answer(predictor, source, tmp_path / "a.parquet", 1)
    expected = predictor.predict(requests).minutes
    assert bits(read(tmp_path / "a.parquet")["minutes"]) == bits(expected)


def test_a_folder_goes_on_with_the_file_that_it_was_at(
    predictor: Predictor, tmp_path: Path, asked: list[int]
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in "abcd":
        make_requests(5).to_parquet(source / f"{name}.parquet")
    with pytest.raises(Killed):
        answer(predictor, source, tmp_path / "out")
    answer(predictor, source, tmp_path / "out")
    assert len(asked) == 2 + 1 + 2
    assert sorted(p.stem for p in (tmp_path / "out").iterdir()) == list("abcd")


@pytest.mark.parametrize(
    ("reader", "wrong", "named"),
    [
        ("_read_zones", 0.0, "column pickup_zone, check greater_than_or_equal_to"),
        ("_read_miles", 1_001.0, "column route_distance, check less_than_or_equal_to"),
        ("_read_times", np.datetime64("2051-01-01", "us"), "column pickup_datetime, check less"),
    ],
)
def test_a_bad_row_that_no_check_has_found_breaks_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str, wrong: Any, named: str
) -> None:
    make_requests(5).to_parquet(tmp_path / "r.parquet")
    (chunk,) = RequestFile(tmp_path / "r.parquet").chunks(10)
    requests, _ = checking.check_chunk(chunk)
    assert len(requests) == 5
    monkeypatch.setattr(checking, reader, lambda column, *_: np.full(len(column), wrong))
    with pytest.raises(DataError, match="the chunk that begins at row 1 breaks the contract") as e:
        checking.check_chunk(chunk)
    assert named in str(e.value)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("./nowhere", "nowhere is no folder of a predictor"),
        ("models:/other@champion", r"expected models:/trip-duration@alias or"),
        ("champion", r"there is no registry at .*none\.db"),
        ("@champion", r"there is no registry at .*none\.db"),
        (3, r"there is no registry at .*none\.db"),
    ],
)
def test_a_model_that_is_not_there_is_refused(tmp_path: Path, model: Any, says: str) -> None:
    place = {"path": str(tmp_path / "none.db")}
    dataset = ChosenPredictorDataset(model, {"path": str(tmp_path)}, place)
    with pytest.raises(RefusedInput, match=says):
        dataset.load()


def test_the_datasets_read_answer_and_refuse(predictor: Predictor, tmp_path: Path) -> None:
    predictor.save(tmp_path / "model")
    write_csv(tmp_path / "r.csv", GOOD)
    requests = RequestFilesDataset(str(tmp_path / "r.csv")).load()
    chosen = ChosenPredictorDataset("model", {"path": str(tmp_path)}, {"path": "none.db"}).load()
    assert requests == Requested((tmp_path / "r.csv",), folder=False)
    assert chosen.sha256 == predictor.sha256
    AnswerFilesDataset(str(tmp_path / "a.csv")).save(Batch(requests, chosen, 10))
    assert len(read(tmp_path / "a.csv")) == 1
    with pytest.raises(RefusedInput, match="is not there"):
        RequestFilesDataset(str(tmp_path / "gone.csv")).load()
    with pytest.raises(RefusedInput, match="input is empty"):
        RequestFilesDataset(None).load()
    with pytest.raises(RefusedInput, match="output is empty"):
        AnswerFilesDataset(None).save(Batch(requests, chosen, 10))


def test_without_a_model_the_champion_answers_or_the_folder_of_the_last_run(
    keeper: Keeper,
    register: Callable[[int], Version],
    predictor: Predictor,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    predictor.save(tmp_path / "models/predictor")
    # what is called like the alias is not what is meant
    predictor.save(tmp_path / "champion")
    project = {"path": str(tmp_path)}

    def load(model: str | None = None, **registry: str | None) -> str:
        place = {"path": str(tmp_path / "mlflow.db"), "url": None, **registry}
        return ChosenPredictorDataset(model, project, place, "models/predictor").load().sha256

    caplog.set_level(logging.INFO, "trip_duration")
    assert load(path=str(tmp_path / "none.db")) == predictor.sha256
    version = register(0)
    assert load() == predictor.sha256
    assert f"from the folder {tmp_path / 'models/predictor'}" in caplog.messages[-1]
    keeper.promote(version.number, {}, reason="a test", force=True)
    assert load() == load(model="") == version.sha256
    assert "version 1 (champion) of the registry, lookup, learnt from 2023-01" in caplog.text
    assert load(model="models/predictor") == predictor.sha256
    # a registry that was named and is away is no registry without a champion
    with pytest.raises(RefusedInput, match=r"no registry at .*none\.db"):
        load(url=f"sqlite:///{tmp_path / 'none.db'}")
