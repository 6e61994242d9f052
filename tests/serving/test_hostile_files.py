"""Pipes, endless files and file systems that hang, in the place of what the service reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.serving.running import REQUEST, serve, wait_for
from tests.serving.test_keys import command, status, told
from tests.serving.test_model_swap import events, name, point, ready
from trip_duration.cli import cli
from trip_duration.errors import ParameterError
from trip_duration.models import Predictor
from trip_duration.serving.keys import Keys
from trip_duration.serving.sources import FolderSource

QUIET = ("--no-auth", "--no-log")


@pytest.mark.parametrize("victim", ["lightgbm.txt", "manifest.json"])
def test_a_pipe_in_a_model_is_refused_and_the_next_model_taken(
    models: Path, tmp_path: Path, victim: str
) -> None:
    hostile, link = tmp_path / "hostile", tmp_path / "model"
    shutil.copytree(models / "second", hostile)
    size = (hostile / victim).stat().st_size
    (hostile / victim).unlink()
    os.mkfifo(hostile / victim)
    link.symlink_to(models / "first")
    with serve(tmp_path, "--model", str(link), *QUIET) as server:
        first = name(server)
        point(link, hostile)
        wait_for(lambda: events(server, "refused") == 1)
        assert name(server) == first
        # nor is a file without an end read
        (hostile / victim).unlink()
        with (hostile / victim).open("wb") as file:
            file.truncate(size + 2**40)
        wait_for(lambda: events(server, "refused") == 2)
        point(link, models / "second")
        wait_for(lambda: name(server) != first)
        assert server.end() == 0
    assert victim in server.output.read_text()


def test_a_pipe_in_place_of_metrics_keeps_no_model_away(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "first", tmp_path / "model")
    os.mkfifo(tmp_path / "metrics.json")
    (tmp_path / "run_facts.json").write_text("{}")
    assert FolderSource(tmp_path / "model", tmp_path).load().metrics is None


def test_a_pipe_in_place_of_the_keys_is_told(models: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "keys.json"
    os.mkfifo(pipe)
    ended = CliRunner().invoke(
        cli, ["serve", "--model", str(models / "first"), "--keys", str(pipe), "--no-log"]
    )
    assert ended.exit_code == 1
    assert ended.output.startswith(f"Error: {pipe}: the keys cannot be read: expected a regular")
    pipe.unlink()
    with pipe.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ParameterError, match="expected at most 4194304 bytes"):
        Keys(pipe)


def test_a_pipe_in_place_of_a_certificate_is_told(models: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "chain.pem"
    os.mkfifo(pipe)
    tls = ("--tls-certificate", str(pipe), "--tls-key", str(pipe))
    ended = CliRunner().invoke(cli, ["serve", "--model", str(models / "first"), "--no-auth", *tls])
    assert (ended.exit_code, "expected a regular file" in ended.output) == (1, True)


def test_keys_outlive_a_pipe_in_their_place(models: Path, tmp_path: Path) -> None:
    path, pipe = tmp_path / "keys.json", tmp_path / "pipe"
    key = command(path, "create", "one")
    os.mkfifo(pipe)
    arguments = ("--model", str(models / "first"), "--keys", str(path), "--no-log")
    with serve(tmp_path, *arguments) as server:
        assert status(server, key) == 200
        kept = path.read_bytes()
        pipe.replace(path)
        wait_for(lambda: "expected a regular file" in told(server, key), 20)
        assert status(server, key) == 200
        path.unlink()
        path.write_bytes(kept)
        other = command(path, "create", "other")
        wait_for(lambda: status(server, other) == 200, 20)
        assert server.end() == 0


# calls that touch the folder wait while the flag is there, as they do on a network that is away
HANGING = """
import builtins, os, time

folder, flag = {folder!r}, {flag!r}
real = {{name: getattr(os, name) for name in ("stat", "open", "listdir", "scandir", "readlink")}}

def hang(name):
    def call(path, *given, **named):
        while isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(folder):
            try:
                real["stat"](flag)
            except OSError:
                break
            time.sleep(0.02)
        return real[name](path, *given, **named)
    return call

for name in real:
    setattr(os, name, hang(name))
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that hangs, for services started from now on, while the file ``away`` exists."""
    code = tmp_path / "code"
    code.mkdir()
    folder = tmp_path / "network"
    folder.mkdir()
    content = HANGING.format(folder=str(folder), flag=str(tmp_path / "away"))
    (code / "sitecustomize.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(code))
    yield folder
    (tmp_path / "away").unlink(missing_ok=True)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_system_that_hangs_holds_up_neither_answers_nor_the_end(
    models: Path, network: Path, tmp_path: Path, workers: str
) -> None:
    Predictor.load(models / "first").save(network / "model")
    key = command(network / "keys.json", "create", "one")
    (network / "zones.geojson").write_text('{"type": "FeatureCollection", "features": [{}]}')
    paths = {"model": "model", "keys": "keys.json", "zones": "zones.geojson"}
    arguments = [word for way, file in paths.items() for word in (f"--{way}", str(network / file))]
    away = tmp_path / "away"
    with (
        serve(tmp_path, *arguments, "--no-log", "--workers", workers, load_seconds="1") as server,
        server.client(key) as client,
    ):
        wait_for(lambda: client.get("/health/ready").is_success)
        away.touch()
        log = server.output
        wait_for(lambda: log.read_text().count('"action":"model_source_away"') == int(workers))
        for _ in range(20):
            assert client.post("/v1/predict", json=REQUEST).status_code == 200
            assert client.get("/v1/zones").status_code == 200
        assert "was not read within 1 seconds" in log.read_text()
        away.unlink()
        wait_for(lambda: log.read_text().count('"action":"model_source_back"') == int(workers))
        away.touch()
        wait_for(lambda: log.read_text().count('"action":"model_source_away"') == 2 * int(workers))
        wait_for(lambda: "keys.json: not read within 10 seconds" in log.read_text(), 60)
        assert client.post("/v1/predict", json=REQUEST).status_code == 200
        assert server.end() == 0


def test_a_file_system_that_hangs_from_the_start_is_told(
    models: Path, network: Path, tmp_path: Path
) -> None:
    Predictor.load(models / "first").save(network / "model")
    (tmp_path / "away").touch()
    arguments = ("--model", str(network / "model"), *QUIET)
    with serve(tmp_path, *arguments, load_seconds="0.5") as server:
        with server.client() as client:
            assert client.get("/health/ready").status_code == 503
            assert client.post("/v1/predict", json=REQUEST).status_code == 503
        text = server.output.read_text()
        assert "No model could be loaded: it was not read within 0.5 seconds" in text
        (tmp_path / "away").unlink()
        wait_for(lambda: ready(server).is_success)
        (tmp_path / "away").touch()
        assert server.end() == 0
