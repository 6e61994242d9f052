"""A real server for tests: a process of its own, on a free port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.machine import free_port

REQUEST = {
    "pickup_datetime": "2023-01-12T08:30:00",
    "pickup_zone": 1,
    "dropoff_zone": 5,
    "route_distance": 2.1,
}


@dataclass
class Server:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    url: str
    output: Path

    def client(self, key: str | None = None, **given: Any) -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, **given)

    def workers(self) -> list[int]:
        """Return the processes that answer, of a service that has several."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def serve(folder: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    """Run ``trip-duration serve`` in a folder until the block ends."""
    port, output = free_port(), folder / "server.log"
    scheme = "https" if "--tls-key" in arguments else "http"
    command = [sys.executable, "-m", "trip_duration", "serve", "--port", str(port), *arguments]
    settings = {f"TRIP_DURATION_SERVE_{name.upper()}": value for name, value in variables.items()}
    environment = {**os.environ, "TRIP_DURATION_SERVE_WATCH_SECONDS": "0.05", **settings}
    with output.open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    server = Server(process, f"{scheme}://127.0.0.1:{port}", output)
    try:
        wait_for(lambda: answers(server) or process.poll() is not None)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def answers(server: Server) -> bool:
    try:
        return httpx.get(f"{server.url}/health/live", verify=False).is_success  # noqa: S501 - own
    except httpx.TransportError:
        return False


def wait_for(what: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.02)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    made += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    return certificate, key
