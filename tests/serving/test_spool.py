"""The spool: what is on disk is replayed in order, by whoever has the lock, and never twice."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.entries import entry, wait_for
from trip_duration.errors import LogError
from trip_duration.serving import spool as spool_module
from trip_duration.serving.entry import Rows, as_line, as_row, read_line
from trip_duration.serving.spool import Spool

MEGABYTE = 1 << 20


def rows(*numbers: int) -> Rows:
    return [as_row(entry(number)) for number in numbers]


def drain(spool: Spool, count: int = 1000) -> list[str]:
    found = []
    while not spool.empty:
        chunk = spool.read(count)
        found += [row["prediction_id"] for row in chunk.rows]
        spool.drop()
    return found


def named(*numbers: int) -> list[str]:
    return [entry(number).prediction_id for number in numbers]


def test_a_row_comes_back_from_its_line() -> None:
    row = as_row(entry(1, route_distance=None, lower=float("nan"), flags=()))
    assert (row["route_distance"], row["lower"], row["flags"]) == (None, None, "")
    assert read_line(as_line(row)) == row
    assert read_line(as_line(row)[:-20]) is None
    assert read_line(b"[1]\n") is None


def test_rows_come_back_in_order_and_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    assert spool.append(rows(0, 1, 2))
    assert spool.append(rows(3))
    assert spool.waiting == 4
    assert spool.read(2).rows == rows(0, 1)
    assert spool.read(2).rows == rows(0, 1)
    spool.drop()
    assert spool.waiting == 2
    assert spool.append(rows(4))
    assert drain(spool, 2) == named(2, 3, 4)
    assert (spool.waiting, list(tmp_path.iterdir())) == (0, [])
    assert spool.append(rows(5))
    assert drain(spool) == named(5)


def test_segments_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 500)
    spool = Spool(tmp_path, MEGABYTE)
    for number in range(12):
        spool.append(rows(number))
    assert len(list(tmp_path.glob("*.jsonl"))) == 6
    assert drain(spool, 3) == named(*range(12))


def test_what_exceeds_the_bound_is_refused_and_what_is_there_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1300)
    assert [spool.append(rows(number)) for number in range(4)] == [True, True, True, False]
    assert drain(spool) == named(0, 1, 2)
    assert spool.append(rows(3))


def test_a_line_that_was_cut_short_is_counted_and_passed_over(tmp_path: Path) -> None:
    left = Spool(tmp_path, MEGABYTE)
    left.append(rows(0, 1))
    (segment,) = tmp_path.glob("*.jsonl")
    left.close()
    segment.write_bytes(segment.read_bytes()[:-30])
    spool = Spool(tmp_path, MEGABYTE)
    spool.adopt()
    chunk = spool.read(10)
    assert (chunk.rows, chunk.broken) == (rows(0), 1)
    spool.drop()
    assert (spool.empty, list(tmp_path.iterdir())) == (True, [])


def test_a_segment_that_was_taken_away_is_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, MEGABYTE)
    spool.append(rows(0, 1, 2))
    next(tmp_path.glob("*.jsonl")).unlink()
    assert spool.read(10) == ([], 3)
    spool.drop()
    assert spool.empty


def test_a_segment_that_cannot_be_read_any_more_is_kept_for_later(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", MEGABYTE)
    spool.append(rows(0, 1))
    (segment,) = (tmp_path / "spool").glob("*.jsonl")
    elsewhere = segment.rename(tmp_path / "elsewhere")
    segment.symlink_to(segment)
    assert spool.read(10) == ([], 0)
    spool.drop()
    assert spool.empty
    assert spool.append(rows(2))
    assert drain(spool) == named(2)
    elsewhere.replace(segment)
    assert spool.adopt() == 2
    assert drain(spool) == named(0, 1)
    assert list((tmp_path / "spool").iterdir()) == []


def test_the_spool_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    living, other = Spool(tmp_path, MEGABYTE), Spool(tmp_path, MEGABYTE)
    living.append(rows(0))
    assert other.adopt() == 0
    living.close()
    assert other.adopt() == 1
    assert Spool(tmp_path, MEGABYTE).adopt() == 0
    other.append(rows(1))
    assert drain(other) == named(0, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_a_segment_that_cannot_be_read_holds_no_other_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 1)
    for numbers in ((0, 1), (2,)):
        left = Spool(tmp_path, MEGABYTE)
        for number in numbers:
            left.append(rows(number))
        left.close()
    (first,) = (path for path in tmp_path.glob("*.jsonl") if b"id-000000" in path.read_bytes())
    elsewhere = first.rename(tmp_path / "elsewhere")
    first.mkdir() if kind == "folder" else first.symlink_to(first)
    heir = Spool(tmp_path, MEGABYTE)
    assert heir.adopt() == 2
    assert drain(heir) == named(1, 2)
    heir.close()
    assert heir.adopt() == 0
    first.rmdir() if kind == "folder" else first.unlink()
    elsewhere.rename(first)
    assert heir.adopt() == 1
    assert drain(heir) == named(0)
    assert list(tmp_path.iterdir()) == []


def test_a_segment_whose_lock_is_gone_is_replayed(tmp_path: Path) -> None:
    left, heir = Spool(tmp_path, MEGABYTE), Spool(tmp_path, MEGABYTE)
    left.append(rows(0, 1))
    left.close()
    next(tmp_path.glob("*.lock")).unlink()
    assert heir.adopt() == 2
    assert Spool(tmp_path, MEGABYTE).adopt() == 0
    assert drain(heir) == named(0, 1)
    assert list(tmp_path.iterdir()) == []


FILL = """
import sys
from pathlib import Path
from tests.serving.test_spool import rows
from trip_duration.serving.spool import Spool
spool = Spool(Path(sys.argv[1]), 1 << 30)
number = 0
while True:
    spool.append(rows(number))
    number += 1
    print(number, flush=True)
"""


def test_the_spool_of_a_killed_process_is_replayed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILL, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 20:
                break
        heir = Spool(tmp_path, MEGABYTE)
        assert heir.adopt() == 0
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    wait_for(lambda: heir.adopt() > 0)
    promised = int(rest[-1]) if rest else 20
    found = drain(heir, 7)
    assert len(found) >= promised
    assert found == named(*range(len(found)))


# the system's limit of the size of files is the one way to fill a disk that needs no rights
CUT = """
import resource, signal, sys
from pathlib import Path
from tests.serving.test_spool import drain, rows
from trip_duration.serving.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(Path(sys.argv[1]), 1 << 30)
resource.setrlimit(resource.RLIMIT_FSIZE, (1300, resource.RLIM_INFINITY))
print([spool.append(rows(number)) for number in range(5)], spool.waiting)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(spool.append(rows(9)), drain(spool))
"""


def test_a_disk_that_is_full_refuses_whole_batches(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", CUT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == [
        "[True, True, True, False, False] 3",
        f"True {named(0, 1, 2, 9)}",
    ]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="cannot be made"):
        Spool(tmp_path / "file/spool", MEGABYTE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LogError, match="cannot be written to"):
        Spool(tmp_path, MEGABYTE)
