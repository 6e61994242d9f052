"""The prediction log: nothing lost, nothing double, nobody kept waiting, whatever goes away."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.cluster import Cluster, running_cluster
from tests.machine import free_port
from tests.serving.entries import QUICK, entry, expected, ids, sqlite_at, wait_for
from trip_duration.errors import LogError
from trip_duration.serving.database import open_database, predictions
from trip_duration.serving.log import Limits, PredictionLog, open_log

ROOT = Path(__file__).parents[2]
OpenLog = Callable[..., PredictionLog]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenLog]:
    """Open logs that are closed at the end."""
    logs = []

    def make(url: str = "", limits: Limits = QUICK) -> PredictionLog:
        logs.append(open_log(url or sqlite_at(tmp_path), tmp_path / "spool", limits))
        return logs[-1]

    yield make
    for log in logs:
        log.close(1.0)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


def nowhere() -> str:
    """Return a database that does not answer."""
    return f"postgresql://trip@127.0.0.1:{free_port()}/none"


def test_entries_are_in_the_database_soon(opened: OpenLog, tmp_path: Path) -> None:
    log = opened()
    log.put([entry(0)])
    assert (log.queued, log.written) == (1, 0)
    log.start()
    log.put([entry(1), entry(2)])
    wait_for(lambda: log.written == 3)
    assert (log.queued, log.spooled, log.lost) == (0, 0, 0)
    assert ids(sqlite_at(tmp_path)) == expected(3)


def test_closing_writes_what_is_left(opened: OpenLog, tmp_path: Path) -> None:
    log = opened(limits=replace(QUICK, interval=60.0))
    log.start()
    log.put([entry(number) for number in range(7)])
    log.close(10.0)
    assert ids(sqlite_at(tmp_path)) == expected(7)
    log.put([entry(8)])
    assert log.lost == 1


def test_a_queue_that_is_full_loses_what_comes(opened: OpenLog) -> None:
    log = opened(limits=replace(QUICK, queue=3))
    log.put([entry(0), entry(1)])
    log.put([entry(2), entry(3)])
    assert (log.queued, log.lost) == (2, 2)


def test_a_row_that_is_refused_does_not_hold_up_the_others(opened: OpenLog, tmp_path: Path) -> None:
    log = opened()
    wrong: list[dict[str, Any]] = [
        {"pickup_zone": 2**70},
        {"minutes": float("nan")},
        {"pickup_zone": "seventy"},
    ]
    log.put([entry(0), *(entry(9, **values) for values in wrong), entry(1)])
    log.start()
    wait_for(lambda: log.lost == 3)
    wait_for(lambda: log.written == 2)
    assert ids(sqlite_at(tmp_path)) == expected(2)


def test_what_waits_when_the_service_ends_is_written_by_the_next(
    opened: OpenLog, tmp_path: Path
) -> None:
    first = opened(nowhere())
    first.start()
    first.put([entry(0), entry(1)])
    wait_for(lambda: first.spooled == 2)
    first.put([entry(2)])
    first.close(5.0)
    assert first.lost == 0
    second = opened()
    second.start()
    wait_for(lambda: second.written == 3)
    assert ids(sqlite_at(tmp_path)) == expected(3)
    wait_for(lambda: list((tmp_path / "spool").iterdir()) == [])


def test_a_spool_that_is_full_loses_what_comes(opened: OpenLog) -> None:
    log = opened(nowhere(), replace(QUICK, spool_bytes=1300))
    log.start()
    for number in range(5):
        log.put([entry(number)])
        wait_for(lambda: log.queued == 0)
    assert (log.spooled, log.lost) == (3, 2)


def test_an_address_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="as the address of the prediction log"):
        open_log("nonsense", tmp_path)


class Load(threading.Thread):
    """Puts entries without a pause worth the name until told to stop, and times the worst put."""

    def __init__(self, log: PredictionLog) -> None:
        super().__init__(daemon=True)
        self.log, self.put, self.slowest = log, 0, 0.0
        self.enough = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            begun = time.perf_counter()
            self.log.put([entry(number)])
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            self.put = number + 1
            if self.enough.wait(0.001):
                return


@pytest.mark.postgres
def test_a_database_that_stops_and_starts_under_load_has_every_answer(
    opened: OpenLog, cluster: Cluster
) -> None:
    log = opened(cluster.url)
    log.start()
    load = Load(log)
    load.start()
    for written in (100, 300):
        wait_for(lambda written=written: log.written >= written)
        cluster.stop()
        before = load.put
        wait_for(lambda before=before: load.put > before + 100)
        wait_for(lambda: log.spooled > 100)
        cluster.start()
        wait_for(lambda: log.spooled == 0)
    load.enough.set()
    load.join()
    wait_for(lambda: log.queued == 0 and log.spooled == 0)
    assert (log.lost, log.written) == (0, load.put)
    assert ids(cluster.url) == expected(load.put)
    assert load.slowest < 0.5


@pytest.mark.postgres
def test_a_database_that_is_emptied_meanwhile_gets_its_tables_again(
    opened: OpenLog, cluster: Cluster
) -> None:
    log = opened(cluster.url)
    log.start()
    log.put([entry(0)])
    wait_for(lambda: log.written == 1)
    engine = open_database(cluster.url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE outcomes, predictions, trip_duration_version"))
    engine.dispose()
    log.put([entry(1)])
    wait_for(lambda: log.written == 2)
    assert ids(cluster.url) == [entry(1).prediction_id]


@pytest.mark.postgres
def test_a_database_that_hangs_keeps_nobody_and_closing_keeps_its_time(
    opened: OpenLog, cluster: Cluster, tmp_path: Path
) -> None:
    log = opened(cluster.url)
    log.start()
    log.put([entry(0)])
    wait_for(lambda: log.written == 1)
    engine = open_database(cluster.url)
    with engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE predictions IN ACCESS EXCLUSIVE MODE"))
        log.put([entry(1)])
        wait_for(lambda: log._in_hand != [])
        log.put([entry(2)])
        begun = time.monotonic()
        log.close(0.3)
        assert time.monotonic() - begun < 3.0
    engine.dispose()
    heir = opened(cluster.url)
    heir.start()
    wait_for(lambda: heir.written == 2)
    assert ids(cluster.url) == expected(3)


WORKER = """
import itertools, sys
from pathlib import Path
from tests.serving.entries import QUICK, entry
from trip_duration.serving.log import open_log
log = open_log(sys.argv[1], Path(sys.argv[2]), QUICK)
log.start()
for number in itertools.count():
    log.put([entry(number)])
    while log.queued:
        pass
    print(number + 1, flush=True)
"""


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_what_a_killed_worker_has_written_is_there(
    up: bool, opened: OpenLog, tmp_path: Path
) -> None:
    url = sqlite_at(tmp_path) if up else nowhere()
    command = [sys.executable, "-c", WORKER, url, str(tmp_path / "spool")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if int(line) >= 30:
                break
        worker.send_signal(signal.SIGKILL)
        rest = worker.stdout.read().split()
    promised = int(rest[-1]) if rest else 30
    log = opened()
    log.start()
    if not up:
        wait_for(lambda: log.written >= promised)
    wait_for(lambda: list((tmp_path / "spool").iterdir()) == [])
    found = ids(sqlite_at(tmp_path))
    assert len(found) >= promised
    assert found == expected(len(found))


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.serving.entries import QUICK, entry, wait_for
from trip_duration.serving.log import open_log
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = open_log(sys.argv[1], Path(sys.argv[2]), QUICK)
log.start()
resource.setrlimit(resource.RLIMIT_FSIZE, (1300, resource.RLIM_INFINITY))
for number in range(5):
    log.put([entry(number)])
    wait_for(lambda: not log.queued)
print(log.spooled, log.lost)
"""


def test_a_disk_that_is_full_is_counted_and_outlived(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, nowhere(), str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "3 2\n"
    assert "entries of the prediction log are lost" in done.stderr


def test_two_processes_share_a_database_file(opened: OpenLog, tmp_path: Path) -> None:
    logs = [opened(), opened()]
    for log in logs:
        log.start()
    for number in range(200):
        logs[number % 2].put([entry(number)])
    wait_for(lambda: sum(log.written for log in logs) == 200)
    assert ids(sqlite_at(tmp_path)) == expected(200)


def test_the_order_is_kept_through_an_outage(opened: OpenLog, cluster: Cluster) -> None:
    log = opened(cluster.url)
    log.start()
    for number in range(5):
        log.put([entry(number)])
        wait_for(lambda: log.queued == 0)
        if number == 1:
            wait_for(lambda: log.written == 2)
            cluster.stop()
        if number == 3:
            cluster.start()
    wait_for(lambda: log.written == 5)
    engine = open_database(cluster.url)
    with engine.connect() as connection:
        in_place = sa.select(predictions.c.prediction_id).order_by(sa.text("ctid"))
        assert list(connection.scalars(in_place)) == expected(5)
    engine.dispose()
