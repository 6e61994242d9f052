"""Records and reports: what was computed once is there the next time."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kedro.io.core import DatasetError

from trip_duration.datasets import RecordsDataset, ReportDataset
from trip_duration.errors import ParameterError


def test_records_are_added_and_replaced_but_never_removed(tmp_path: Path) -> None:
    dataset = RecordsDataset(str(tmp_path / "records"))
    assert not dataset.exists()
    assert dataset.load() == {}
    dataset.save({"b": {"value": 1}})
    dataset.save({"a": {"value": 2}})
    dataset.save({"b": {"value": 3}})
    assert dataset.load() == {"a": {"value": 2}, "b": {"value": 3}}
    assert list(dataset.load()) == ["a", "b"]
    assert dataset.exists()
    assert sorted(path.name for path in (tmp_path / "records").iterdir()) == ["a.json", "b.json"]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    dataset = RecordsDataset(str(tmp_path))
    dataset.save({"a": {"value": 1}})
    with pytest.raises(DatasetError, match="not JSON serializable"):
        dataset.save({"a": {"value": object()}})
    assert dataset.load() == {"a": {"value": 1}}
    assert not list(tmp_path.glob("*.part"))


def test_a_report_that_was_never_made_is_empty(tmp_path: Path) -> None:
    dataset = ReportDataset(filepath=str(tmp_path / "deep" / "report.json"))
    assert dataset.load() == {}
    dataset.save({"gain": 0.25})
    assert dataset.load() == {"gain": 0.25}
    assert json.loads((tmp_path / "deep" / "report.json").read_text()) == {"gain": 0.25}


def test_places_that_are_no_folders_are_refused() -> None:
    with pytest.raises(ParameterError, match="s3://bucket/x"):
        RecordsDataset("s3://bucket/x")


def test_two_that_save_one_record_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def save(number: int) -> None:
        start.wait()
        for _ in range(50):
            RecordsDataset(path=str(tmp_path)).save({"fold": {"rows": list(range(number, 2_000))}})

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(save, number) for number in range(4)]
    assert [future.exception() for future in done] == [None] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["fold.json"]
    assert RecordsDataset(path=str(tmp_path)).load()["fold"]["rows"][-1] == 1_999
