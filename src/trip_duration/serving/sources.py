"""Where models come from: a folder, the registry, or whichever of them a project has."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Hashable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trip_duration.bundle import MANIFEST, prefix_errors
from trip_duration.errors import ModelFileError, RegistryError
from trip_duration.registry.places import TRACKING_VARIABLE, data_folder, registry_uri
from trip_duration.secrets import masked_uri
from trip_duration.serving.model import Served, Source, load_served
from trip_duration.serving.outlines import Outlines
from trip_duration.serving.settings import Settings
from trip_duration.storage import FileVersion, file_version, read_regular

if TYPE_CHECKING:
    from trip_duration.registry import Registry, Version

logger = logging.getLogger(__name__)
_REPORTS = "08_reporting"
_MOST_REPORT, _MOST_FILES = 16 * 2**20, 1_000
_METRICS, _RUN = "metrics.json", "run_facts.json"
# tries after the first, and seconds of a try
_MLFLOW_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_PREDICTOR, _BASELINE = "06_models/predictor", "baseline"


class FolderSource:
    """A folder that a predictor was saved to, or a link to such a folder.

    Args:
        folder: The folder. One that is written to, replaced, or linked elsewhere is loaded again.
        reports: Folder with ``metrics.json``, what a predictor was measured to do, and
            ``run_facts.json``, which says of which predictor.
    """

    def __init__(self, folder: Path, reports: Path | None = None) -> None:
        """Keep the paths."""
        self._folder, self._reports = folder, reports

    def identity(self) -> Hashable:
        """Return the files with their sizes and times, wherever the folder is linked to.

        With those of the metrics: a run writes them after the model.
        """
        folder = self._folder.resolve()
        if not folder.is_dir():
            raise ModelFileError(
                f"{self._folder}: there is no such folder. Train a model with `kedro run`, or name "
                "another folder by --model."
            )
        reports = [self._reports / name for name in (_METRICS, _RUN)] if self._reports else []
        paths = sorted(islice(folder.iterdir(), _MOST_FILES))
        versions = tuple((path.name, file_version(path)) for path in paths)
        return folder, versions, *map(_version_if_present, reports)

    def load(self) -> Served:
        """Read and verify the predictor."""
        # resolved once: a link that changes meanwhile must not mix two models
        folder = self._folder.resolve()
        served = load_served(folder)
        metrics = self._measured(folder, served.sha256)
        return replace(served, metrics=metrics, origin=f"the folder {self._folder}")

    def _measured(self, folder: Path, sha256: str) -> dict[str, Any] | None:
        """Read the metrics, unless they are of another model, or of one that was here before."""
        if self._reports is None:
            return None
        metrics = self._reports / _METRICS
        try:
            # a run that was broken off may have left the facts of this model and older metrics
            if metrics.stat().st_mtime < (folder / MANIFEST).stat().st_mtime:
                return None
            run = json.loads(read_regular(self._reports / _RUN, _MOST_REPORT))
            measured = json.loads(read_regular(metrics, _MOST_REPORT))
            return dict(measured) if run["sha256"] == sha256 else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            logger.warning("%s: served without metrics, they cannot be read: %r", metrics, error)
            return None


def _version_if_present(path: Path) -> FileVersion | None:
    try:
        return file_version(path)
    except OSError:  # not there, or being replaced
        return None


class RegistrySource:
    """A version of the registry, by alias or number; an alias is followed.

    Args:
        uri: Tracking URI of the registry.
        reference: Alias or number.
    """

    def __init__(self, uri: str, reference: str = "champion") -> None:
        """Keep the address; the registry is asked at the first look."""
        self._uri, self._reference = uri, reference
        self._opened: Registry | None = None

    @property
    def registry(self) -> Registry:
        """The registry, opened when it is first needed."""
        if self._opened is None:
            # imported only if a registry is used
            from trip_duration.registry.versions import Registry  # noqa: PLC0415

            # MLflow would try again for minutes; here the next look does that
            for name, value in _MLFLOW_PATIENCE.items():
                os.environ.setdefault(name, value)
            self._opened = Registry(self._uri)
        return self._opened

    def identity(self) -> Hashable:
        """Return number and hash of the version."""
        version = self.registry.get(self._reference)
        return version.number, version.sha256

    def load(self) -> Served:
        """Fetch the version, verify it, and read it."""
        version = self.registry.get(self._reference)
        with (
            prefix_errors(f"version {version.number} of the registry"),
            tempfile.TemporaryDirectory(prefix="trip-duration-") as folder,
        ):
            fetched = self.registry.fetch(version, Path(folder) / "predictor")
            served = load_served(fetched, version.number)
        return replace(
            served,
            metrics=_nested(version.metrics) or None,
            origin=f"the registry {masked_uri(self._uri)}",
            outlines=self._outlines(version),
        )

    def _outlines(self, version: Version) -> Outlines | None:
        try:
            plain = self.registry.fetch_outlines(version)
            return None if plain is None else Outlines.of(plain)
        except (RegistryError, ValueError, OSError) as error:
            # a map that cannot be drawn is no reason to be without the model
            logger.warning("version %s: served without its map: %s", version.number, error)
            return None


class ChampionOrFolderSource:
    """The champion of a registry as soon as it has one, until then a folder.

    Once this process has seen a champion, it does not take the folder until it ends: a champion
    that is deleted must not be replaced by a model that nobody has promoted. A process that starts
    without a champion takes the folder.

    Args:
        registry: The champion.
        folder: The folder.
        named: Whether the user has named the registry. While one that was named does not answer,
            the folder is not taken.
    """

    def __init__(self, registry: RegistrySource, folder: FolderSource, named: bool) -> None:
        """Keep both; the registry is asked at the first look."""
        self._registry, self._folder, self._named = registry, folder, named
        self._chosen: Source = folder

    def identity(self) -> Hashable:
        """Return the identity of the model to serve.

        Raises:
            RegistryError: If the registry does not answer.
        """
        undecided = self._chosen is self._folder
        if undecided and self._registry.registry.has_champion(required=self._named):
            self._chosen = self._registry
        return self._chosen.identity()

    def load(self) -> Served:
        """Read and verify the model whose identity was returned last."""
        return self._chosen.load()


def _nested(metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return metrics with dotted names in the form of ``metrics.json``."""
    nested: dict[str, Any] = {}
    for name, value in metrics.items():
        *groups, last = name.split(".")
        block = nested
        for group in groups:
            block = block.setdefault(group, {})
        block[last] = value
    return nested


def make_source(settings: Settings) -> Source:
    """Return the source that settings name, or that of the project if they name none."""
    if settings.registry is not None:
        return RegistrySource(settings.registry, settings.reference)
    if settings.model is not None:
        return FolderSource(settings.model, settings.data_root / _REPORTS)
    registry = RegistrySource(registry_uri(), settings.reference)
    if "reference" in settings.model_fields_set:
        return registry
    folder = FolderSource(data_folder() / _PREDICTOR, data_folder() / _REPORTS)
    return ChampionOrFolderSource(registry, folder, bool(os.environ.get(TRACKING_VARIABLE)))


def load_fallback(settings: Settings) -> Served | None:
    """Load the lookup table that answers while there is no model, if there is one and it may."""
    model = settings.model or (None if settings.registry else data_folder() / _PREDICTOR)
    baseline_folder = model.absolute().parent / _BASELINE if model else None
    folder = settings.fallback or baseline_folder
    if settings.without_model == "refuse" or folder is None:
        return None
    try:
        if settings.fallback is None and not folder.is_dir():
            return None
        return load_served(folder, fallback=True, origin=f"the folder {folder}")
    except (ModelFileError, OSError) as error:
        logger.error("the lookup table cannot stand in for a model: %s", error)
        return None
