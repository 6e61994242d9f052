"""The taxi zones: one row of geometry for every id that trips can carry, and shapes to draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trip_duration.errors import SourceError

if TYPE_CHECKING:
    import geopandas as gpd

# ids that the lookup names but the shapefile spells otherwise: they take the shape of a neighbour
SHAPE_OF = {57: 56, 104: 103, 105: 103}
FEET = "EPSG:2263"
DEGREES = "EPSG:4326"
_AIRPORT_NAMES = ("Airports", "EWR")


def read_shapes(archive: Path) -> gpd.GeoDataFrame:
    """Read the zipped shapefile, one row per zone id, in feet of EPSG:2263.

    Polygons that carry the same id become one shape; the ids of ``SHAPE_OF`` get a copy of theirs.

    Raises:
        SourceError: If the archive holds no readable shapefile with a numeric ``LocationID``.
        DataError: If a polygon breaks the contract ``ZonePolygons``.
    """
    import geopandas as gpd  # noqa: PLC0415 - a second of imports that most commands do not need

    try:
        polygons = gpd.read_file(f"/vsizip/{Path(archive).resolve()}/taxi_zones")
        polygons = polygons[["LocationID", "geometry"]].to_crs(FEET)
        zones = polygons["LocationID"].astype(np.int64)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise SourceError(
            f"{archive}: expected a zipped shapefile of zones in the folder taxi_zones with a "
            f"column LocationID of whole numbers; found {error}. Ingest it again."
        ) from error
    described = {
        "LocationID": zones,
        "kind": polygons.geom_type,
        "area": polygons.area,
    }
    from trip_duration.schemas import ZonePolygons, check_frame  # noqa: PLC0415 - half a second

    check_frame(pd.DataFrame(described), ZonePolygons, str(archive))
    shapes = polygons.dissolve("LocationID")
    copies = [
        shapes.loc[[theirs]].rename(index={theirs: zone})
        for zone, theirs in SHAPE_OF.items()
        if zone not in shapes.index and theirs in shapes.index
    ]
    return pd.concat([shapes, *copies]).sort_index().rename_axis("zone")


def read_lookup(path: Path) -> pd.DataFrame:
    """Read the lookup of zone names, indexed by id; ``N/A`` is a name here, not a missing value.

    Raises:
        SourceError: If the file is no table, or lacks a needed column.
        DataError: If a row breaks the contract ``ZoneLookup``.
    """
    try:
        lookup = pd.read_csv(path, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path}: not a readable table of zones ({error}). Ingest it again."
        ) from error
    missing = {"LocationID", "Borough", "Zone", "service_zone"} - set(lookup.columns)
    if missing:
        raise SourceError(
            f"{path}: column missing: {', '.join(sorted(missing))}. Found: "
            f"{', '.join(lookup.columns)}. Check that it is TLC's zone lookup."
        )
    from trip_duration.schemas import ZoneLookup, check_frame  # noqa: PLC0415 - half a second

    return check_frame(lookup, ZoneLookup, str(path)).set_index("LocationID")


def describe_zones(shapes: gpd.GeoDataFrame, lookup: pd.DataFrame) -> pd.DataFrame:
    """Build the table of zones.

    Args:
        shapes: One shape per zone id, feet.
        lookup: Names of the zones, indexed by id.

    Returns:
        One row per zone, as in the ``Zones`` contract: centroid in feet and in degrees, area in
        square miles, borough, and whether the zone is an airport.
    """
    names = lookup.reindex(shapes.index)
    centroids = shapes.geometry.centroid
    degrees = centroids.to_crs(DEGREES)
    return pd.DataFrame(
        {
            "zone": shapes.index.to_numpy(np.int16),
            "name": names["Zone"].to_numpy(),
            "borough": names["Borough"].to_numpy(),
            "airport": names["service_zone"].isin(_AIRPORT_NAMES).to_numpy(),
            "x": centroids.x.to_numpy(),
            "y": centroids.y.to_numpy(),
            "longitude": degrees.x.to_numpy(),
            "latitude": degrees.y.to_numpy(),
            "area": shapes.geometry.area.to_numpy() / 5280.0**2,
        }
    )


def outline_zones(shapes: gpd.GeoDataFrame, tolerance: float = 150.0) -> dict[str, Any]:
    """Simplify the shapes for drawing.

    Args:
        shapes: One shape per zone id, feet.
        tolerance: Distance in feet by which an outline may deviate.

    Returns:
        GeoJSON in degrees, each feature's ``id`` being the zone id, and further columns its
        properties.
    """
    import shapely  # noqa: PLC0415 - comes with geopandas

    drawn = shapes.assign(geometry=shapes.geometry.simplify(tolerance)).to_crs(DEGREES)
    drawn["geometry"] = shapely.set_precision(drawn.geometry.to_numpy(), 1e-5)
    outlines: dict[str, Any] = json.loads(drawn.to_json(drop_id=False))
    for feature in outlines["features"]:
        feature["id"] = int(feature["id"])
    return outlines
