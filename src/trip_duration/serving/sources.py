"""Where models come from: a folder, or the registry."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trip_duration.bundle import MANIFEST
from trip_duration.errors import ModelFileError
from trip_duration.serving.model import Served, Source, load_served
from trip_duration.serving.settings import Settings

if TYPE_CHECKING:
    from trip_duration.registry.versions import Registry

logger = logging.getLogger(__name__)
_REPORTS = "08_reporting"
_METRICS, _RUN = "metrics.json", "run_facts.json"
_BASELINE = "baseline"


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
            raise ModelFileError(f"{self._folder}: there is no such folder")
        reports = [self._reports / name for name in (_METRICS, _RUN)] if self._reports else []
        files = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
        found = tuple((name, found.st_size, found.st_mtime_ns) for name, found in files)
        return folder, found, *map(_look, reports)

    def load(self) -> Served:
        """Read and verify the predictor."""
        # resolved once: a link that changes meanwhile must not mix two models
        folder = self._folder.resolve()
        served = load_served(folder)
        return replace(served, metrics=self._measured(folder, served.sha256))

    def _measured(self, folder: Path, sha256: str) -> dict[str, Any] | None:
        """Read the metrics, unless they are of another model, or of one that was here before."""
        if self._reports is None:
            return None
        metrics = self._reports / _METRICS
        try:
            # a run that was broken off may have left the facts of this model and older metrics
            if metrics.stat().st_mtime < (folder / MANIFEST).stat().st_mtime:
                return None
            run = json.loads((self._reports / _RUN).read_bytes())
            return dict(json.loads(metrics.read_bytes())) if run["sha256"] == sha256 else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("%s: served without metrics, they cannot be read: %r", metrics, error)
            return None


def _look(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:  # not there, or being replaced
        return None
    return found.st_size, found.st_mtime_ns


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
    def _registry(self) -> Registry:
        if self._opened is None:
            # MLflow takes seconds to import, and who serves a folder need not have it
            from trip_duration.registry.versions import Registry  # noqa: PLC0415

            self._opened = Registry(self._uri)
        return self._opened

    def identity(self) -> Hashable:
        """Return number and hash of the version."""
        version = self._registry.get(self._reference)
        return version.number, version.sha256

    def load(self) -> Served:
        """Fetch the version, verify it, and read it."""
        version = self._registry.get(self._reference)
        with tempfile.TemporaryDirectory(prefix="trip-duration-") as folder:
            fetched = self._registry.fetch(version, Path(folder) / "predictor")
            served = load_served(fetched, version.number, metrics=dict(version.metrics) or None)
        if served.sha256 != version.sha256:
            raise ModelFileError(
                f"version {version.number} has the hash {served.sha256}, registered was "
                f"{version.sha256}: it is not used"
            )
        return served


def make_source(settings: Settings) -> Source:
    """Return the source that settings name."""
    if settings.registry is not None:
        return RegistrySource(settings.registry, settings.reference)
    assert settings.model is not None  # noqa: S101 - settings demand one of both
    root = settings.data_root
    return FolderSource(settings.model, root / _REPORTS if root else None)


def load_fallback(settings: Settings) -> Served | None:
    """Load the lookup table that answers while there is no model, if there is one and it may."""
    beside = settings.model.absolute().parent / _BASELINE if settings.model else None
    folder = settings.fallback or beside
    if settings.without_model == "refuse" or folder is None:
        return None
    try:
        if settings.fallback is None and not folder.is_dir():
            return None
        return load_served(folder, fallback=True)
    except (ModelFileError, OSError) as error:
        logger.error("the lookup table cannot stand in for a model: %s", error)
        return None
