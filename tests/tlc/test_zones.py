from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Polygon, box

from trip_duration.errors import DataError, SourceError
from trip_duration.schemas import Zones
from trip_duration.tlc.zones import describe_zones, outline_zones, read_lookup, read_shapes

MILE = 5280.0
# squares of half a mile and of a mile; the origin lies in Lower Manhattan
X, Y = 980_000.0, 200_000.0
LOOKUP = """\
"LocationID","Borough","Zone","service_zone"
1,"EWR","Newark Airport","EWR"
2,"Queens","JFK Airport","Airports"
56,"Queens","Corona","Boro Zone"
57,"Queens","Corona","Boro Zone"
103,"Manhattan","Governor's Island/Ellis Island/Liberty Island","Yellow Zone"
104,"Manhattan","Governor's Island/Ellis Island/Liberty Island","Yellow Zone"
105,"Manhattan","Governor's Island/Ellis Island/Liberty Island","Yellow Zone"
264,"Unknown","NV","N/A"
265,"N/A","NA",""
"""


def _square(east: float, north: float, side: float = 1.0) -> Polygon:
    x, y = X + east * MILE, Y + north * MILE
    return box(x, y, x + side * MILE, y + side * MILE)


def _polygons() -> gpd.GeoDataFrame:
    shapes = {1: [_square(0, 0)], 2: [_square(2, 0, 0.5)], 56: [_square(0, 2), _square(1, 2)]}
    shapes[103] = [_square(4, 4), _square(6, 4), _square(5, 5)]
    rows = [(zone, shape) for zone, parts in shapes.items() for shape in parts]
    zones, geometry = zip(*rows, strict=True)
    columns = {"OBJECTID": range(1, 8), "LocationID": np.array(zones, np.int32)}
    return gpd.GeoDataFrame(columns, geometry=list(geometry), crs="EPSG:2263")


def _zip(frame: gpd.GeoDataFrame, at: Path, folder: str = "taxi_zones") -> Path:
    at.mkdir(parents=True)
    frame.to_file(at / "taxi_zones.shp")
    with zipfile.ZipFile(at / "taxi_zones.zip", "w") as archive:
        for part in sorted(at.glob("taxi_zones.*")):
            if part.suffix != ".zip":
                archive.write(part, f"{folder}/{part.name}")
    return at / "taxi_zones.zip"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return _zip(_polygons(), tmp_path / "misc")


@pytest.fixture
def lookup_file(tmp_path: Path) -> Path:
    path = tmp_path / "taxi_zone_lookup.csv"
    path.write_text(LOOKUP)
    return path


def test_every_id_gets_one_shape(archive: Path) -> None:
    shapes = read_shapes(archive)
    assert shapes.index.tolist() == [1, 2, 56, 57, 103, 104, 105]
    assert shapes.crs == "EPSG:2263"
    area = (shapes.geometry.area / MILE**2).round(9)
    assert area.tolist() == [1.0, 0.25, 2.0, 2.0, 3.0, 3.0, 3.0]
    assert shapes.geometry[57].equals(shapes.geometry[56])
    assert shapes.geometry[104].equals(shapes.geometry[105])


def test_id_with_a_shape_of_its_own_keeps_it(tmp_path: Path) -> None:
    polygons = _polygons()
    polygons.loc[3, "LocationID"] = 57
    shapes = read_shapes(_zip(polygons, tmp_path / "misc"))
    assert (shapes.geometry.area / MILE**2).round(9)[[56, 57]].tolist() == [1.0, 1.0]
    assert shapes.geometry[57].bounds[0] == pytest.approx(X + MILE)


def test_alias_without_a_neighbour_is_left_out(tmp_path: Path) -> None:
    polygons = _polygons().query("LocationID < 100")
    assert read_shapes(_zip(polygons, tmp_path / "misc")).index.tolist() == [1, 2, 56, 57]


def test_shapes_in_degrees_are_brought_to_feet(tmp_path: Path, archive: Path) -> None:
    degrees = read_shapes(_zip(_polygons().to_crs("EPSG:4326"), tmp_path / "degrees"))
    theirs, ours = degrees.geometry.bounds, read_shapes(archive).geometry.bounds
    pd.testing.assert_frame_equal(theirs, ours, rtol=0, atol=0.1)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(
    "fault", ["no file", "html", "other folder", "no column", "words", "no ids", "no crs"]
)
def test_wrong_archive_is_named(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "misc" / "taxi_zones.zip"
    match fault:
        case "html":
            path.parent.mkdir()
            path.write_text("<html></html>")
        case "other folder":
            _zip(_polygons(), path.parent, folder="elsewhere")
        case "no column":
            _zip(_polygons().drop(columns="LocationID"), path.parent)
        case "words":
            _zip(_polygons().assign(LocationID="four"), path.parent)
        case "no ids":
            _zip(_polygons().assign(LocationID=float("nan")), path.parent)
        case "no crs":
            _zip(_polygons().set_crs(None, allow_override=True), path.parent)
    with pytest.raises(SourceError) as caught:
        read_shapes(path)
    assert str(caught.value).startswith(f"{path}: expected a zipped shapefile of zones in")


def test_names_that_look_like_nothing_are_names(lookup_file: Path) -> None:
    lookup = read_lookup(lookup_file)
    assert lookup.index.tolist() == [1, 2, 56, 57, 103, 104, 105, 264, 265]
    assert lookup.loc[264].tolist() == ["Unknown", "NV", "N/A"]
    assert lookup.loc[265].tolist() == ["N/A", "NA", ""]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"LocationID,Zone,name\r\n1,a,b\r\n",
            "column missing: Borough, service_zone. Found: LocationID, Zone, name.",
        ),
        (b"<html></html>", "column missing: Borough, LocationID, Zone, service_zone."),
        (b"", "not a readable table of zones"),
        (b"\xff\xfe\x00\x81", "not a readable table of zones"),
        (None, "not a readable table of zones"),
    ],
)
def test_wrong_lookup_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "lookup.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_lookup(path)
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ('1,"Queens","Corona","Boro Zone"', "column LocationID, check field_uniqueness"),
        ('0,"Queens","Corona","Boro Zone"', "column LocationID, check greater_than_or_equal_to(1)"),
        ('one,"Queens","Corona","Boro Zone"', "column LocationID, check dtype('int64')"),
        ('3,"","Corona","Boro Zone"', "column Borough, check str_length(1, None)"),
    ],
)
def test_a_row_of_the_lookup_that_breaks_its_contract_is_named(
    tmp_path: Path, row: str, named: str
) -> None:
    path = tmp_path / "lookup.csv"
    path.write_text(f"{LOOKUP}{row}\n")
    with pytest.raises(DataError, match=r"lookup\.csv breaks the contract ZoneLookup") as caught:
        read_lookup(path)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("zone", "shape", "named"),
    [
        (264, _square(0, 0), "column LocationID, check less_than_or_equal_to(263)"),
        (4, LineString([(X, Y), (X + MILE, Y)]), "column kind, check isin("),
        (4, Polygon(), "column area, check greater_than(0)"),
        (4, None, "column kind"),
    ],
)
def test_a_polygon_that_breaks_its_contract_is_named(
    tmp_path: Path, zone: int, shape: Any, named: str
) -> None:
    path = tmp_path / "zones.gpkg"
    one = gpd.GeoDataFrame({"LocationID": [zone]}, geometry=[shape], crs="EPSG:2263")
    pd.concat([_polygons(), one]).to_file(path, layer="taxi_zones")
    with pytest.MonkeyPatch.context() as patch:
        # a shapefile holds one kind of geometry; other forms do not
        whole = gpd.read_file
        patch.setattr(gpd, "read_file", lambda _: whole(path))
        with pytest.raises(DataError, match=r"breaks the contract ZonePolygons") as caught:
            read_shapes(path)
    assert named in str(caught.value)


def test_zones_are_described(archive: Path, lookup_file: Path) -> None:
    zones = describe_zones(read_shapes(archive), read_lookup(lookup_file))
    Zones.validate(zones, lazy=True)
    assert zones["zone"].tolist() == [1, 2, 56, 57, 103, 104, 105]
    assert zones["name"].tolist()[:3] == ["Newark Airport", "JFK Airport", "Corona"]
    assert zones["borough"].tolist() == ["EWR", *["Queens"] * 3, *["Manhattan"] * 3]
    assert zones["airport"].tolist() == [True, True, *[False] * 5]
    assert zones["area"].round(9).tolist() == [1.0, 0.25, 2.0, 2.0, 3.0, 3.0, 3.0]
    east, north = (zones["x"] - X) / MILE, (zones["y"] - Y) / MILE
    assert east.round(6).tolist() == [0.5, 2.25, 1.0, 1.0, 5.5, 5.5, 5.5]
    assert north.round(6).tolist() == [0.5, 0.25, 2.5, 2.5, 4.833333, 4.833333, 4.833333]


def test_degrees_of_a_known_place(tmp_path: Path, lookup_file: Path) -> None:
    # the Empire State Building, 40.7484 N 73.9857 W
    tower = gpd.GeoSeries.from_xy([-73.9857], [40.7484], crs="EPSG:4326").to_crs("EPSG:2263")
    polygons = gpd.GeoDataFrame({"LocationID": [1]}, geometry=tower.buffer(100))
    shapes = read_shapes(_zip(polygons, tmp_path / "misc"))
    zone = describe_zones(shapes, read_lookup(lookup_file)).iloc[0]
    assert (zone["longitude"], zone["latitude"]) == pytest.approx((-73.9857, 40.7484), abs=1e-6)
    assert (zone["x"], zone["y"]) == pytest.approx((988_215, 211_950), abs=200)


def test_outlines_are_geojson_in_degrees_with_the_ids_of_zones(archive: Path) -> None:
    shapes = read_shapes(archive)
    outlines = outline_zones(shapes)
    assert outlines["type"] == "FeatureCollection"
    assert [feature["id"] for feature in outlines["features"]] == shapes.index.tolist()
    ring = np.array(outlines["features"][0]["geometry"]["coordinates"][0])
    corner = gpd.GeoSeries.from_xy([X], [Y], crs="EPSG:2263").to_crs("EPSG:4326").iloc[0]
    assert ring.min(axis=0) == pytest.approx((corner.x, corner.y), abs=1e-3)
    assert np.array_equal(ring, ring.round(5))


def test_outlines_keep_the_tolerance() -> None:
    bump = Polygon([(X, Y), (X + 500, Y + 100), (X + 1000, Y), (X + 500, Y + 3000)])
    shapes = gpd.GeoDataFrame({"zone": [1]}, geometry=[bump], crs="EPSG:2263").set_index("zone")
    corners = [
        len(outline_zones(shapes, tolerance)["features"][0]["geometry"]["coordinates"][0]) - 1
        for tolerance in (50.0, 150.0)
    ]
    assert corners == [4, 3]


@pytest.mark.tlc
def test_the_publisher_s_own_files_give_263_whole_zones() -> None:
    root = os.environ.get("TLC_SOURCE_ROOT", "")
    if not Path(root, "misc", "taxi_zones.zip").is_file():
        pytest.skip("TLC_SOURCE_ROOT names no folder with misc/taxi_zones.zip")
    misc = Path(root) / "misc"
    shapes = read_shapes(misc / "taxi_zones.zip")
    zones = describe_zones(shapes, read_lookup(misc / "taxi_zone_lookup.csv"))
    Zones.validate(zones, lazy=True)
    assert zones["zone"].tolist() == list(range(1, 264))
    assert not zones.isna().any(axis=None)
    assert zones.loc[zones["airport"], "zone"].tolist() == [1, 132, 138]
    assert zones["borough"].value_counts().to_dict() == {
        **{"Manhattan": 69, "Queens": 69, "Brooklyn": 61},
        **{"Bronx": 43, "Staten Island": 20, "EWR": 1},
    }
    assert len(outline_zones(shapes)["features"]) == 263
