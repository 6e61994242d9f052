"""The manifest of a run: what is recorded, and the bits that digests are made of."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from trip_duration.models import Predictor
from trip_duration.params import read_parameters
from trip_duration.params.flat import ESTIMATOR, INTERVAL_ESTIMATOR, flatten
from trip_duration.pipeline_registry import register_pipelines
from trip_duration.tracking.bits import bits_of, digest_parts
from trip_duration.tracking.files import spaced
from trip_duration.tracking.manifest import TARGETS, Code, RunManifest, describe_code, is_complete

FRAME = pd.DataFrame(
    {
        "pickup_datetime": pd.to_datetime(["2023-01-01 00:00:01", None, "2023-03-03 10:00:00"]),
        "pickup_zone": np.array([1, 2, 3], np.int16),
        "request": [0.0, float("nan"), 2.5],
        "split": pd.Categorical(["test", "train", "test"], categories=["train", "test"]),
    }
)


@pytest.fixture(scope="module")
def folder(tracked: Run) -> Path:
    """Where the artifacts of the run lie."""
    return Path(tracked.info.artifact_uri.removeprefix("file://"))


@pytest.fixture(scope="module")
def manifest(folder: Path) -> RunManifest:
    return RunManifest.model_validate_json((folder / "run_manifest.json").read_text())


def test_data_are_those_of_the_ingestion(
    manifest: RunManifest, finished_run: Path, tracked: Run
) -> None:
    raw = json.loads((finished_run / "data/01_raw/manifest.json").read_text())
    assert manifest.raw is not None
    for recorded, found in ((manifest.raw.months, "months"), (manifest.raw.zones, "zones")):
        assert {name: (file.sha256, file.rows) for name, file in recorded.items()} == {
            name: (entry["sha256"], entry["rows"]) for name, entry in raw[found].items()
        }
    assert manifest.raw.digest == tracked.data.tags["data_digest"]


def test_the_predictor_is_the_one_on_disk_file_by_file(
    manifest: RunManifest, finished_run: Path
) -> None:
    bundle = finished_run / "data/06_models/predictor"
    assert manifest.predictor.sha256 == Predictor.load(bundle).sha256
    assert manifest.predictor.files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(bundle.iterdir())
        if path.name != "manifest.json"
    }


def test_predictions_are_kept_in_full_and_digested(
    manifest: RunManifest, folder: Path, finished_run: Path
) -> None:
    made = pd.read_parquet(finished_run / "data/07_model_output/predictions.parquet")
    kept = pd.read_parquet(folder / "predictions.parquet")
    pd.testing.assert_frame_equal(kept, made, check_exact=True)
    assert manifest.predictions == manifest.kept == digest_parts([made])
    assert manifest.predictions.rows == len(made)
    assert list(manifest.predictions.columns) == list(made.columns)


def test_parameters_are_all_there_and_are_read_as_what_they_were(
    manifest: RunManifest, tracked: Run
) -> None:
    again = read_parameters(manifest.parameters)
    assert again.modelling.lightgbm.num_trees == 60
    leaves = flatten(manifest.parameters)
    library = (f"{ESTIMATOR}.", f"{INTERVAL_ESTIMATOR}.")
    assert {name for name in tracked.data.params if not name.startswith(library)} <= set(leaves)
    assert manifest.seeds == {k: v for k, v in leaves.items() if k.endswith("seed")}
    assert manifest.seeds["ingestion.city.seed"] == 20230101
    assert manifest.threads["modelling.num_threads"] == 2


def test_a_run_of_everything_is_complete_and_says_how_it_was_called(manifest: RunManifest) -> None:
    assert manifest.complete
    assert (manifest.env, manifest.pipelines) == ("test", ["__default__"])
    assert {"numpy", "pandas", "lightgbm", "xgboost", "scikit-learn", "mapie"} <= set(
        manifest.libraries
    )


def test_only_what_leads_from_raw_months_to_predictions_is_complete() -> None:
    pipelines = register_pipelines()
    whole = pipelines["__default__"]
    assert [name for name, parts in pipelines.items() if is_complete({}, parts)] == ["__default__"]
    assert not is_complete({"only_missing_outputs": True}, whole)
    assert not is_complete({}, whole.from_nodes("split_trips"))
    assert is_complete({}, whole.to_outputs(*TARGETS))


def test_outside_a_repository_there_is_no_commit(manifest: RunManifest, finished_run: Path) -> None:
    lock = hashlib.sha256((finished_run / "requirements.lock").read_bytes()).hexdigest()
    assert manifest.code == Code(commit=None, clean=None, changes=None, lock=lock)


def test_a_run_of_parts_is_not_complete(project: Path, run_kedro: Any, runs_of: Any) -> None:
    params = {"experiment_name": "incomplete", "model_type": "lookup"}
    run_kedro(project, params, pipeline_names=["modelling"])
    (run,) = runs_of(project, "incomplete")
    path = Path(run.info.artifact_uri.removeprefix("file://")) / "run_manifest.json"
    manifest = RunManifest.model_validate_json(path.read_text())
    assert not manifest.complete
    assert manifest.raw is None
    assert manifest.predictions is not None


def test_no_place_of_tracking_is_recorded(
    with_data: Callable[[], Path], run_kedro: Any, runs_at: Any, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path}/s3cret.db"
    parts = ["modelling"]
    run_kedro(with_data(), {"model_type": "lookup"}, tracking_uri=uri, pipeline_names=parts)
    (run,) = runs_at(uri, "trip-duration")
    path = Path(run.info.artifact_uri.removeprefix("file://")) / "run_manifest.json"
    assert "s3cret" not in path.read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    (tmp_path / "code.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_changes_that_are_not_committed_have_a_digest(repository: Path) -> None:
    clean = describe_code(repository)
    assert (clean.clean, clean.changes) == (True, None)
    seen = set()
    for name, content in (("code.py", "x = 2\n"), ("new.py", "y"), ("new.py", "z")):
        (repository / name).write_text(content)
        code = describe_code(repository)
        assert (code.clean, code.commit) == (False, clean.commit)
        seen.add(code.changes)
    assert len(seen - {None}) == 3
    assert describe_code(repository).changes in seen


def test_changes_that_are_no_text_have_one_too(repository: Path) -> None:
    (repository / "code.py").write_bytes(bytes(range(256)))
    (repository / "ne\xe4.bin").write_bytes(b"\xff\x00")
    assert describe_code(repository).changes


def test_a_digest_does_not_depend_on_where_parts_end() -> None:
    whole = digest_parts([FRAME])
    assert digest_parts([FRAME[:1], FRAME[1:1], FRAME[1:]]) == whole
    assert whole.rows == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("pickup_datetime", pd.Timestamp("2023-01-01 00:00:01.000001")),
        ("pickup_zone", 4),
        ("request", -0.0),
        ("request", float(np.nextafter(0.0, 1.0))),
        ("split", "train"),
    ],
)
def test_a_digest_depends_on_every_bit(column: str, value: Any) -> None:
    changed = FRAME.copy()
    changed.loc[0, column] = value
    before, after = digest_parts([FRAME]), digest_parts([changed])
    assert before.sha256 != after.sha256
    differing = {name for name in before.columns if before.columns[name] != after.columns[name]}
    assert differing == {column}


def test_texts_are_the_same_however_they_are_stored_and_do_not_run_together() -> None:
    texts = pd.Series(["ab", "c", None])
    assert bits_of(texts).tolist() == bits_of(texts.astype("category")).tolist()
    one, other = (digest_parts([pd.DataFrame({"a": t})]) for t in (["ab", "c"], ["a", "bc"]))
    assert one.sha256 != other.sha256


def test_types_of_numbers_are_part_of_a_digest() -> None:
    one, other = (digest_parts([FRAME[["pickup_zone"]].astype(t)]) for t in ("int16", "uint16"))
    assert one.sha256 != other.sha256


def test_kept_rows_are_evenly_spaced_from_first_to_last() -> None:
    assert spaced(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spaced(101, 5).tolist() == [0, 25, 50, 75, 100]
    assert spaced(0, 5).tolist() == []
