"""The manifest of a run: what it takes to make the run again, and what it has made, by digests.

It is an artifact of the MLflow run and not a file of the data folder: only the run's observer knows
the commit, and what no node has made does not lie beside what nodes make.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from kedro.pipeline import Pipeline
from pydantic import BaseModel

from trip_duration.identity import versions
from trip_duration.params import Group, read_parameters
from trip_duration.params.flat import flatten
from trip_duration.registry.recorded import LOCK, RUN_MANIFEST
from trip_duration.tlc.files import data_digest
from trip_duration.tracking import files, surroundings
from trip_duration.tracking.bits import FrameDigest, digest_parts

PREDICTIONS = "predictions.parquet"
KEPT_ROWS = 100_000
# what a run has to end with, and begin without, to be made again
TARGETS = ("predictions", "raw_manifest")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_DYNAMIC")


class Code(BaseModel):
    """Where the code was.

    Attributes:
        commit: Commit of the tree; None outside a repository.
        clean: Whether the tree was as committed; None outside a repository.
        changes: SHA-256 of what was not committed, of a tree that was not clean.
        lock: SHA-256 of the lock.
    """

    commit: str | None
    clean: bool | None
    changes: str | None
    lock: str | None

    def as_tags(self) -> dict[str, str]:
        """Return commit and cleanness as tags of a run."""
        clean = surroundings.UNKNOWN if self.clean is None else str(self.clean).lower()
        return {"git.commit": self.commit or surroundings.UNKNOWN, "git.clean": clean}


class RawFile(BaseModel):
    """A file as it was ingested; ``source`` is its address, ``file`` the publisher's name."""

    sha256: str
    rows: int | None
    file: str
    source: str


class RawFiles(BaseModel):
    """All that was ingested.

    Attributes:
        digest: SHA-256 over the checksums.
        months: Trips, by month.
        zones: Files on the zones, by name.
    """

    digest: str
    months: dict[str, RawFile]
    zones: dict[str, RawFile]


class BundleDigest(BaseModel):
    """A bundle: its identity, and the SHA-256 of each of its files."""

    sha256: str
    files: dict[str, str]


class RunManifest(BaseModel):
    """A run by everything that it depends on, and by the digests of what it has made.

    Attributes:
        format: Version of this form.
        code: Commit and lock.
        python: Version of the interpreter.
        libraries: Versions of the libraries that compute.
        machine: Processors and memory.
        threads: Numbers of threads, by parameter and by variable of the environment.
        env: Kedro's environment; its values are among the parameters.
        pipelines: Names of the pipelines that were run.
        complete: Whether the run began with raw months and ended with predictions.
        parameters: Every parameter of every group, defaults included, nested as in ``conf``.
        seeds: Those of the parameters that are seeds.
        raw: What was ingested, if the run has looked at it.
        predictor: The predictor.
        parent: SHA-256 of the predictor that it was calibrated from, if no node has trained it.
        predictions: Digest of all predictions, if the run has made them.
        kept: Digest of the rows that are kept beside this manifest.
    """

    format: Literal[1] = 1
    code: Code
    python: str
    libraries: dict[str, str]
    machine: dict[str, str]
    threads: dict[str, int | str]
    env: str | None
    pipelines: list[str]
    complete: bool
    parameters: dict[str, Any]
    seeds: dict[str, int]
    raw: RawFiles | None
    predictor: BundleDigest
    parent: str | None = None
    predictions: FrameDigest | None
    kept: FrameDigest | None


def describe_code(project: Path) -> Code:
    """Describe the code of a run; when it begins, as a tree can change meanwhile."""
    state = surroundings.git_state(project)
    commit = state["git.commit"] if state["git.commit"] != surroundings.UNKNOWN else None
    clean = {"true": True, "false": False}.get(state["git.clean"])
    changes = surroundings.git_changes(project) if clean is False else None
    return Code(commit=commit, clean=clean, changes=changes, lock=sha256_of_lock(project))


def sha256_of_lock(project: Path) -> str | None:
    """Return the SHA-256 of a project's lock, or None if it has none."""
    lock = project / LOCK
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else None


def write_manifest(
    folder: Path,
    code: Code,
    run_params: Mapping[str, Any],
    pipeline: Pipeline,
    catalog: Any,
    dataset: str,
) -> RunManifest:
    """Write the manifest of a run that has made a predictor, and its predictions beside it.

    Args:
        folder: Where both are written.
        code: The code when the run began.
        run_params: How Kedro was called.
        pipeline: What was run.
        catalog: Where its results are.
        dataset: Name of the dataset that holds the predictor.

    Returns:
        The manifest.
    """
    kept = None
    if files.used("predictions", pipeline, catalog):
        rows = files.spaced_rows(catalog.get("predictions"), KEPT_ROWS)
        rows.to_parquet(folder / PREDICTIONS, index=False)
        kept = digest_parts([rows])
    manifest = _describe(code, run_params, pipeline, catalog, dataset)
    manifest = manifest.model_copy(update={"kept": kept})
    (folder / RUN_MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def _describe(
    code: Code, run_params: Mapping[str, Any], pipeline: Pipeline, catalog: Any, dataset: str
) -> RunManifest:
    groups = {k: v for k, v in read_parameters(catalog.load("parameters")) if isinstance(v, Group)}
    parameters = {name: group.model_dump(mode="json") for name, group in groups.items()}
    leaves = flatten(parameters)
    made = files.used("predictions", pipeline, catalog)
    predictor = catalog.load(dataset)
    calibration = predictor.facts.get("calibration", {})
    return RunManifest(
        code=code,
        python=platform.python_version(),
        libraries=versions(),
        machine={k.removeprefix("hardware."): v for k, v in surroundings.hardware().items()},
        threads=_threads(leaves),
        env=run_params.get("env"),
        pipelines=run_params.get("pipeline_names") or ["__default__"],
        complete=is_complete(run_params, pipeline),
        parameters=parameters,
        seeds={k: v for k, v in leaves.items() if k.rpartition(".")[2] == "seed"},
        raw=_describe_raw_of(calibration, pipeline, catalog),
        predictor=_describe_bundle(predictor),
        parent=calibration.get("parent"),
        predictions=digest_parts(files.parts(catalog.get("predictions"))) if made else None,
        kept=None,
    )


def is_complete(run_params: Mapping[str, Any], pipeline: Pipeline) -> bool:
    """Tell whether a run began with raw months and ended with predictions.

    Args:
        run_params: How Kedro was called.
        pipeline: What was run.
    """
    # the runner leaves out nodes whose outputs an earlier run has made
    if run_params.get("only_missing_outputs") or not set(TARGETS) <= pipeline.all_outputs():
        return False
    needed = pipeline.to_outputs(*TARGETS).inputs()
    # what reports take in of other runs does not reach the predictions
    return all(name == "parameters" or name.startswith("params:") for name in needed)


def _threads(leaves: Mapping[str, Any]) -> dict[str, int | str]:
    asked = {k: v for k, v in leaves.items() if k.rpartition(".")[2] == "num_threads"}
    return {**asked, **{k: os.environ[k] for k in THREAD_VARIABLES if k in os.environ}}


def _describe_raw_of(
    calibration: Mapping[str, Any], pipeline: Pipeline, catalog: Any
) -> RawFiles | None:
    """Return the raw files that a run depends on: of a recalibration its month, else all."""
    if calibration:
        raw_manifest = catalog.load("raw_manifest") if catalog.exists("raw_manifest") else {}
        return describe_calibration(calibration["months"], raw_manifest)
    used = files.used("raw_manifest", pipeline, catalog)
    return describe_raw(catalog.load("raw_manifest")) if used else None


def describe_calibration(months: Mapping[str, Any], manifest: Mapping[str, Any]) -> RawFiles:
    """Return what identifies the raw months that intervals were calibrated on.

    Args:
        months: Their file and SHA-256, as the predictor carries them.
        manifest: The ingestion's manifest, which may tell of files that were published since.
    """
    ingested = manifest.get("months", {})
    unknown = {"rows": None, "source": surroundings.UNKNOWN}
    records = {
        month: ingested[month]
        if ingested.get(month, {}).get("sha256") == raw_file["sha256"]
        else {**unknown, **raw_file}
        for month, raw_file in months.items()
    }
    return describe_raw({"months": records, "zones": {}})


def describe_raw(manifest: Mapping[str, Any]) -> RawFiles:
    """Return what identifies the files of the ingestion's manifest."""
    return RawFiles(
        digest=data_digest(manifest), months=manifest["months"], zones=manifest["zones"]
    )


def _describe_bundle(predictor: Any) -> BundleDigest:
    bundle = predictor.to_bundle()
    hashes = {k: hashlib.sha256(v).hexdigest() for k, v in sorted(bundle.files.items())}
    return BundleDigest(sha256=bundle.sha256, files=hashes)
