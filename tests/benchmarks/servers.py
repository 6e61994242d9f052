"""Servers to measure: processes of their own on free ports, ended when their block ends."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.measure import NOT_INHERITED
from tests.benchmarks.projects import ROOT
from tests.machine import free_port

LOG = "server.log"
PATIENCE = 120.0
_PAUSE = 0.005
# servers of tests sign their own
_ANY_CERTIFICATE = ssl._create_unverified_context()  # noqa: S323 - of this machine
_SETTINGS = ("TRIP_DURATION_", *NOT_INHERITED)

Command = list[str | Path]


@contextmanager
def run_server(command: Command, folder: Path, ready: str, **variables: str) -> Iterator[float]:
    """Run a server in a folder; what is yielded are the seconds until it said that it is ready.

    Args:
        command: What starts it.
        folder: Where it runs and its output goes.
        ready: Address that answers 200 from then on.
        **variables: Of its environment, beside those that say nothing to our own programs.

    Raises:
        RuntimeError: With the end of its output, if it ends or is never ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS)}
    with (folder / LOG).open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env={**inherited, **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(process, ready, folder / LOG)
            yield time.perf_counter() - start
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not _answers(ready):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{ready} does not answer:\n{log.read_text()[-3000:]}")
        time.sleep(_PAUSE)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=_ANY_CERTIFICATE) as response:  # noqa: S310 - of this machine
            return bool(response.status == 200)
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        process.wait()


@contextmanager
def our_server(predictor: Path, folder: Path, **variables: str) -> Iterator[tuple[str, float]]:
    """One worker of our service as it is by default, without keys: address, seconds to ready."""
    port = free_port()
    command: Command = [sys.executable, "-m", "trip_duration", "serve", "--no-auth"]
    command += ["--model", predictor, "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    variables["TRIP_DURATION_SERVE_LOG_URL"] = f"sqlite:///{folder}/predictions.db"
    with run_server(command, folder, f"{url}/health/ready", **variables) as seconds:
        yield url, seconds


@contextmanager
def empty_server(folder: Path) -> Iterator[str]:
    """An endpoint that reads the same request and answers nothing."""
    port = free_port()
    command: Command = [sys.executable, "-m", "tests.benchmarks.empty_endpoint", str(port)]
    url = f"http://127.0.0.1:{port}"
    with run_server(command, folder, f"{url}/health", PYTHONPATH=str(ROOT)):
        yield url


@contextmanager
def mlflow_server(model: str, tracking: str, folder: Path) -> Iterator[str]:
    """``mlflow models serve`` of a registered model."""
    port = free_port()
    command: Command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"MLFLOW_TRACKING_URI": tracking, "PATH": path}
    with run_server(command, folder, f"{url}/ping", **variables):
        yield url
