"""A model is swapped without dropping a request; a broken one is refused; none is stood in for."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.running import REQUEST, Server, serve, wait_for
from trip_duration.models import Predictor
from trip_duration.serving.sources import FolderSource


def point(link: Path, to: Path) -> None:
    """Let a link point elsewhere, in one step."""
    beside = link.with_name(f"{link.name}.new")
    beside.symlink_to(to)
    beside.replace(link)


def name(server: Server) -> Any:
    with server.client() as client:
        return client.post("/v1/predict", json=REQUEST).json()["model"]


def ready(server: Server) -> httpx.Response:
    with server.client() as client:
        return client.get("/health/ready")


def health(server: Server) -> tuple[int, Any]:
    with server.client() as client:
        said = client.get("/health")
    return said.status_code, said.json()


def events(server: Server, event: str) -> float:
    return figure(server, f'model_events_total{{event="{event}"}}')


def figure(server: Server, name: str) -> float:
    wanted = f"trip_duration_{name}"
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(wanted))


def test_a_swap_under_requests_fails_none_and_never_mixes(models: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(models / "first")
    hashes = {n: Predictor.load(models / n).sha256 for n in ("first", "second")}
    seen: Counter[tuple[int, str, float]] = Counter()
    stop = threading.Event()

    def ask(server: Server) -> None:
        with server.client() as client:
            while not stop.is_set():
                response = client.post("/v1/predict", json=REQUEST)
                said = response.json()
                seen[response.status_code, said["model"]["sha256"], said["duration_minutes"]] += 1

    with serve(tmp_path, "--model", str(link), "--no-auth", "--no-log") as server:
        callers = [threading.Thread(target=ask, args=(server,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for turn in ("second", "first", "second"):
            point(link, models / turn)
            wait_for(lambda turn=turn: name(server)["sha256"] == hashes[turn])
        stop.set()
        for caller in callers:
            caller.join()
    assert {status for status, _, _ in seen} == {200}
    # each model has one answer to this request: two would be a mixture
    assert {sha256 for _, sha256, _ in seen} == set(hashes.values())
    assert len(seen) == 2


@pytest.mark.parametrize("damage", ["cut", "alter", "remove"])
def test_a_broken_model_is_refused_and_the_old_one_kept(
    models: Path, tmp_path: Path, damage: str
) -> None:
    broken, link = tmp_path / "broken", tmp_path / "current"
    shutil.copytree(models / "second", broken)
    victim = broken / "lightgbm.txt"
    content = victim.read_bytes()
    if damage == "remove":
        victim.unlink()
    else:
        victim.write_bytes(content[:-99] if damage == "cut" else content.replace(b"1", b"2", 1))
    link.symlink_to(models / "first")
    with serve(tmp_path, "--model", str(link), "--no-auth", "--no-log") as server:
        before = name(server)
        point(link, broken)
        wait_for(lambda: events(server, "refused") >= 1)
        assert name(server) == before
        assert ready(server).status_code == 200
        # mended in its place, it is taken
        shutil.copy(models / "second/lightgbm.txt", victim)
        wait_for(lambda: name(server) != before)
        log = server.output.read_text()
    assert "lightgbm.txt" in log
    assert '"action":"model_refused"' in log


def test_the_lookup_table_stands_in_until_there_is_a_model(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "baseline", tmp_path / "baseline")
    model = tmp_path / "predictor"
    with serve(tmp_path, "--model", str(model), "--no-auth", "--no-log") as server:
        assert name(server)["fallback"]
        said = ready(server)
        assert (said.status_code, said.json()["model"]["fallback"]) == (503, True)
        version = said.json()["model"]["version"]
        expected = {"status": "degraded", "model_loaded": False, "version": version}
        assert health(server) == (503, expected)
        with server.client() as client:
            answer = client.post("/v1/predict", json=REQUEST).json()
            assert answer["interval"] is None
            assert client.post("/v1/explain", json=REQUEST).status_code == 200
            rows = {"columns": {k: [v] for k, v in REQUEST.items()}}
            batch = client.post("/v1/predict/batch", json=rows).json()
            assert batch["columns"]["lower"] == [None]
        shutil.copytree(models / "first", model)
        wait_for(lambda: not name(server)["fallback"])
        assert ready(server).status_code == 200
        assert health(server)[0] == 200


def test_the_lookup_table_counts_as_ready_where_it_may(models: Path, tmp_path: Path) -> None:
    fallback = ("--fallback", str(models / "baseline"))
    arguments = ("--model", str(tmp_path / "predictor"), *fallback, "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, ready_on_fallback="true") as server:
        assert ready(server).status_code == 200
        code, said = health(server)
    assert (code, said["status"], said["model_loaded"]) == (200, "degraded", False)


def test_a_model_that_is_taken_away_goes_on(models: Path, tmp_path: Path) -> None:
    model = tmp_path / "predictor"
    shutil.copytree(models / "first", model)
    with serve(tmp_path, "--model", str(model), "--no-auth", "--no-log") as server:
        before = name(server)
        shutil.rmtree(model)
        wait_for(lambda: events(server, "source_away") + events(server, "refused") >= 1)
        assert name(server) == before


def test_a_source_is_not_away_for_ever_if_a_process_dies_meanwhile(
    models: Path, tmp_path: Path
) -> None:
    model, elsewhere = tmp_path / "predictor", tmp_path / "elsewhere"
    shutil.copytree(models / "first", model)
    arguments = ("--model", str(model), "--no-auth", "--no-log", "--workers", "2")
    with serve(tmp_path, *arguments) as server:
        assert figure(server, "model_source_away") == 0
        model.rename(elsewhere)
        wait_for(lambda: events(server, "source_away") == 2)
        assert figure(server, "model_source_away") == 1
        os.kill(server.workers()[0], signal.SIGKILL)
        # by the one that takes its place
        wait_for(lambda: events(server, "source_away") == 3)
        # it has no model, whatever the other one has
        wait_for(lambda: figure(server, "without_model") == 1)
        elsewhere.rename(model)
        wait_for(lambda: figure(server, "model_source_away") == 0)
        wait_for(lambda: figure(server, "without_model") == 0)
        assert events(server, "source_back") == 2


@pytest.mark.parametrize("choice", [{"without_model": "refuse"}, {}])
def test_without_any_model_it_says_so(models: Path, tmp_path: Path, choice: dict[str, str]) -> None:
    if choice:
        shutil.copytree(models / "baseline", tmp_path / "baseline")
    arguments = ("--model", str(tmp_path / "predictor"), "--no-auth", "--no-log")
    with serve(tmp_path, *arguments, **choice) as server, server.client() as client:
        for path in ("/v1/predict", "/v1/explain"):
            said = client.post(path, json=REQUEST)
            assert (said.status_code, said.json()["type"]) == (
                503,
                "urn:trip-duration:problem:no-model",
            )
        assert client.get("/v1/model").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert health(server) == (
            503,
            {"status": "unavailable", "model_loaded": False, "version": None},
        )
        assert ready(server).json() == {
            "ready": False,
            "reason": "no model could be loaded",
            "model": None,
        }


def test_a_model_is_shown_with_its_own_metrics_alone(models: Path, tmp_path: Path) -> None:
    link, reports = tmp_path / "06_models/predictor", tmp_path / "08_reporting"
    link.parent.mkdir()
    reports.mkdir()
    link.symlink_to(models / "first")
    hashes = {n: Predictor.load(models / n).sha256 for n in ("first", "second")}

    def measure(file: str, **content: Any) -> None:
        (reports / file).write_text(json.dumps(content))

    def shown(sha256: str, metrics: dict[str, int] | None) -> bool:
        with server.client() as client:
            said = client.get("/v1/model").json()
        return (said["sha256"], said["metrics"]) == (sha256, metrics)

    with serve(tmp_path, "--model", str(link), "--no-auth", "--no-log") as server:
        assert shown(hashes["first"], None)
        # a run writes them after the model, in either order
        measure("run_facts.json", sha256=hashes["first"])
        measure("metrics.json", mae=1)
        wait_for(lambda: shown(hashes["first"], {"mae": 1}))
        point(link, models / "second")
        wait_for(lambda: shown(hashes["second"], None))
        measure("metrics.json", mae=2)
        measure("run_facts.json", sha256=hashes["second"])
        wait_for(lambda: shown(hashes["second"], {"mae": 2}))
        point(link, models / "first")
        wait_for(lambda: shown(hashes["first"], None))
        # metrics alone make no other model
        assert events(server, "loaded") == 3


@pytest.mark.parametrize("content", ["{", "[1]", '{"other": 1}'])
def test_metrics_that_tell_nothing_hold_no_model_up(
    models: Path, tmp_path: Path, content: str
) -> None:
    model, reports = tmp_path / "06_models/predictor", tmp_path / "08_reporting"
    shutil.copytree(models / "first", model)
    reports.mkdir()
    (reports / "metrics.json").write_text("{}")
    (reports / "run_facts.json").write_text(content)
    assert FolderSource(model, reports).load().metrics is None


def test_metrics_older_than_the_model_are_of_another(models: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    facts = {"sha256": Predictor.load(models / "first").sha256}
    (tmp_path / "run_facts.json").write_text(json.dumps(facts))
    source = FolderSource(models / "first", tmp_path)
    assert source.load().metrics == {}
    os.utime(tmp_path / "metrics.json", (0, 0))
    assert source.load().metrics is None


def test_a_folder_that_cannot_be_searched_is_a_source_that_is_away(
    models: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    # a name too long fails for root as well
    link.symlink_to("x" * 300)
    with serve(tmp_path, "--model", str(link / "first"), "--no-auth", "--no-log") as server:
        assert ready(server).json()["reason"] == "no model could be loaded"
        point(link, models)
        wait_for(lambda: ready(server).is_success)
        log = server.output.read_text()
    assert "the lookup table cannot stand in for a model" in log
    assert "model_source_away" in log


def test_a_registry_that_is_away_holds_nothing_up(models: Path, tmp_path: Path) -> None:
    gone = f"sqlite:///{tmp_path / 'nowhere.db'}"
    arguments = ("--registry", gone, "--fallback", str(models / "baseline"), "--no-auth")
    with serve(tmp_path, *arguments, "--no-log", load_seconds="0.5") as server:
        assert name(server)["fallback"]
        wait_for(lambda: events(server, "source_away") == 1)
    assert not (tmp_path / "nowhere.db").exists()
