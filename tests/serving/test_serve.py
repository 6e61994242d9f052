"""The command: how it ends, several processes, TLS, and what it never imports."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, inspect, text

from tests.serving.running import REQUEST, Server, make_certificate, serve, wait_for
from trip_duration.serving.settings import PREFIX

HEAVY = {
    *("kedro", "kedro_mlflow", "kedro_viz", "mlflow", "mapie", "optuna", "holidays", "geopandas"),
    *("pandas", "pyarrow", "sklearn", "skops", "xgboost", "matplotlib", "plotly"),
}


def test_a_service_that_answers_has_imported_nothing_heavy(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    arguments = ("--model", str(models / "first"), "--no-auth")
    with serve(tmp_path, *arguments) as server:
        with server.client() as client:
            for path in ("predict", "explain"):
                assert client.post(f"/v1/{path}", json=REQUEST).is_success
            assert client.get("/v1/model").is_success
            assert client.get("/metrics").is_success
        assert server.end() == 0
    # an import that was tried in vain is listed as well, but nothing of the package is
    imported = set(re.findall(r"\| +(\w+)\.", server.output.read_text()))
    assert imported >= {"fastapi", "lightgbm", "numpy", "sqlalchemy"}
    assert imported & HEAVY == set()


def test_at_sigterm_what_runs_is_finished(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth")
    answers: list[Any] = []
    with serve(tmp_path, *arguments) as server:

        def ask() -> None:
            with server.client() as client:
                body = {"records": [REQUEST] * 9_000}
                answers.append(client.post("/v1/predict/batch", json=body))

        caller = threading.Thread(target=ask)
        caller.start()
        time.sleep(0.1)
        assert server.end() == 0
        caller.join()
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url)
        log = server.output.read_text()
    assert answers[0].status_code == 200
    assert len(answers[0].json()["predictions"]) == 9_000
    assert "Application shutdown complete" in log
    assert logged(tmp_path) == 9_000


def test_what_is_not_finished_at_the_end_is_told_and_counted(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n"
    with serve(tmp_path, *arguments, shutdown_seconds="1", request_seconds="60") as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as caller:
            caller.sendall(head + b"{")
            # those that come after it are answered: it has been taken
            assert httpx.get(f"{server.url}/health/live").is_success
            assert server.end() == 0
            said = caller.recv(4_096)
        log = server.output.read_text()
    assert said.startswith(b"HTTP/1.1 503")
    assert "Traceback" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["status"] for line in lines if line.get("path") == "/v1/predict"] == [503]


def logged(folder: Path) -> int:
    engine = create_engine(f"sqlite:///{folder / 'data/service.db'}")
    table = next(name for name in inspect(engine).get_table_names() if name == "predictions")
    with engine.connect() as connection:
        count: int = connection.execute(text(f"select count(*) from {table}")).scalar_one()  # noqa: S608 - own name
    return count


def test_several_processes_answer_count_together_and_replace_each_other(
    models: Path, tmp_path: Path
) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log", "--workers", "2")
    with serve(tmp_path, *arguments) as server:
        for _ in range(20):
            assert httpx.post(f"{server.url}/v1/predict", json=REQUEST).is_success
        counted = 'trip_duration_requests_total{endpoint="/v1/predict",status="200"} 20.0'
        assert counted in httpx.get(f"{server.url}/metrics").text
        workers = server.workers()
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - {workers[0]}) == 2, 5)
        # what it has counted is not lost with it
        assert counted in httpx.get(f"{server.url}/metrics").text
        assert httpx.post(f"{server.url}/v1/predict", json=REQUEST).is_success
        assert server.end() == 0


def test_a_process_that_falls_silent_is_replaced(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log", "--workers", "2")
    with serve(tmp_path, *arguments, load_seconds="0.1") as server:
        frozen, _ = server.workers()
        os.kill(frozen, signal.SIGSTOP)
        wait_for(lambda: len(set(server.workers()) - {frozen}) == 2, 60)
        assert f"process {frozen} is silent" in server.output.read_text()


def test_processes_end_with_their_parent(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log", "--workers", "2")
    with serve(tmp_path, *arguments) as server:
        workers = server.workers()
        server.end(signal.SIGKILL)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 10)


def test_a_port_that_is_taken_is_told(models: Path, running: Server) -> None:
    arguments = ["--model", str(models / "first"), "--no-auth", "--no-log", "--workers", "2"]
    port = running.url.rpartition(":")[2]
    command = [sys.executable, "-m", "trip_duration", "serve", *arguments, "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use" in ended.stderr


def test_tls_is_spoken_by_certificate_files(models: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "own")
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    tls = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with serve(tmp_path, *arguments, *tls) as server, server.client(verify=False) as client:
        answer = client.post("/v1/predict", json=REQUEST)
    assert answer.is_success
    assert "max-age" in answer.headers["strict-transport-security"]


WITHOUT_TRACES = """
import sys
sys.modules["opentelemetry.instrumentation.fastapi"] = None
from trip_duration.__main__ import main
main()
"""


def test_traces_without_their_libraries_are_refused(models: Path) -> None:
    arguments = ("serve", "--model", str(models / "first"), "--no-auth", "--no-log")
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRACES, *arguments],
        env={**os.environ, f"{PREFIX}TELEMETRY": "http://127.0.0.1:1/v1/traces"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "trip-duration[telemetry]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_interrupt_ends_it_as_well(models: Path, tmp_path: Path) -> None:
    arguments = ("--model", str(models / "first"), "--no-auth", "--no-log")
    with serve(tmp_path, *arguments) as server:
        server.end(signal.SIGINT)
        assert "Traceback" not in server.output.read_text()
