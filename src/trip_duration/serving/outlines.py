"""The outlines of the zones: read and compressed once for all requests."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response

from trip_duration.registry.places import MOST_OUTLINES, OUTLINES, data_folder
from trip_duration.serving.problems import Problem
from trip_duration.serving.settings import Settings
from trip_duration.serving.watching import PeriodicCheck
from trip_duration.storage import FileVersion, file_version, read_regular

logger = logging.getLogger(__name__)
# seconds: a map can come later than the answers; longest time of a read
_WAIT, _LATE = 1.0, 10.0
_FOLDER = "02_intermediate"
_KIND = "application/geo+json"


@dataclass(frozen=True)
class Outlines:
    """The outlines as they are sent.

    Attributes:
        plain: GeoJSON.
        packed: The GeoJSON compressed by gzip.
        tag: ETag of the GeoJSON; weak, because both forms share it.
    """

    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, plain: bytes) -> Outlines:
        """Return the outlines of a file.

        Raises:
            ValueError: If it is no GeoJSON of the type FeatureCollection with a feature or more.
        """
        try:
            content = json.loads(plain)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
            raise ValueError("expected GeoJSON with the type FeatureCollection")
        if not isinstance(features := content.get("features"), list) or not features:
            raise ValueError("expected a feature for each zone, found no features")
        tag = hashlib.sha256(plain).hexdigest()[:32]
        return cls(plain, gzip.compress(plain, mtime=0), f'W/"{tag}"')

    def answer(self, headers: Mapping[str, str]) -> Response:
        """Return the form that the caller accepts, or status 304 if the caller has it already.

        Args:
            headers: Headers of the request.
        """
        sent = {"cache-control": "public, max-age=3600", "etag": self.tag}
        cached = headers.get("if-none-match", "")
        if cached == "*" or self.tag in (tag.strip() for tag in cached.split(",")):
            return Response(status_code=304, headers={**sent, "vary": "Accept-Encoding"})
        if "gzip" not in headers.get("accept-encoding", ""):
            # the middleware adds the header `vary`
            return Response(self.plain, media_type=_KIND, headers=sent)
        sent |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(self.packed, media_type=_KIND, headers=sent)


class OutlinesFile:
    """The outlines that settings name, or those of the project; read again when they change.

    Outlines that were read stay in use while their file is missing, invalid or cannot be read.

    Args:
        settings: Settings of the service.
    """

    def __init__(self, settings: Settings) -> None:
        """Keep the paths; nothing is read yet."""
        self._current: Outlines | None = None
        self._named = settings.zones is not None
        self._places = _places(settings)
        self._current_path: Path | None = None
        # the last version of each file that was read, valid or not, and what was logged about it
        self._versions: dict[Path, FileVersion] = {}
        self._problems: dict[Path, str] = {}
        self._watch = PeriodicCheck("outlines", settings.watch_seconds, self.read_again)

    def start(self) -> None:
        """Read the file, and begin to follow it in a thread of its own."""
        self._watch.start(_WAIT)

    def stop(self) -> None:
        """Follow the file no more."""
        self._watch.stop()

    def warn_if_late(self) -> None:
        """Log once that reading the file takes longer than 10 seconds."""
        if self._watch.is_late(_LATE):
            logger.error("outlines of the zones: not read within %g seconds", _LATE)

    def choose(self, logged: Outlines | None) -> Outlines:
        """Return the outlines that settings name, those of the model, or those of the project.

        Args:
            logged: Outlines of the model.

        Raises:
            Problem: If there are none.
        """
        outlines = self._current if self._named else logged or self._current
        if outlines is None:
            detail = "no outlines of zones are known here: serve with --zones"
            raise Problem(404, "no-zones", detail)
        return outlines

    def read_again(self) -> None:
        """Read the first of the files that is valid, unless its version is in use already.

        The file in use is kept, whatever has become of it, until a file before it is valid.
        """
        for path in self._places:
            if self._read(path) or path == self._current_path:
                return

    def _read(self, path: Path) -> bool:
        """Return whether the outlines of a file are in use, after reading them if needed."""
        try:
            version = file_version(path)
            if version == self._versions.get(path):
                return path == self._current_path and path not in self._problems
            content = read_regular(path, MOST_OUTLINES)
        except OSError as error:
            # a project need not have outlines; a file that was in use should still be there
            if not isinstance(error, FileNotFoundError) or path == self._current_path:
                self._log_once(path, f"{path} cannot be read: {error.strerror or error}")
            # not the fault of this version of the file: it is read again
            self._versions.pop(path, None)
            return False
        self._versions[path] = version
        try:
            self._current = Outlines.of(content)
        except ValueError as error:
            self._log_once(path, f"{path} holds no outlines of zones: {error}")
            return False
        self._current_path = path
        self._problems.pop(path, None)
        return True

    def _log_once(self, path: Path, problem: str) -> None:
        if self._problems.get(path) != problem:
            kept = "; the outlines read before stay in use" if path == self._current_path else ""
            logger.warning("%s%s", problem, kept)
        self._problems[path] = problem


def _places(settings: Settings) -> list[Path]:
    if settings.zones is not None:
        return [settings.zones]
    folders = dict.fromkeys((settings.data_root, data_folder()))
    # a logged MLflow model has them there
    of_model = [] if settings.model is None else [settings.model.absolute().parent / OUTLINES]
    return [*of_model, *(folder / _FOLDER / OUTLINES for folder in folders)]
