"""The contract of the outlines of zones, which are GeoJSON and no frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trip_duration.errors import DataError


class OutlineContract:
    """Validator of the outlines: every feature keeps the contract ``ZoneOutlines``."""

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the same outlines.

        Raises:
            DataError: If they are no collection of features, or a feature breaks ``ZoneOutlines``.
        """
        try:
            features = [_describe_feature(feature) for feature in data["features"]]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                "zone_outlines: expected a collection of GeoJSON features with id, properties and "
                f"geometry; found {error!r}. Make them again by the node build_zones."
            ) from None
        from trip_duration.schemas import ZoneOutlines, check_frame  # noqa: PLC0415 - half a second

        check_frame(pd.DataFrame(features), ZoneOutlines, "zone_outlines")
        return data


def _describe_feature(feature: Mapping[str, Any]) -> dict[str, Any]:
    points = np.array(list(_points(feature["geometry"]["coordinates"])), dtype=np.float64)
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    box = {"west": west, "east": east, "south": south, "north": north}
    names = {name: feature["properties"][name] for name in ("name", "borough")}
    return {"zone": feature["id"], **names, "kind": feature["geometry"]["type"], **box}


def _points(coordinates: Sequence[Any]) -> Iterator[Sequence[float]]:
    """Yield the points of nested coordinates, however deep they are."""
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
    else:
        for inner in coordinates:
            yield from _points(inner)


zone_outlines = OutlineContract()
