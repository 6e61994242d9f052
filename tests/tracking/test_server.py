"""A run that is tracked by a real server, whose address has a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.benchmarks.servers import run_server
from tests.machine import free_port

NODES = "train_baseline,train_predictor"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Host and port of `mlflow server`."""
    host = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", host.partition(":")[2]]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db"]
    command += ["--artifacts-destination", str(tmp_path / "artifacts")]
    with run_server(command, tmp_path, f"http://{host}/health"):
        yield host


def test_the_password_of_a_server_is_printed_nowhere(
    server: str, with_data: Callable[[], Path]
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    clean["MLFLOW_TRACKING_URI"] = f"http://bob:s3cr3t@{server}"
    command = [sys.executable, "-m", "kedro", "run", "--env", "test", "--nodes", NODES]
    done = subprocess.run(
        command, cwd=with_data(), env=clean, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "s3cr3t" not in said
    assert f"http://***@{server}/#/experiments/" in " ".join(said.split())
