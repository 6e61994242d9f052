"""What a service leans on goes away under it: Redis, the disk, the collector of traces."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.machine import do_without, free_port
from tests.serving.load import load_on
from tests.serving.running import REQUEST, Server, serve, wait_for
from trip_duration.cli import cli


def figure(server: Server, name: str, key: str | None = None) -> float:
    with server.client(key) as client:
        text = client.get("/metrics").text
    found = re.search(rf"^trip_duration_{name} (\S+)$", text, re.M)
    assert found is not None, text
    return float(found[1])


@dataclass
class Redis:
    """A Redis of one test's own."""

    folder: Path
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        bound = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        command = ["redis-server", *bound, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(lambda: self.process.poll() is None and self._listens(), 20)

    def _listens(self) -> bool:
        return f":{self.port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        do_without("redis-server is missing")
    made = Redis(tmp_path)
    made.start()
    yield made
    made.end()


def make_key(file: Path, *more: str) -> str:
    made = CliRunner().invoke(cli, ["keys", "--file", str(file), "create", "one", *more])
    assert made.exit_code == 0, made.output
    return made.output.strip()


@pytest.mark.redis
def test_processes_count_together_in_redis_and_go_on_without_it(
    redis: Redis, models: Path, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "keys.json")
    admin = make_key(tmp_path / "keys.json", "--scope", "admin")
    model = ("--model", str(models / "first"), "--keys", str(tmp_path / "keys.json"), "--no-log")
    limit = {"rate_limit": "30/hour", "rate_storage": f"redis://127.0.0.1:{redis.port}/0"}
    with serve(tmp_path, *model, "--workers", "2", **limit) as server:

        def ask() -> int:
            # each time another connection, which either process may take
            with server.client(key) as client:
                return client.post("/v1/predict", json=REQUEST).status_code

        assert [ask() for _ in range(40)] == [200] * 30 + [429] * 10
        # one that hangs is worse than one that is gone, which comes second
        for fault in (signal.SIGSTOP, signal.SIGKILL):
            redis.process.send_signal(fault)
            began = time.monotonic()
            assert {ask() for _ in range(60)} == {200}
            assert time.monotonic() - began < 20
        assert figure(server, "uncounted_total", admin) >= 100
        assert "nobody is limited" in server.output.read_text()
        redis.end()
        redis.start()
        wait_for(lambda: ask() == 429, 20)
        assert server.end() == 0


class BoundedFiles:
    """No file of the service may grow further: a full disk to it, and needs no rights."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder

    def fill(self) -> None:
        # that of the service's own output included
        found = (path for path in self.folder.rglob("*") if path.is_file())
        self._limit(max(path.stat().st_size for path in found))

    def clear(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, most: int) -> None:
        pid = self.server.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


class SmallDisk:
    """The spool lies on a file system of its own, and something else takes all its room."""

    def __init__(self, _: Server, folder: Path) -> None:
        self.other = folder / "spool/other"

    def fill(self) -> None:
        with suppress(OSError), self.other.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))

    def clear(self) -> None:
        self.other.unlink()


@pytest.fixture
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "spool"
    folder.mkdir()
    if request.node.callspec.params["disk"] is BoundedFiles:
        yield folder
        return
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("disk", [BoundedFiles, SmallDisk])
def test_a_full_disk_costs_the_log_and_no_answer(
    models: Path, tmp_path: Path, disk: type[BoundedFiles | SmallDisk], spool: Path
) -> None:
    place = {"log_url": f"postgresql://trip@127.0.0.1:{free_port()}/none", "log_spool": str(spool)}
    with serve(tmp_path, "--model", str(models / "first"), "--no-auth", **place) as server:
        room = disk(server, tmp_path)
        with load_on(server, 2) as load:
            load.asks(10)
            wait_for(lambda: figure(server, "log_spooled") > 0)
            room.fill()
            load.asks(100)
            wait_for(lambda: figure(server, "log_lost") > 0)
            room.clear()
            spooled = figure(server, "log_spooled")
            load.asks(100)
            wait_for(lambda: figure(server, "log_spooled") > spooled)

        def kept() -> float:
            return figure(server, "log_spooled") + figure(server, "log_lost")

        # each answer is either on disk or counted
        wait_for(lambda: kept() == len(load.answers))
        lost = figure(server, "log_lost")
        assert server.end() == 0
    assert (load.statuses(), load.broken) == ({200}, 0)
    lines = sum(path.read_bytes().count(b"\n") for path in spool.glob("*.jsonl"))
    assert 0 < lines == len(load.answers) - lost


@dataclass
class Collector:
    """Takes traces as OpenTelemetry sends them."""

    url: str
    bodies: list[bytes] = field(default_factory=list)

    def has(self, *words: bytes) -> bool:
        return all(any(word in body for body in self.bodies) for word in words)


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                it.bodies.append(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield it
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_traces_of_all_requests_reach_the_collector(
    workers: str, collector: Collector, models: Path, tmp_path: Path
) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log", "--workers", workers)
    with serve(tmp_path, *arguments, telemetry=collector.url) as server:
        for path in ("predict", "explain"):
            assert httpx.post(f"{server.url}/v1/{path}", json=REQUEST).is_success
        assert httpx.get(f"{server.url}/v1/model").is_success
        # what has not been sent yet is sent at the end
        assert server.end() == 0
    assert collector.has(b"trip-duration", b"/v1/predict", b"/v1/explain", b"/v1/model")


def test_a_collector_that_is_away_holds_nothing_up(models: Path, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/v1/traces"
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, telemetry=nowhere, shutdown_seconds="2") as server:
        with load_on(server, 2) as load:
            load.asks(50)
        assert (load.statuses(), load.broken) == ({200}, 0)
        began = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - began < 10
