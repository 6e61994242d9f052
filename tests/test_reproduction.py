"""Reproduction: a real run of a real commit made again, and what stands in its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from trip_duration.cli import cli
from trip_duration.errors import ReproductionError
from trip_duration.params import CityParams
from trip_duration.reproduction import Choices, make_again
from trip_duration.tlc.city import City
from trip_duration.tlc.source import sha256_of

PROJECT = Path(__file__).parents[1]
PARTS = ("conf", "src", "pyproject.toml", ".telemetry", ".gitignore", "requirements.lock")
MONTHS = ("2023-01", "2023-02", "2023-03")


@dataclass(frozen=True)
class Repository:
    """A project with one run of its only commit."""

    project: Path
    mirror: Path
    run_id: str
    commit: str

    @property
    def artifacts(self) -> Path:
        """Where the artifacts of the run lie."""
        return self.project / "data/mlflow_artifacts" / self.run_id / "artifacts"

    def copy_record(self, folder: Path, **changes: Any) -> Path:
        """Copy manifest and predictions to a folder, with other values in the manifest."""
        manifest = json.loads((self.artifacts / "run_manifest.json").read_text())
        folder.mkdir(exist_ok=True)
        (folder / "run_manifest.json").write_text(json.dumps({**manifest, **changes}))
        shutil.copy(self.artifacts / "predictions.parquet", folder)
        return folder / "run_manifest.json"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", *who, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def variables(project: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "KEDRO_ENV"))}
    return {**kept, "PYTHONPATH": str(project / "src"), "TQDM_DISABLE": "1"}


def reproduce(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trip_duration", "reproduce", *arguments],
        cwd=project,
        env=variables(project),
        capture_output=True,
        text=True,
        check=False,
    )


def publish(folder: Path) -> Path:
    city = City(CityParams(trips=3_000))
    files = [f"trip-data/green_tripdata_{month}.parquet" for month in MONTHS]
    for name in (*files, "misc/taxi_zone_lookup.csv", "misc/taxi_zones.zip"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        city.write(name, folder / name)
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A copy of this project, committed and run; its months come from a folder beside it."""
    root = tmp_path_factory.mktemp("reproduction")
    project, mirror = root / "project", publish(root / "mirror")
    project.mkdir()
    for name in PARTS:
        if (PROJECT / name).is_dir():
            leftovers = shutil.ignore_patterns("__pycache__", "credentials*")
            shutil.copytree(PROJECT / name, project / name, ignore=leftovers)
        else:
            shutil.copy(PROJECT / name, project)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    params = "source_root=../mirror,modelling.lightgbm.num_trees=20"
    subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env", "test", "--params", params],
        cwd=project,
        env=variables(project),
        capture_output=True,
        check=True,
    )
    (manifest,) = (project / "data/mlflow_artifacts").glob("*/artifacts/run_manifest.json")
    return Repository(project, mirror, manifest.parts[-3], git(project, "rev-parse", "HEAD"))


def worktrees(project: Path) -> list[str]:
    listed = git(project, "worktree", "list", "--porcelain").splitlines()
    return [line for line in listed if line.startswith("worktree ")]


def refusal(
    repository: Repository, run: str, say: Callable[[str], None] = print, **choices: Any
) -> str:
    with pytest.raises(ReproductionError) as caught:
        make_again(repository.project, Choices(run, **choices), say)
    return str(caught.value)


def test_a_run_made_again_from_its_commit_is_identical(
    repository: Repository, tmp_path: Path
) -> None:
    # what has changed since does not matter
    settings = repository.project / "conf/test/parameters_modelling.yml"
    before = settings.read_text()
    settings.write_text(before.replace("num_leaves: 15", "num_leaves: 7"))
    try:
        done = reproduce(repository.project, repository.run_id, "--workdir", str(tmp_path))
    finally:
        settings.write_text(before)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("IDENTICAL")
    manifest = json.loads((repository.artifacts / "run_manifest.json").read_text())
    assert manifest["predictions"]["sha256"] in done.stdout
    assert manifest["predictor"]["sha256"] in done.stdout
    steps = [line[:5] for line in done.stderr.splitlines() if line.startswith("[")]
    assert steps == [f"[{number}/6]" for number in range(1, 7)]
    assert len(worktrees(repository.project)) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_altered_prediction_is_found_at_its_place(
    repository: Repository, tmp_path: Path
) -> None:
    manifest = repository.copy_record(tmp_path)
    path = tmp_path / "predictions.parquet"
    kept = pd.read_parquet(path)
    before = float(kept["request_with_distance"][4321])
    after = float(np.nextafter(before, np.inf))
    kept.loc[4321, "request_with_distance"] = after
    kept.loc[4400, "request"] = 1.0
    kept.to_parquet(path, index=False)
    # with the code as it stands, which is that of the commit
    done = reproduce(repository.project, str(manifest), "--here")
    assert done.returncode == 1, done.stderr[-3000:]
    trip = kept.loc[4321]
    zones = f"zone {trip['pickup_zone']} to zone {trip['dropoff_zone']}"
    lines = done.stdout.splitlines()
    assert lines[0] == "DIFFERENT"
    assert lines[1:4] == [
        "predictions: first difference in column request_with_distance, row 4321 "
        f"({trip['split']} trip of {trip['pickup_datetime']}, {zones}):",
        f"  {after!r} recorded, {before!r} now, 1 ulp(s) apart",
        f"  values that differ in {len(kept):,} rows: request 1, request_with_distance 1",
    ]
    assert lines[4].endswith("they were altered")
    assert f"note: commit was {repository.commit}, is None now" in lines


def test_a_month_published_anew_is_named_before_anything_is_trained(
    repository: Repository, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(repository.mirror, mirror)
    name = "trip-data/green_tripdata_2023-02.parquet"
    City(CityParams(trips=2_000)).write(name, mirror / name)
    choices = {"source_root": str(mirror), "workdir": tmp_path / "kept", "keep": True}
    steps: list[str] = []
    said = refusal(repository, str(repository.artifacts), steps.append, **choices)
    (line,) = [line for line in said.splitlines() if line.startswith("- ")]
    assert line.startswith("- 2023-02: ")
    assert sha256_of(mirror / name) in line
    assert sha256_of(repository.mirror / name) in line
    assert steps[-1].startswith("[4/6]")
    (folder,) = (tmp_path / "kept").iterdir()
    assert not (folder / "tree/data/06_models").exists()
    assert len(worktrees(repository.project)) == 2
    git(repository.project, "worktree", "remove", "--force", str(folder / "tree"))


def test_a_run_of_a_tree_with_changes_is_refused(repository: Repository, tmp_path: Path) -> None:
    code = {"commit": repository.commit, "clean": False, "changes": "ab12", "lock": None}
    manifest = repository.copy_record(tmp_path, code=code)
    said = refusal(repository, str(manifest))
    assert repository.commit in said
    assert "ab12" in said
    assert "--allow-dirty" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"complete": False}, "the run was of parts"),
        ({"code": {"commit": None, "clean": None, "changes": None, "lock": None}}, "--here"),
        (
            {"code": {"commit": "0" * 40, "clean": True, "changes": None, "lock": None}},
            f"commit {'0' * 40} is not in the repository",
        ),
        ({"format": 9}, "not a run manifest that this version knows (wrong: format)"),
    ],
)
def test_what_cannot_be_made_again_is_refused_in_words(
    repository: Repository, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    manifest = repository.copy_record(tmp_path, **changes)
    assert words in refusal(repository, str(manifest))
    assert len(worktrees(repository.project)) == 1


def test_an_unknown_run_is_said_to_be_unknown(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.project / "conf")
    uri = f"sqlite:///{repository.project}/data/mlflow.db"
    done = CliRunner().invoke(cli, ["reproduce", "0123456789abcdef", "--tracking-uri", uri])
    assert done.exit_code == 2
    assert f"Error: run 0123456789abcdef cannot be had from {uri}" in done.stderr


def test_outside_a_project_and_with_an_error_of_ours_it_is_not_done_either(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["reproduce", "x.json"])
    assert (done.exit_code, "is in no project" in done.stderr) == (2, True)
    monkeypatch.chdir(repository.project)
    monkeypatch.setattr("trip_duration.reproduction.steps._read", None)
    done = CliRunner().invoke(cli, ["reproduce", "x.json"])
    assert (done.exit_code, "unexpected TypeError" in done.stderr) == (2, True)


def test_a_run_without_a_manifest_and_places_without_runs(
    repository: Repository, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    assert "there is no such file" in refusal(repository, "abc", tracking_uri=uri)
    assert not (tmp_path / "runs.db").exists()
    shutil.copy(repository.project / "data/mlflow.db", tmp_path / "runs.db")
    client = mlflow.MlflowClient(uri)
    location = (tmp_path / "artifacts").as_uri()
    run = client.create_run(client.create_experiment("old", artifact_location=location))
    said = refusal(repository, run.info.run_id, tracking_uri=uri)
    assert "has no run_manifest.json" in said
    assert "there is no such file" in refusal(repository, str(tmp_path / "run_manifest.json"))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_leaves_nothing(
    repository: Repository, tmp_path: Path, number: signal.Signals
) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "trip_duration", "reproduce", repository.run_id,
         "--workdir", str(tmp_path)],
        cwd=repository.project,
        env=variables(repository.project),
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    wait_for(lambda: any(tmp_path.glob("*/tree/conf/reproduction/parameters.yml")))
    started.send_signal(number)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 2
    assert "interrupted" in said
    assert list(tmp_path.iterdir()) == []
    assert len(worktrees(repository.project)) == 1
    assert not [name for name in running() if str(tmp_path) in name]


def running() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found
