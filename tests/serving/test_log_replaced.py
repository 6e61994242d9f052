"""A SQLite file that is deleted or replaced under the prediction log: no later entry is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.serving.entries import QUICK, entry, expected, ids, sqlite_at, wait_for
from trip_duration.serving.database import insert, open_database, upgrade
from trip_duration.serving.entry import as_row
from trip_duration.serving.log import PredictionLog, open_log

ROOT = Path(__file__).parents[2]
Change = Callable[[Path], None]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    opened = open_log(sqlite_at(tmp_path / "db"), tmp_path / "spool", QUICK)
    opened.start()
    yield opened
    opened.close(5.0)


def delete_file(folder: Path) -> None:
    (folder / "log.db").unlink()


def delete_with_journal(folder: Path) -> None:
    for path in folder.glob("log.db*"):
        path.unlink()


def delete_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def rename_file(folder: Path) -> None:
    (folder / "log.db").rename(folder / "old.db")


def replace_by_backup(folder: Path) -> None:
    engine = open_database(sqlite_at(folder / "backup"))
    upgrade(engine)
    insert(engine, [as_row(entry(900))])
    engine.dispose()
    (folder / "backup" / "log.db").replace(folder / "log.db")


def replace_by_empty_file(folder: Path) -> None:
    (folder / "empty").touch()
    (folder / "empty").replace(folder / "log.db")


CHANGES = [
    delete_file,
    delete_with_journal,
    delete_folder,
    rename_file,
    replace_by_backup,
    replace_by_empty_file,
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_comes_after_a_change_of_the_file_is_in_the_file_that_is_there(
    log: PredictionLog, tmp_path: Path, change: Change
) -> None:
    log.put([entry(number) for number in range(50)])
    wait_for(lambda: log.written == 50)
    change(tmp_path / "db")
    log.put([entry(number) for number in range(50, 100)])
    wait_for(lambda: log.written == 100)
    assert (log.queued, log.spooled, log.lost) == (0, 0, 0)
    kept = [entry(900).prediction_id] if change is replace_by_backup else []
    assert ids(sqlite_at(tmp_path / "db")) == expected(100)[50:] + kept


def test_rows_of_a_batch_during_which_the_file_is_deleted_are_written_again(
    log: PredictionLog, tmp_path: Path
) -> None:
    path, deleted = tmp_path / "db" / "log.db", []

    def delete(*_: Any) -> None:
        if not deleted:
            deleted.append(path.unlink())

    log.put([entry(0)])
    wait_for(lambda: log.written == 1)
    sa.event.listen(log._writer._engine, "commit", delete)
    log.put([entry(1), entry(2)])
    wait_for(lambda: log.written == 3)
    assert ids(sqlite_at(tmp_path / "db")) == expected(3)[1:]
    assert (log.spooled, log.lost) == (0, 0)


WORKER = """
import sys
from pathlib import Path
from tests.serving.entries import QUICK, entry
from trip_duration.serving.log import open_log
first = int(sys.argv[1])
log = open_log(sys.argv[2], Path(sys.argv[3]), QUICK)
log.start()
for number in range(first, first + 50):
    log.put([entry(number)])
while log.written < 50: pass
print("half", flush=True)
sys.stdin.readline()
for number in range(first + 50, first + 100):
    log.put([entry(number)])
log.close(30.0)
print(log.written, log.lost, log.spooled, flush=True)
"""


@pytest.mark.parametrize("change", [delete_file, delete_with_journal, replace_by_backup])
def test_several_processes_go_on_with_the_same_new_file(tmp_path: Path, change: Change) -> None:
    place = [sqlite_at(tmp_path / "db"), str(tmp_path / "spool")]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(first), *place], **pipes)
        for first in (0, 100, 200)
    ]
    try:
        assert [worker.stdout.readline() for worker in workers] == ["half\n"] * 3
        change(tmp_path / "db")
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.flush()
        counts = [worker.stdout.readline().split() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    assert [lost for _, lost, _ in counts] == ["0"] * 3
    # what a closing process could not write waits on disk for the next one
    heir = open_log(place[0], tmp_path / "spool", QUICK)
    heir.start()
    wait_for(lambda: list((tmp_path / "spool").iterdir()) == [])
    heir.close(5.0)
    later = {entry(first + n).prediction_id for first in (0, 100, 200) for n in range(50, 100)}
    assert later <= set(ids(place[0]))
