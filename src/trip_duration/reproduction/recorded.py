"""A recorded run: its manifest and the predictions kept beside it, from MLflow or from files."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from trip_duration.errors import ReproductionError
from trip_duration.registry.client import without_progress_bar
from trip_duration.registry.places import SQLITE
from trip_duration.registry.recorded import RUN_MANIFEST
from trip_duration.secrets import masked_uri, without_password
from trip_duration.tracking.manifest import PREDICTIONS, RunManifest
from trip_duration.tracking.place import anchor

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Recorded:
    """What is known of a run.

    Attributes:
        manifest: What it was made of, and the digests of what it has made.
        predictions: The rows that were kept; None if they are not there.
    """

    manifest: RunManifest
    predictions: pd.DataFrame | None


def read_files(path: Path) -> Recorded:
    """Read a manifest, and the predictions beside it if they are there.

    Args:
        path: The manifest, or the folder that it lies in.

    Raises:
        ReproductionError: If there is none, or if it is none that this version knows.
    """
    path = path / RUN_MANIFEST if path.is_dir() else path
    try:
        manifest = RunManifest.model_validate_json(path.read_text(encoding="utf-8"))
        beside = path.with_name(PREDICTIONS)
        predictions = pd.read_parquet(beside) if beside.is_file() else None
    except ValidationError as error:
        wrong = sorted({".".join(map(str, detail["loc"])) for detail in error.errors()})
        raise ReproductionError(
            f"{path} is not a run manifest that this version knows (wrong: {', '.join(wrong)})."
        ) from None
    except (OSError, ValueError) as error:
        raise ReproductionError(f"{path} cannot be read: {error}.") from error
    return Recorded(manifest, predictions)


def read_run(run_id: str, tracking_uri: str) -> Recorded:
    """Read what an MLflow run holds.

    Args:
        run_id: Its identity.
        tracking_uri: Where it is tracked.

    Raises:
        ReproductionError: If there is no such run, or if it has no manifest.
    """
    client, where = _client(tracking_uri), masked_uri(tracking_uri)
    with tempfile.TemporaryDirectory() as folder:
        try:
            client.get_run(run_id)
            names = {found.path for found in client.list_artifacts(run_id)}
            with without_progress_bar():
                for name in {RUN_MANIFEST, PREDICTIONS} & names:
                    client.download_artifacts(run_id, name, folder)
        # MLflow's clients of databases and of servers raise errors of their own
        except Exception as error:
            said = without_password(str(error), tracking_uri)
            raise ReproductionError(
                f"run {run_id} cannot be had from {where}: {said} Give an id as MLflow's pages "
                "show it, --tracking-uri, or the path of a run_manifest.json."
            ) from None
        if RUN_MANIFEST not in names:
            raise ReproductionError(
                f"run {run_id} has no {RUN_MANIFEST}: it has not ended well, or is of a version "
                "before runs were recorded this way."
            )
        return read_files(Path(folder))


def read_only_run(tracking_uri: str) -> Recorded:
    """Read the one run with a manifest that a database of its own holds.

    Raises:
        ReproductionError: If there is none.
    """
    client = _client(tracking_uri)
    experiments = [found.experiment_id for found in client.search_experiments()]
    runs = [run.info.run_id for run in client.search_runs(experiments)]
    with_manifest = (
        run for run in runs if RUN_MANIFEST in {file.path for file in client.list_artifacts(run)}
    )
    run_id = next(with_manifest, None)
    if run_id is None:
        raise ReproductionError("the run that was made again has recorded nothing to compare.")
    return read_run(run_id, tracking_uri)


def configured_place(project: Path) -> str:
    """Return where the runs of a project are tracked, by its configuration."""
    from kedro.framework.project import settings  # noqa: PLC0415 - for this command only
    from kedro.framework.startup import bootstrap_project  # noqa: PLC0415

    bootstrap_project(project)
    loader: Any = settings.CONFIG_LOADER_CLASS(
        str(project / settings.CONF_SOURCE),
        env=os.environ.get("KEDRO_ENV"),
        **settings.CONFIG_LOADER_ARGS,
    )
    loader.config_patterns["mlflow"] = ["mlflow*", "mlflow*/**"]
    return str(anchor(loader["mlflow"], project)["server"]["mlflow_tracking_uri"])


def _client(tracking_uri: str) -> MlflowClient:
    import mlflow  # noqa: PLC0415 - seconds that --help need not pay

    path, _, _ = tracking_uri.removeprefix(SQLITE).partition("?")
    if tracking_uri.startswith(SQLITE) and not Path(path).is_file():
        # MLflow would make it
        raise ReproductionError(f"no runs are tracked at {tracking_uri}: there is no such file.")
    return mlflow.MlflowClient(tracking_uri=tracking_uri)
