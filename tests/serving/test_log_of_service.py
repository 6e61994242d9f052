"""The log of a service that runs: a database that goes away under load costs no answer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from tests.cluster import Cluster, running_cluster
from tests.serving.entries import ids, sqlite_at
from tests.serving.running import REQUEST, Server, serve, wait_for


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


class Caller(threading.Thread):
    """Asks one question after the other and keeps the ids of the answers."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.answered: list[str] = []
        self.statuses: set[int] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        with self.server.client() as client:
            while not self.enough.is_set():
                answer = client.post("/v1/predict", json=REQUEST)
                self.statuses.add(answer.status_code)
                self.answered.append(answer.json()["prediction_id"])

    def asks(self, more: int) -> None:
        before = len(self.answered)
        wait_for(lambda: len(self.answered) >= before + more)


@pytest.mark.postgres
def test_no_answer_is_lost_while_postgresql_stops_and_starts(
    cluster: Cluster, models: Path, tmp_path: Path
) -> None:
    place = {"log_url": cluster.url, "log_spool": str(tmp_path / "spool")}
    with serve(tmp_path, "--model", str(models / "first"), "--no-auth", **place) as server:
        caller = Caller(server)
        caller.start()
        wait_for(lambda: len(logged(cluster.url)) > 20)
        cluster.stop()
        caller.asks(100)
        wait_for(lambda: [*(tmp_path / "spool").glob("*.jsonl")] != [])
        cluster.start()
        caller.asks(100)
        caller.enough.set()
        caller.join()
        wait_for(lambda: len(logged(cluster.url)) == len(caller.answered))
        assert server.end() == 0
    assert caller.statuses == {200}
    assert ids(cluster.url) == sorted(caller.answered)
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.postgres
def test_what_a_killed_service_has_spooled_is_logged_by_the_next(
    cluster: Cluster, models: Path, tmp_path: Path
) -> None:
    cluster.stop()
    place = {"log_url": cluster.url, "log_spool": str(tmp_path / "spool")}
    arguments = ("--model", str(models / "first"), "--no-auth")
    with serve(tmp_path, *arguments, **place) as server, server.client() as client:
        answers = [client.post("/v1/predict", json=REQUEST).json() for _ in range(30)]
        answered = sorted(answer["prediction_id"] for answer in answers)
        wait_for(lambda: spooled(tmp_path / "spool") == 30)
        server.end(signal.SIGKILL)
    cluster.start()
    with serve(tmp_path, *arguments, **place) as server:
        wait_for(lambda: [*(tmp_path / "spool").iterdir()] == [])
        assert server.end() == 0
    assert ids(cluster.url) == answered


def logged(url: str) -> list[str]:
    try:
        return ids(url)
    except DBAPIError:  # its tables are not made yet
        return []


def spooled(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))


@contextmanager
def hangups(way: signal.Handlers) -> Iterator[None]:
    """What a service inherits: nohup, for one, has a closed terminal ignored."""
    before = signal.signal(signal.SIGHUP, way)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_its_end_writes_what_was_just_answered(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    workers: int,
) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    monkeypatch.setenv("TMPDIR", str(figures))
    place = {"log_url": sqlite_at(tmp_path), "workers": str(workers)}
    arguments = ("--model", str(models / "first"), "--no-auth")
    with hangups(signal.SIG_DFL), serve(tmp_path, *arguments, **place) as server:
        with server.client() as client:
            answers = [client.post("/v1/predict", json=REQUEST).json() for _ in range(25)]
        # a terminal that is closed tells all that run in it
        if number == signal.SIGHUP and workers > 1:
            for worker in server.workers():
                os.kill(worker, number)
        assert server.end(number) == 0
    assert ids(sqlite_at(tmp_path)) == sorted(answer["prediction_id"] for answer in answers)
    assert list(figures.iterdir()) == []


def test_one_that_is_to_outlive_its_terminal_does(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    with hangups(signal.SIG_IGN), serve(tmp_path, *arguments) as server:
        status = Path(f"/proc/{server.process.pid}/status").read_text().split()
        ignored = int(status[status.index("SigIgn:") + 1], 16)
        assert ignored >> (signal.SIGHUP - 1) & 1
