"""From a prediction back to the raw months of a real run, and what is said when a hash is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner, Result

from tests.serving.entries import entry
from trip_duration.bundle import read_bundle
from trip_duration.cli import cli
from trip_duration.errors import RegistryError
from trip_duration.models import Predictor
from trip_duration.registry import Registry, Version
from trip_duration.registry.trace import Answer, Trace, trace_answer
from trip_duration.serving.database import insert, open_database, upgrade
from trip_duration.serving.entry import as_row

UNKNOWN_HASH = "0" * 64


@pytest.fixture
def project(with_registry: Callable[[], Path]) -> Path:
    """A copy of the finished project that may be spoilt, with artifacts of its own."""
    return with_registry()


@pytest.fixture
def registry(project: Path) -> Registry:
    return Registry(f"sqlite:///{project}/data/mlflow.db")


@pytest.fixture
def version(registry: Registry) -> Version:
    """The version that the run has registered."""
    return registry.get("challenger")


@pytest.fixture
def follow(project: Path, registry: Registry, version: Version) -> Callable[[], Trace]:
    answer = Answer("id-000000", version.number, version.sha256)
    return lambda: trace_answer(answer, registry, project / "data/01_raw")


def artifact(registry: Registry, version: Version, name: str) -> Path:
    """Return an artifact of the run, where it is stored."""
    client = mlflow.MlflowClient(registry.tracking_uri)
    return Path(client.get_run(version.run_id).info.artifact_uri.removeprefix("file://")) / name


def broken(trace: Trace) -> str:
    assert trace.broken is not None
    return trace.broken.name


def test_every_hash_of_a_real_run_holds(
    follow: Callable[[], Trace], project: Path, registry: Registry, version: Version
) -> None:
    trace = follow()
    assert trace.broken is None
    assert {link.holds for link in trace.links} == {True}
    assert (trace.version, trace.run_id) == (version.number, version.run_id)
    client = mlflow.MlflowClient(registry.tracking_uri)
    run = client.get_run(version.run_id)
    assert trace.parameters == run.data.params
    lock = artifact(registry, version, "requirements.lock").read_bytes()
    assert trace.lock == hashlib.sha256(lock).hexdigest()
    found = {link.name: link.found for link in trace.links}
    raw = json.loads((project / "data/01_raw/manifest.json").read_bytes())
    for record in raw["months"].values():
        path = project / "data/01_raw/trip-data" / record["file"].rpartition("/")[2]
        assert found[f"trip-data/{path.name}"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(name.startswith("misc/") for name in found) == len(raw["zones"])
    files = read_bundle(project / "data/06_models/predictor", "predictor").files
    assert {f"{name} of the predictor" for name in files} <= found.keys()
    assert found["files of the predictor"] == version.sha256


def test_months_that_are_not_there_are_said_not_to_be_at_hand(
    follow: Callable[[], Trace], project: Path
) -> None:
    shutil.rmtree(project / "data/01_raw/trip-data")
    trace = follow()
    assert trace.broken is None
    absent = [link for link in trace.links if link.holds is None]
    assert {link.found for link in absent} == {"not at hand"}
    assert all(link.name.startswith("trip-data/") for link in absent)


def test_a_month_in_whose_place_another_was_ingested_is_not_at_hand(
    follow: Callable[[], Trace], project: Path
) -> None:
    month = sorted((project / "data/01_raw/trip-data").glob("*.parquet"))[1]
    month.write_bytes(month.read_bytes() + b" ")
    sidecar = month.with_name(f"{month.name}.json")
    record = json.loads(sidecar.read_text())
    sha256 = hashlib.sha256(month.read_bytes()).hexdigest()
    sidecar.write_text(json.dumps({**record, "sha256": sha256}))
    trace = follow()
    assert trace.broken is None
    (link,) = [link for link in trace.links if link.name == f"trip-data/{month.name}"]
    assert (link.holds, sha256 in link.found) == (None, True)


def test_a_month_that_was_altered_is_named(follow: Callable[[], Trace], project: Path) -> None:
    month = sorted((project / "data/01_raw/trip-data").glob("*.parquet"))[1]
    month.write_bytes(month.read_bytes() + b" ")
    assert broken(follow()) == f"trip-data/{month.name}"


def test_a_predictor_that_was_altered_is_named(
    follow: Callable[[], Trace], registry: Registry, version: Version, project: Path
) -> None:
    (manifest,) = (project / "data/mlflow_artifacts").rglob("artifacts/predictor/manifest.json")
    largest = max(manifest.parent.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"!")
    trace = follow()
    assert broken(trace) == "files of the predictor"
    assert trace.broken is not None
    assert f"{largest.name} was altered" in trace.broken.found
    # a whole predictor, but another one
    other = Predictor.load(project / "data/06_models/predictor").with_intervals(None)
    shutil.rmtree(manifest.parent)
    other.save(manifest.parent)
    assert other.sha256 in (follow().broken or trace.broken).found


def test_a_run_manifest_that_was_altered_is_named(
    follow: Callable[[], Trace], registry: Registry, version: Version
) -> None:
    path = artifact(registry, version, "run_manifest.json")
    content = json.loads(path.read_bytes())
    first = sorted(content["raw"]["months"])[0]
    content["raw"]["months"][first]["sha256"] = UNKNOWN_HASH
    path.write_text(json.dumps(content))
    assert broken(follow()) == "digest of the raw files in run_manifest.json"
    content["parameters"]["modelling"]["seed"] = 7_654
    path.write_text(json.dumps(content))
    assert broken(follow()) == "modelling.seed in run_manifest.json"
    content["code"]["commit"] = "another"
    path.write_text(json.dumps(content))
    assert broken(follow()) == "commit in run_manifest.json"
    path.write_text("{")
    assert broken(follow()) == "run_manifest.json"


@pytest.mark.parametrize("which", ["modelling.seed", "%"], ids=["one", "all"])
def test_parameters_that_the_run_has_lost_are_named(
    follow: Callable[[], Trace], project: Path, version: Version, which: str
) -> None:
    database = sqlite3.connect(project / "data/mlflow.db")
    with database:
        statement = "DELETE FROM params WHERE run_uuid = ? AND key LIKE ?"
        assert database.execute(statement, (version.run_id, which)).rowcount > 0
    database.close()
    trace = follow()
    assert trace.broken is not None
    assert trace.broken.expected == "missing"
    first = "backtest." if which == "%" else which
    assert trace.broken.name.startswith(first)


def test_a_lock_that_was_altered_is_named(
    follow: Callable[[], Trace], registry: Registry, version: Version
) -> None:
    artifact(registry, version, "requirements.lock").write_text("numpy==1\n")
    assert broken(follow()) == "requirements.lock of the run"


def test_an_answer_of_another_model_is_named(registry: Registry, version: Version) -> None:
    trace = trace_answer(Answer("x", version.number, UNKNOWN_HASH), registry, Path("none"))
    assert broken(trace) == "registered version"


def test_a_version_is_found_by_its_hash_too(registry: Registry, version: Version) -> None:
    trace = trace_answer(Answer("x", "folder", version.sha256), registry, Path("none"))
    assert (trace.version, trace.broken) == (version.number, None)
    with pytest.raises(RegistryError, match="has neither"):
        trace_answer(Answer("x", "folder", UNKNOWN_HASH), registry, Path("none"))


@pytest.fixture
def command(
    project: Path, version: Version, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """The command in a folder of the project, whose log has one prediction of the version."""
    monkeypatch.chdir(project / "data")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    engine = open_database(f"sqlite:///{project}/data/service.db")
    upgrade(engine)
    model = {"model_version": version.number, "model_sha256": version.sha256}
    insert(engine, [as_row(entry(0, **model))])
    return lambda *arguments: CliRunner().invoke(cli, ["trace", *arguments])


def test_the_command_shows_the_way(command: Callable[..., Result], version: Version) -> None:
    done = command("id-000000")
    assert done.exit_code == 0, done.output
    assert f"model       version {version.number}, sha256 {version.sha256}" in done.stdout
    assert done.stdout.splitlines()[-1] == "every hash that is at hand holds"


def test_the_command_ends_with_one_if_a_hash_is_wrong(
    command: Callable[..., Result], project: Path
) -> None:
    month = sorted((project / "data/01_raw/trip-data").glob("*.parquet"))[0]
    month.write_bytes(b"other")
    done = command("id-000000")
    assert done.exit_code == 1
    wanted = f"the first that does not hold: trip-data/{month.name}"
    assert done.stdout.splitlines()[-1] == wanted
    as_json = command("id-000000", "--json")
    assert as_json.exit_code == 1
    content = json.loads(as_json.stdout)
    assert content["broken"]["name"] == f"trip-data/{month.name}"
    assert content["broken"]["found"] == hashlib.sha256(b"other").hexdigest()
    assert content["prediction"]["requested_at"] == "2023-04-12T12:30:00.250000+00:00"


def test_the_command_ends_with_two_if_there_is_no_way(command: Callable[..., Result]) -> None:
    done = command("nothing")
    assert done.exit_code == 2
    assert "no prediction nothing in the log" in done.output
    away = command("id-000000", "--tracking-uri", "sqlite:///none/mlflow.db")
    assert away.exit_code == 2
    assert "there is no registry" in away.output
