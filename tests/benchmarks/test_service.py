"""The service's benchmarks measure what they say. Nothing here is timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.benchmarks import load, ready, service, table
from tests.benchmarks.load import Load
from tests.benchmarks.measure import Row
from tests.benchmarks.projects import Project, Workshop
from tests.benchmarks.servers import run_server
from tests.machine import do_without


@pytest.fixture
def wrk() -> None:
    if not load.has_wrk():
        do_without(load.MISSING)


@pytest.fixture
def shop(finished_run: Path, tmp_path: Path) -> Workshop:
    shop = Workshop(tmp_path, quick=True)
    shop.__dict__["trained"] = Project(finished_run)
    return shop


@contextmanager
def refusing_every(number: int, seen: list[bytes]) -> Iterator[str]:
    """A server that answers 500 to every so-many-th request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200 if len(seen) % number else 500)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.usefixtures("wrk")
def test_load_sends_all_bodies_and_counts_errors(tmp_path: Path) -> None:
    requests, seen = load.draw_requests(50), list[bytes]()
    bodies = load.write_bodies(requests, tmp_path / "bodies")
    with refusing_every(10, seen) as url:
        found = load.put_load(url, bodies, 1)
    assert {json.dumps(request).encode() for request in requests} == set(seen)
    # what was on its way at the end was answered, but not waited for
    on_the_way = load.CONNECTIONS
    assert 0 <= len(seen) - found.requests <= on_the_way
    assert 0 <= len(seen) // 10 - found.errors <= on_the_way
    assert 0 < found.p50_ms <= found.p99_ms


def test_requests_differ_and_half_of_them_have_a_distance() -> None:
    requests = load.draw_requests()
    assert len({json.dumps(request) for request in requests}) == len(requests)
    assert sum(request["route_distance"] is None for request in requests) == len(requests) / 2
    assert load.draw_requests() == requests


@pytest.mark.usefixtures("wrk")
def test_service_is_measured(shop: Workshop) -> None:
    report = service.bench_service(shop)
    assert [row.asked for row in report.rows] == [8, 0.3, 4, None, 0]
    assert all(row.ratio is None or row.ratio > 0 for row in report.rows)
    assert report.rows[-1].judged == 0


def test_without_wrk_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = service.bench_service(Workshop(tmp_path))
    assert (report.rows, report.remarks) == ([], [load.MISSING])


def test_start_is_measured(shop: Workshop) -> None:
    (row,) = ready.bench_ready(shop).rows
    assert row.judged is not None
    assert row.judged > 0
    assert table.cells(row)[4] == "<= 3 s"


def loads(*rates: int, errors: int = 0) -> list[Load]:
    return [Load(rate * 2, 2.0, errors, 2.0, 6.0) for rate in rates]


def test_rows_say_what_was_seen() -> None:
    found = {"ours": loads(90, 100, 300, errors=1), "empty": loads(400), "mlflow": loads(20)}
    mlflow, empty, latency, _, errors = service.describe(found)
    assert (mlflow.ratio, mlflow.verdict) == (5, "not")
    assert (empty.ratio, empty.verdict) == (0.25, "not")
    assert (latency.ratio, latency.verdict) == (3, "ok")
    assert (errors.what, errors.ours, errors.verdict) == ("errors in 980 requests", "3", "not")


def test_bounds_are_judged_from_their_side() -> None:
    assert Row("", "", "", 0.3, 0.3, at_least=True).verdict == "ok"
    assert Row("", "", "", 0.29, 0.3, at_least=True).verdict == "not"
    assert Row("", "", "", 0.29, 0.3).verdict == "ok"
    assert Row("", "", "", 1.0, 3.0, judged=3.1).verdict == "not"
    assert table.cells(Row("", "", "", 0.29, 0.3, at_least=True))[4] == ">= 0.3"


def test_errors_of_the_others_are_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "put_load", lambda url, *_: Load(10, 1.0, int(url), 1.0, 1.0))
    sides = {name: service.Asked(url, Path(), 1) for name, url in (("ours", "1"), ("empty", "0"))}
    assert len(service.put_loads(sides, 3)["ours"]) == 3
    with pytest.raises(AssertionError, match="'empty': 6"):
        service.put_loads({**sides, "empty": service.Asked("2", Path(), 1)}, 3)


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", "import sys; sys.exit('no such model')"]
    with (
        pytest.raises(RuntimeError, match="no such model"),
        run_server(command, tmp_path, "http://127.0.0.1:1/"),
    ):
        pass
