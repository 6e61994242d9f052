"""The outlines of the zones: read and compressed once for all who ask."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Response

from trip_duration.registry.places import data_folder
from trip_duration.serving.problems import Problem
from trip_duration.serving.settings import Settings

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


def find_outlines(settings: Settings, logged: Outlines | None) -> Outlines:
    """Return the outlines that settings name, those of the model, or those of the project.

    Args:
        settings: Settings of the service.
        logged: What came with the model that answers.

    Raises:
        Problem: If there are none.
    """
    if settings.zones is None and logged is not None:
        return logged
    for path in _places(settings):
        # a folder that may not be searched holds none either
        with suppress(OSError, ValueError):
            return _read(path, path.stat().st_mtime_ns)
    raise Problem(404, "no-zones", "no outlines of zones are known here: serve with --zones")


def _places(settings: Settings) -> list[Path]:
    if settings.zones is not None:
        return [settings.zones]
    folders = dict.fromkeys((settings.data_root, data_folder()))
    # as they lie in a logged MLflow model
    beside = [] if settings.model is None else [settings.model.absolute().parent / OUTLINES]
    return [*beside, *(folder / _FOLDER / OUTLINES for folder in folders)]


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> Outlines:
    return Outlines.of(path.read_bytes())
