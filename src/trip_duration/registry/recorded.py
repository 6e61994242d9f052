"""What an MLflow run of this project has recorded of itself: tags, parameters, manifest, lock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trip_duration.errors import RegistryError
from trip_duration.params.flat import flatten
from trip_duration.registry.client import without_progress_bar
from trip_duration.registry.versions import Registry
from trip_duration.secrets import without_password

RUN_MANIFEST, LOCK = "run_manifest.json", "requirements.lock"
_FOLDERS = {"months": "trip-data", "zones": "misc"}


@dataclass(frozen=True)
class RecordedRun:
    """A run as it has recorded itself.

    Attributes:
        tags: Its tags.
        parameters: Its parameters, by name.
        files: Content of its manifest and of its lock, by name; of those that are there.
    """

    tags: Mapping[str, str]
    parameters: dict[str, str]
    files: Mapping[str, bytes]

    def manifest(self) -> dict[str, Any] | None:
        """Return the manifest, or None if there is none that can be read."""
        try:
            manifest: dict[str, Any] = json.loads(self.files[RUN_MANIFEST])
            _ = manifest["code"]["lock"], manifest["predictor"]["files"], list(raw_files(manifest))
            _ = flatten(manifest["parameters"])
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        return manifest


def read_run(registry: Registry, run_id: str, folder: Path) -> RecordedRun:
    """Read a run from where the registry is.

    Args:
        registry: The registry.
        run_id: Identity of the run.
        folder: Where its files are copied to.

    Raises:
        RegistryError: If the run cannot be read.
    """
    import mlflow  # noqa: PLC0415 - seconds that --help need not pay

    client = mlflow.MlflowClient(registry.place)
    try:
        run = client.get_run(run_id)
        names = {artifact.path for artifact in client.list_artifacts(run_id)}
        with without_progress_bar():
            files = {
                name: Path(client.download_artifacts(run_id, name, str(folder))).read_bytes()
                for name in (RUN_MANIFEST, LOCK)
                if name in names
            }
    # MLflow's clients of databases and of servers raise errors of their own
    except Exception as error:
        reason = without_password(str(error), registry.tracking_uri)
        raise RegistryError(f"run {run_id} cannot be had: {reason}") from None
    return RecordedRun(run.data.tags, dict(sorted(run.data.params.items())), files)


def raw_files(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the raw files of a manifest, as they lie in ``01_raw``, each with its SHA-256."""
    raw = manifest["raw"] or {}
    for part, folder in _FOLDERS.items():
        for record in raw.get(part, {}).values():
            yield f"{folder}/{record['file'].rpartition('/')[2]}", record["sha256"]
