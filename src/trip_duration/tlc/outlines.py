"""The contract of the outlines of zones, which are GeoJSON and no frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from trip_duration.errors import DataError


class OutlineContract:
    """Validator of the outlines: every feature keeps the contract ``ZoneOutlines``."""

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the same outlines.

        Raises:
            DataError: If they are no collection of features, or a feature breaks ``ZoneOutlines``.
        """
        from shapely.errors import ShapelyError  # noqa: PLC0415 - comes with geopandas

        try:
            features = [_describe_feature(feature) for feature in data["features"]]
        except (AttributeError, LookupError, TypeError, ValueError, ShapelyError) as error:
            raise DataError(
                "zone_outlines: expected a collection of GeoJSON features with id, properties and "
                f"geometry; found {error!r}. Make them again by the node build_zones."
            ) from None
        from trip_duration.schemas import ZoneOutlines, check_frame  # noqa: PLC0415 - half a second

        check_frame(pd.DataFrame(features), ZoneOutlines, "zone_outlines")
        return data


def _describe_feature(feature: Mapping[str, Any]) -> dict[str, Any]:
    from shapely.geometry import shape  # noqa: PLC0415 - comes with geopandas

    west, south, east, north = shape(feature["geometry"]).bounds
    if math.isnan(west):
        raise ValueError(f"zone {feature['id']} has a geometry without points")
    box = {"west": west, "east": east, "south": south, "north": north}
    names = {name: feature["properties"][name] for name in ("name", "borough")}
    return {"zone": feature["id"], **names, "kind": feature["geometry"]["type"], **box}


zone_outlines = OutlineContract()
