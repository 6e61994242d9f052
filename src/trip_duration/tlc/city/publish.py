"""Writes the files of the city: months, zone lookup and zone shapes."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq

from trip_duration.params import CityParams, Service
from trip_duration.tlc.city.clock import demand_of_month, stream
from trip_duration.tlc.city.dirt import refunds_among, soil
from trip_duration.tlc.city.fares import charge
from trip_duration.tlc.city.ground import zone_shapes
from trip_duration.tlc.city.journeys import draw_journeys
from trip_duration.tlc.city.layout import as_published
from trip_duration.tlc.city.names import LAST_SHAPE, lookup

_FOLDER = "taxi_zones"
_FEET, _DEGREES = "EPSG:2263", "EPSG:4326"
# the day of TLC's own file: a clock would make the bytes differ
_WRITTEN = (2022, 12, 6)
# ids that TLC's shapefile misspells, at these ids' places
_SHAPE_IDS = {57: 56, 104: 103, 105: 103}
_VARIATION = 0.03


def write_month(params: CityParams, service: Service, month: str, to: Path) -> None:
    """Write the trips of one month as parquet."""
    rng = stream(params.seed, "dirt", service, month)
    count = round(params.trips * demand_of_month(month) * np.exp(_VARIATION * rng.normal()))
    clean = count - refunds_among(count) if params.dirt else count
    trips = charge(draw_journeys(params, service, month, clean), params, service, month)
    if params.dirt:
        trips = soil(trips, month, rng)
    pq.write_table(as_published(trips, service, month), to, compression="zstd")


def zone_frame() -> gpd.GeoDataFrame:
    """Return the 263 polygons with TLC's columns; lengths and areas are in degrees, as TLC's."""
    shapes = gpd.GeoSeries(list(zone_shapes()), crs=_FEET)
    degrees = np.asarray(shapes.to_crs(_DEGREES))
    names = lookup().head(LAST_SHAPE)
    objects = names["LocationID"].astype(np.int32)
    columns = {
        "OBJECTID": objects,
        "Shape_Leng": [shape.length for shape in degrees],
        "Shape_Area": [shape.area for shape in degrees],
        "zone": names["Zone"],
        "LocationID": objects.replace(_SHAPE_IDS),
        "borough": names["Borough"],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes)


def write_shapes(to: Path) -> None:
    """Write the zipped shapefile of the zones."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(to, "w") as archive:
        zone_frame().to_file(
            Path(folder) / f"{_FOLDER}.shp",
            engine="pyogrio",
            layer_options={"DBF_DATE_LAST_UPDATE": "{}-{:02}-{:02}".format(*_WRITTEN)},
        )
        for part in sorted(Path(folder).iterdir()):
            member = zipfile.ZipInfo(f"{_FOLDER}/{part.name}", (*_WRITTEN, 0, 0, 0))
            archive.writestr(member, part.read_bytes(), zipfile.ZIP_DEFLATED)
