"""Bulk runs that write to one output at once: one is refused, and no rows mix."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.features.small_city import fitted, trips, zones
from tests.test_batches import Killed, answer, bits, make_requests, predictor, read
from trip_duration.errors import BusyError, DataError
from trip_duration.inference import Batch
from trip_duration.inference.parts import Parts
from trip_duration.models import Predictor

__all__ = ["fitted", "predictor", "trips", "zones"]
Meddle = Callable[[Path], None]


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Call something while the chunk that begins with a row is answered."""
    whole = Batch.answer

    def plan(row: int, action: Callable[[], None]) -> None:
        def answer_and_act(self: Batch, chunk: Any) -> Any:
            if chunk.rows[0] == row:
                action()
            return whole(self, chunk)

        monkeypatch.setattr(Batch, "answer", answer_and_act)

    return plan


@pytest.mark.parametrize("second", ["a.parquet", "out"])
def test_a_second_run_into_the_output_is_refused_and_the_first_is_not_spoilt(
    predictor: Predictor, tmp_path: Path, during: Any, second: str
) -> None:
    for name, rows in (("r", 50), ("other", 30)):
        (tmp_path / name).mkdir()
        make_requests(rows).to_parquet(tmp_path / name / "a.parquet")
    source = {"a.parquet": tmp_path / "r" / "a.parquet", "out": tmp_path / "r"}[second]
    target, refused = tmp_path / second, []

    def run_second() -> None:
        other = tmp_path / "other" / "a.parquet" if source.is_file() else tmp_path / "other"
        try:
            answer(predictor, other, target, 10)
        except BusyError as error:
            refused.append(str(error))

    during(21, run_second)
    answer(predictor, source, target, 10)
    assert len(refused) == 1
    assert refused[0].startswith(f"{target} is in use by process ")
    assert "(bulk prediction of " in refused[0]
    assert refused[0].endswith("Wait until it ends, or name another output.")
    answers = target if target.is_file() else target / "a.parquet"
    expected = predictor.predict(make_requests(50)).minutes
    assert bits(read(answers)["minutes"]) == bits(expected)
    assert [path for path in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize("last", [False, True], ids=["while adding", "before finishing"])
@pytest.mark.parametrize("how", ["removed", "begun anew"])
def test_parts_that_another_run_has_replaced_are_not_put_together(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bool, how: str
) -> None:
    # what no lock has prevented: a file system without locks, or a lock file that was removed
    source, target = tmp_path / "r.parquet", tmp_path / "a.parquet"
    make_requests(50).to_parquet(source)
    whole = Parts.add

    def meddle(self: Parts, number: int, answered: pa.Table, rejected: pa.Table) -> None:
        if last:
            whole(self, number, answered, rejected)
        if number == 4:
            shutil.rmtree(self.folder)
            if how == "begun anew":
                Parts(target, {"input": "another file"}).begin()
        if not last:
            whole(self, number, answered, rejected)

    monkeypatch.setattr(Parts, "add", meddle)
    with pytest.raises(DataError, match="another run has removed or replaced the parts of this"):
        answer(predictor, source, target, 10)
    assert not target.exists()


def test_a_part_that_is_missing_at_the_end_is_noticed(
    predictor: Predictor, tmp_path: Path, during: Any
) -> None:
    source, target = tmp_path / "r.parquet", tmp_path / "a.parquet"
    make_requests(50).to_parquet(source)
    during(41, (tmp_path / ".a.parquet.parts" / "00000001.answered.arrow").unlink)
    with pytest.raises(DataError, match=r"holds 4 parts, expected 5"):
        answer(predictor, source, target, 10)
    assert not target.exists()


def test_a_lock_file_that_a_killed_run_has_left_blocks_nobody(
    predictor: Predictor, tmp_path: Path, during: Any
) -> None:
    source, target = tmp_path / "r.parquet", tmp_path / "a.parquet"
    make_requests(50).to_parquet(source)

    def kill() -> None:
        raise Killed

    during(21, kill)
    with pytest.raises(Killed):
        answer(predictor, source, target, 10)
    (tmp_path / ".a.parquet.lock").write_text('{"process": 1}')
    during(21, lambda: None)
    answer(predictor, source, target, 10)
    assert len(read(target)) == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "r.parquet"]
