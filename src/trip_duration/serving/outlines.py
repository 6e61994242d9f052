"""The outlines of the zones: read and compressed once for all who ask."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response

from trip_duration.registry.places import data_folder
from trip_duration.regular_files import read_regular
from trip_duration.serving.problems import Problem
from trip_duration.serving.settings import Settings
from trip_duration.serving.watching import Watch

logger = logging.getLogger(__name__)
Version = tuple[Path, int, int, int]
MOST_OUTLINES = 32 * 2**20
# seconds: a map can come later than the answers; how long a look may take
_WAIT, _LATE = 1.0, 10.0
_FOLDER, OUTLINES = "02_intermediate", "zone_outlines.geojson"
_KIND = "application/geo+json"


@dataclass(frozen=True)
class Outlines:
    """The outlines as they are sent.

    Attributes:
        plain: GeoJSON.
        packed: The same through gzip.
        tag: By which callers ask whether they are still the same; weak, for it is that of both.
    """

    plain: bytes
    packed: bytes
    tag: str

    @classmethod
    def of(cls, plain: bytes) -> Outlines:
        """Return the outlines of a file.

        Raises:
            ValueError: If it is no GeoJSON with a feature for each zone.
        """
        try:
            content = json.loads(plain)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
            raise ValueError("expected GeoJSON with the type FeatureCollection")
        tag = hashlib.sha256(plain).hexdigest()[:32]
        return cls(plain, gzip.compress(plain, mtime=0), f'W/"{tag}"')

    def answer(self, headers: Mapping[str, str]) -> Response:
        """Return the form that a caller takes, or none if it has them.

        Args:
            headers: Those of the request.
        """
        said = {"cache-control": "public, max-age=3600", "etag": self.tag}
        known = headers.get("if-none-match", "")
        if known == "*" or self.tag in (tag.strip() for tag in known.split(",")):
            return Response(status_code=304, headers={**said, "vary": "Accept-Encoding"})
        if "gzip" not in headers.get("accept-encoding", ""):
            # the middleware adds on what it depends
            return Response(self.plain, media_type=_KIND, headers=said)
        said |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(self.packed, media_type=_KIND, headers=said)


class OutlinesFile:
    """The outlines that settings name, or those of the project; read again when they change.

    Args:
        settings: Settings of the service.
    """

    def __init__(self, settings: Settings) -> None:
        """Keep where they may lie; nothing is read yet."""
        self._current: Outlines | None = None
        self._named = settings.zones is not None
        self._places = _places(settings)
        # of the file that was taken, and of those that are none
        self._taken: Version | None = None
        self._refused: set[Version] = set()
        self._watch = Watch("outlines", settings.watch_seconds, self.read_again)

    def start(self) -> None:
        """Read the file, and begin to follow it in a thread of its own."""
        self._watch.start(_WAIT)

    def stop(self) -> None:
        """Follow the file no more."""
        self._watch.stop()

    def warn_if_late(self) -> None:
        """Log, once, that the file has not been read for so long that it can be called away."""
        if self._watch.is_late(_LATE):
            logger.error("outlines of the zones: not read within %g seconds", _LATE)

    def choose(self, logged: Outlines | None) -> Outlines:
        """Return the outlines that settings name, those of the model, or those of the project.

        Args:
            logged: Those of the model.

        Raises:
            Problem: If there are none.
        """
        outlines = self._current if self._named else logged or self._current
        if outlines is None:
            said = "no outlines of zones are known here: serve with --zones"
            raise Problem(404, "no-zones", said)
        return outlines

    def read_again(self) -> None:
        """Take the first file that can be read, unless it is the one that was taken before."""
        for path in self._places:
            # a folder that may not be searched holds none
            with suppress(OSError):
                if self._take(path):
                    return
        self._current = self._taken = None

    def _take(self, path: Path) -> bool:
        found = path.stat()
        version = path, found.st_mtime_ns, found.st_ino, found.st_size
        if version in self._refused:
            return False
        if version != self._taken:
            try:
                self._current = Outlines.of(read_regular(path, MOST_OUTLINES))
            except (OSError, ValueError) as error:
                logger.warning("%s holds no outlines of zones: %s", path, error)
                self._refused = {other for other in self._refused if other[0] != path} | {version}
                return False
            self._taken = version
        return True


def _places(settings: Settings) -> list[Path]:
    if settings.zones is not None:
        return [settings.zones]
    folders = dict.fromkeys((settings.data_root, data_folder()))
    # as they lie in a logged MLflow model
    beside = [] if settings.model is None else [settings.model.absolute().parent / OUTLINES]
    return [*beside, *(folder / _FOLDER / OUTLINES for folder in folders)]
