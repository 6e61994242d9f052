"""The outlines of the zones: read and compressed once for all who ask."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import Response

from trip_duration.serving.problems import Problem
from trip_duration.serving.settings import Settings

_PLACE = Path("02_intermediate/zone_outlines.geojson")
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


def find_outlines(settings: Settings) -> Outlines:
    """Return the outlines that settings name, or those of the project.

    Raises:
        Problem: If there are none.
    """
    root = settings.data_root
    path = settings.zones or (root / _PLACE if root else None)
    # a folder that may not be searched holds none either
    with suppress(OSError):
        if path is not None:
            return _read(path, path.stat().st_mtime_ns)
    raise Problem(404, "no-zones", "no outlines of zones are known here: serve with --zones")


@lru_cache(maxsize=1)
def _read(path: Path, _changed: int) -> Outlines:
    plain = path.read_bytes()
    tag = hashlib.sha256(plain).hexdigest()[:32]
    return Outlines(plain, gzip.compress(plain, mtime=0), f'W/"{tag}"')
