"""The files of the synthetic city: names, bytes, columns and types."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trip_duration.params import CityParams
from trip_duration.tlc.city import City
from trip_duration.tlc.files import RAW_COLUMNS, ZONE_LOOKUP, ZONE_SHAPES, read_month

GREEN = "trip-data/green_tripdata_2023-01.parquet"
YELLOW = "trip-data/yellow_tripdata_2023-01.parquet"
SMALL = CityParams(trips=500, seed=1)


def publish(name: str, folder: Path, params: CityParams = SMALL) -> Path:
    path = folder / Path(name).name
    City(params).write(name, path)
    return path


def schema_of(name: str, folder: Path) -> pa.Schema:
    return pq.ParquetFile(publish(name, folder)).schema_arrow


@pytest.mark.parametrize("name", [GREEN, YELLOW, ZONE_LOOKUP, ZONE_SHAPES])
def test_same_parameters_give_same_bytes(name: str, tmp_path: Path) -> None:
    first = publish(name, tmp_path).read_bytes()
    assert publish(name, tmp_path).read_bytes() == first


def test_other_seed_service_month_or_size_give_other_bytes(tmp_path: Path) -> None:
    files = [
        publish(GREEN, tmp_path).read_bytes(),
        publish(GREEN, tmp_path, CityParams(trips=500, seed=2)).read_bytes(),
        publish(GREEN, tmp_path, CityParams(trips=501, seed=1)).read_bytes(),
        publish(GREEN, tmp_path, CityParams(trips=500, seed=1, dirt=False)).read_bytes(),
        publish(YELLOW, tmp_path).read_bytes(),
        publish(GREEN.replace("-01.", "-02."), tmp_path).read_bytes(),
    ]
    assert len(set(files)) == len(files)


def test_a_month_does_not_depend_on_what_was_written_before(tmp_path: Path) -> None:
    alone = publish(GREEN, tmp_path).read_bytes()
    city = City(SMALL)
    for name in (YELLOW, GREEN.replace("2023-01", "2022-12"), GREEN):
        city.write(name, tmp_path / "after")
    assert (tmp_path / "after").read_bytes() == alone


def test_fingerprint_tells_parameters_apart() -> None:
    params = [SMALL, CityParams(), CityParams(dirt=False), CityParams(seed=3)]
    assert City(SMALL).fingerprint == City(CityParams(trips=500, seed=1)).fingerprint
    assert len({City(each).fingerprint for each in params}) == len(params)


@pytest.mark.parametrize(
    "name",
    [
        "trip-data/fhv_tripdata_2023-01.parquet",
        "trip-data/green_tripdata_2023-13.parquet",
        "trip-data/green_tripdata_2023-01.parquet.tmp",
        "../trip-data/green_tripdata_2023-01.parquet",
        "green_tripdata_2023-01.parquet",
        "misc/",
        "",
    ],
)
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="publishes no"):
        City(SMALL).write(name, tmp_path / "file")
    assert not (tmp_path / "file").exists()


GREEN_NAMES = [
    "VendorID", "lpep_pickup_datetime", "lpep_dropoff_datetime", "store_and_fwd_flag",
    "RatecodeID", "PULocationID", "DOLocationID", "passenger_count", "trip_distance",
    "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "ehail_fee",
    "improvement_surcharge", "total_amount", "payment_type", "trip_type",
    "congestion_surcharge",
]  # fmt: skip
YELLOW_NAMES = [
    "VendorID", "tpep_pickup_datetime", "tpep_dropoff_datetime", "passenger_count",
    "trip_distance", "RatecodeID", "store_and_fwd_flag", "PULocationID", "DOLocationID",
    "payment_type", "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount",
    "improvement_surcharge", "total_amount", "congestion_surcharge",
]  # fmt: skip
TYPED = ["VendorID", "store_and_fwd_flag", "RatecodeID", "DOLocationID", "payment_type"]


@pytest.mark.parametrize(
    ("name", "names", "types"),
    [
        (GREEN, GREEN_NAMES, "int64 string double int64 double"),
        (
            "trip-data/green_tripdata_2023-02.parquet",
            GREEN_NAMES,
            "int32 large_string int64 int32 int64",
        ),
        (
            "trip-data/green_tripdata_2025-01.parquet",
            [*GREEN_NAMES, "cbd_congestion_fee"],
            "int32 large_string int64 int32 int64",
        ),
        (YELLOW, [*YELLOW_NAMES, "airport_fee"], "int64 string double int64 int64"),
        (
            "trip-data/yellow_tripdata_2025-02.parquet",
            [*YELLOW_NAMES, "Airport_fee", "cbd_congestion_fee"],
            "int32 large_string int64 int32 int64",
        ),
    ],
)
def test_columns_follow_the_generation_of_the_month(
    name: str, names: list[str], types: str, tmp_path: Path
) -> None:
    schema = schema_of(name, tmp_path)
    assert schema.names == names
    assert [str(schema.field(column).type) for column in TYPED] == types.split()


def test_unused_column_has_the_null_type_until_2023_01(tmp_path: Path) -> None:
    later = GREEN.replace("-01.", "-02.")
    assert str(schema_of(GREEN, tmp_path).field("ehail_fee").type) == "null"
    assert str(schema_of(later, tmp_path).field("ehail_fee").type) == "double"
    assert str(schema_of(later, tmp_path).field("lpep_pickup_datetime").type) == "timestamp[us]"


@pytest.mark.parametrize("name", [GREEN, YELLOW])
def test_the_project_reads_a_month(name: str, tmp_path: Path) -> None:
    assert list(read_month(publish(name, tmp_path)).columns) == list(RAW_COLUMNS)


def test_lookup_is_spelt_as_tlc_spells_it(tmp_path: Path) -> None:
    text = publish(ZONE_LOOKUP, tmp_path).read_bytes()
    lines = text.decode().split("\r\n")
    assert lines[0] == '"LocationID","Borough","Zone","service_zone"'
    assert lines[1] == '1,"EWR","Newark Airport","EWR"'
    assert lines[264:] == ['264,"Unknown","NV","N/A"', '265,"Unknown","NA","N/A"', ""]
    lookup = pd.read_csv(io.BytesIO(text), keep_default_na=False).set_index("LocationID")
    assert lookup.groupby("Borough").size().to_dict() == {
        "Bronx": 43,
        "Brooklyn": 61,
        "EWR": 1,
        "Manhattan": 69,
        "Queens": 69,
        "Staten Island": 20,
        "Unknown": 2,
    }
    assert lookup.index[lookup["service_zone"] == "Airports"].tolist() == [132, 138]
    assert (lookup["service_zone"] == "Yellow Zone").sum() == 55
    shared = lookup["Zone"][lookup["Zone"].duplicated(keep=False)]
    assert shared.index.tolist() == [56, 57, 103, 104, 105]


def test_shapefile_has_the_quirks_of_tlcs(tmp_path: Path) -> None:
    path = publish(ZONE_SHAPES, tmp_path)
    zones = gpd.read_file(f"/vsizip/{path}/taxi_zones")
    assert list(zones.columns[:-1]) == [
        "OBJECTID",
        "Shape_Leng",
        "Shape_Area",
        "zone",
        "LocationID",
        "borough",
    ]
    assert zones.crs.to_epsg() == 2263
    assert zones["OBJECTID"].tolist() == list(range(1, 264))
    assert set(range(1, 264)) - set(zones["LocationID"]) == {57, 104, 105}
    assert zones["LocationID"].value_counts().head(2).to_dict() == {103: 3, 56: 2}
    assert zones.geometry.is_valid.all()
    west, south, east, north = zones.to_crs(4326).total_bounds
    assert (west > -74.3, south > 40.45, east < -73.6, north < 40.95) == (True,) * 4


def test_zones_do_not_overlap_and_boroughs_are_apart(tmp_path: Path) -> None:
    zones = gpd.read_file(f"/vsizip/{publish(ZONE_SHAPES, tmp_path)}/taxi_zones")
    union = zones.geometry.union_all()
    assert union.area == pytest.approx(zones.geometry.area.sum(), rel=1e-6)
    boroughs = zones.dissolve("borough").geometry
    gaps = [
        first.distance(second)
        for number, first in enumerate(boroughs)
        for second in list(boroughs)[:number]
    ]
    assert min(gaps) > 500  # feet of water


def test_archive_holds_one_folder_without_a_clock(tmp_path: Path) -> None:
    with zipfile.ZipFile(publish(ZONE_SHAPES, tmp_path)) as archive:
        names = {Path(name).suffix for name in archive.namelist()}
        assert {".shp", ".shx", ".dbf", ".prj"} <= names
        assert {Path(name).parent.as_posix() for name in archive.namelist()} == {"taxi_zones"}
        assert {member.date_time[:3] for member in archive.infolist()} == {(2022, 12, 6)}
