from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset
from shapely.geometry import box

from trip_duration.datasets import TripMonthsDataset
from trip_duration.errors import DataError
from trip_duration.months import MonthPart
from trip_duration.params import DataProcessingParams
from trip_duration.pipelines.data_processing import create_pipeline, nodes
from trip_duration.pipelines.data_processing.nodes import (
    assess_months,
    build_zones,
    clean_months,
    pass_months,
)

ZONES = pd.DataFrame({"zone": np.array([1, 2, 263], np.int16)})


def _params(months: str = "2023-01..2023-02", **groups: Any) -> DataProcessingParams:
    return DataProcessingParams.model_validate({"service": "green", "months": months, **groups})


def _raw(month: str, minutes: tuple[float, ...] = (10, 20, 30), sha256: str = "a") -> MonthPart:
    def read() -> pd.DataFrame:
        pickup = pd.date_range(f"{month}-02", periods=len(minutes), freq="h", unit="us")
        return pd.DataFrame(
            {
                "pickup_datetime": pickup,
                "dropoff_datetime": pickup + pd.to_timedelta(list(minutes), unit="min"),
                "pickup_zone": pd.array([1] * len(minutes), "Int32"),
                "dropoff_zone": pd.array([2] * len(minutes), "Int32"),
                "trip_distance": 1.5,
                "total_amount": 10.0,
            }
        ).astype({"dropoff_datetime": "datetime64[us]"})

    file = f"trip-data/green_tripdata_{month}.parquet"
    record = {"file": file, "sha256": sha256, "source": f"/mnt/tlc/{file}"}
    return MonthPart(month, record, read)


def _raw_months(*months: str) -> dict[str, MonthPart]:
    return {month: _raw(month) for month in months}


def _zone_files(folder: Path) -> dict[str, Any]:
    """Write two zones in the publisher's layout."""
    (folder / "shapes").mkdir(parents=True)
    squares = [box(980_000, 200_000, 985_280, 205_280), box(990_000, 200_000, 995_280, 210_560)]
    frame = gpd.GeoDataFrame({"LocationID": [1, 2]}, geometry=squares, crs="EPSG:2263")
    frame.to_file(folder / "shapes" / "taxi_zones.shp")
    with zipfile.ZipFile(folder / "taxi_zones.zip", "w") as archive:
        for part in (folder / "shapes").iterdir():
            archive.write(part, f"taxi_zones/{part.name}")
    (folder / "taxi_zone_lookup.csv").write_text(
        "LocationID,Borough,Zone,service_zone\n1,Queens,JFK Airport,Airports\n2,Bronx,Norwood,N/A\n"
    )
    names = ("taxi_zones.zip", "taxi_zone_lookup.csv")
    return {name: SimpleNamespace(path=folder / name) for name in names}


def test_zones_and_outlines_are_made_of_the_publisher_s_files(tmp_path: Path) -> None:
    zones, outlines = build_zones(_zone_files(tmp_path))
    assert zones["zone"].tolist() == [1, 2]
    assert zones["borough"].tolist() == ["Queens", "Bronx"]
    assert zones["airport"].tolist() == [True, False]
    assert zones["area"].round(6).tolist() == [1.0, 2.0]
    assert [feature["id"] for feature in outlines["features"]] == [1, 2]
    assert [feature["properties"] for feature in outlines["features"]] == [
        {"name": "JFK Airport", "borough": "Queens"},
        {"name": "Norwood", "borough": "Bronx"},
    ]


def test_wanted_months_are_cleaned_when_they_are_read() -> None:
    reads: list[str] = []
    raw = _raw_months("2022-12", "2023-01", "2023-02")
    raw["2023-01"] = raw["2023-01"].then(lambda frame: reads.append("2023-01") or frame)
    cleaned = clean_months(raw, ZONES, _params())
    assert (list(cleaned), reads) == (["2023-01", "2023-02"], [])
    assert cleaned["2023-01"].read()["duration_minutes"].tolist() == [10.0, 20.0, 30.0]
    assert reads == ["2023-01"]
    assert cleaned["2023-01"].month == "2023-01"
    assert cleaned["2023-01"].record["file"] == "trip-data/green_tripdata_2023-01.parquet"
    assert cleaned["2023-01"].record["source"] == "real"


def test_rules_and_zones_are_those_given() -> None:
    rules = {"rules": {"max_duration": 25}}
    cleaned = clean_months(_raw_months("2023-01"), ZONES, _params("2023-01", **rules))
    assert cleaned["2023-01"].read()["duration_minutes"].tolist() == [10.0, 20.0]
    cleaned = clean_months(_raw_months("2023-01"), ZONES[1:], _params("2023-01"))
    assert cleaned["2023-01"].read().attrs["quality"]["rejected"]["unknown_zone"] == 3


@pytest.mark.parametrize(
    ("ingested", "said"),
    [
        (["2023-02"], "months not ingested: 2023-01. Found: 2023-02."),
        ([], "months not ingested: 2023-01, 2023-02. Found: none."),
    ],
)
def test_month_that_was_not_ingested_is_named(ingested: list[str], said: str) -> None:
    with pytest.raises(DataError) as caught:
        clean_months(_raw_months(*ingested), ZONES, _params())
    assert str(caught.value).startswith(said)


def _digest(raw: MonthPart | None = None, zones: pd.DataFrame = ZONES, **params: Any) -> str:
    part = raw or _raw("2023-01")
    asked = _params(params.pop("months", part.month), **params)
    months = {month: part for month in asked.wanted}
    digest: str = clean_months(months, zones, asked)[part.month].record["digest"]
    return digest


def test_digest_changes_with_all_that_trips_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = [
        _digest(),
        _digest(_raw("2023-01", sha256="b")),
        _digest(_raw("2023-02")),
        _digest(zones=ZONES[:2]),
        _digest(zones=pd.DataFrame({"zone": np.array([1, 2, 262], np.int16)})),
        *(
            _digest(rules={name: value})
            for name, value in [
                *(("min_duration", 2), ("max_duration", 170), ("min_distance", 0.1)),
                *(("max_distance", 90), ("max_speed", 90)),
            ]
        ),
    ]
    monkeypatch.setattr(nodes, "digest_of_rules", lambda: "of other code")
    digests.append(_digest())
    assert len(set(digests)) == len(digests) == 11


def test_digest_does_not_change_with_anything_else() -> None:
    moved = _raw("2023-01")
    moved.record["file"] = "elsewhere/2023-01.parquet"
    same = [
        _digest(moved),
        _digest(months="2023-01..2023-03"),
        _digest(gate={"min_rows": 1}),
        _digest(zones=ZONES.assign(area=[1.0, 2.0, 3.0])),
        _digest(rules={"min_duration": 1, "max_duration": 180.0}),
        _digest(service="yellow"),
    ]
    assert set(same) == {_digest()}


RULES = (
    *("missing_value", "outside_month", "clock_change", "unknown_zone", "too_short"),
    *("too_long", "refund", "duplicate", "too_fast"),
)


def _quality(kept: int, median: float | None = 12.0, **rejected: int) -> dict[str, Any]:
    counts = {**dict.fromkeys(RULES, 0), **rejected}
    return {
        "rows_read": kept + sum(rejected.values()),
        "rows_kept": kept,
        "rejected": counts,
        "distance_made_null": 0,
        "median_duration": median,
    }


def _processed(**months: dict[str, Any]) -> dict[str, MonthPart]:
    def read() -> pd.DataFrame:
        raise AssertionError("rows are not to be read")

    named = {f"2023-{name[1:]}": quality for name, quality in months.items()}
    return {month: MonthPart(month, {"quality": q}, read) for month, q in named.items()}


@pytest.mark.parametrize(
    ("good", "bad", "failure"),
    [
        (_quality(100), _quality(99), "99 trips kept, min_rows is 100"),
        (
            _quality(150, too_short=30, too_long=20),
            _quality(149, too_short=31, too_long=20),
            "25.5% of rows rejected, max_rejected_share is 25.0%",
        ),
        (
            _quality(180, unknown_zone=20),
            _quality(179, unknown_zone=21),
            "10.5% of rows in unknown zones, max_unknown_zone_share is 10.0%",
        ),
        (
            _quality(100, 3.0),
            _quality(100, 2.9),
            "median duration 2.9 minutes, expected 3.0 to 40.0",
        ),
        (
            _quality(100, 40.0),
            _quality(100, 41.0),
            "median duration 41.0 minutes, expected 3.0 to 40.0",
        ),
    ],
)
def test_each_bound_of_the_gate_holds(
    good: dict[str, Any], bad: dict[str, Any], failure: str
) -> None:
    params = _params(gate={"min_rows": 100})
    report = assess_months(_processed(m01=good, m02=bad), params)
    assert report == {
        "service": "green",
        "months": {"2023-01": good, "2023-02": bad},
        "failures": [f"2023-02: {failure}"],
    }


def test_empty_month_breaks_the_bounds_of_rows_and_median_only() -> None:
    report = assess_months(_processed(m01=_quality(0, None)), _params("2023-01"))
    assert report["failures"] == [
        "2023-01: 0 trips kept, min_rows is 1000",
        "2023-01: median duration None minutes, expected 3.0 to 40.0",
    ]


def test_months_that_are_not_wanted_are_not_assessed() -> None:
    months = _processed(m01=_quality(5_000), m02=_quality(0, None))
    report = assess_months(months, _params("2023-01"))
    assert (list(report["months"]), report["failures"]) == (["2023-01"], [])


def test_only_months_that_all_keep_the_bounds_are_passed() -> None:
    quality = {"months": {"2023-01": {}, "2023-02": {}}, "failures": []}
    assert pass_months(quality) == ["2023-01", "2023-02"]
    with pytest.raises(DataError) as caught:
        pass_months({**quality, "failures": ["2023-01: too few", "2023-02: too long"]})
    assert "- 2023-01: too few\n- 2023-02: too long\n" in str(caught.value)


def _run(folder: Path, params: DataProcessingParams, **raw: MonthPart) -> DataCatalog:
    months = {part.month: part for part in raw.values()}
    catalog = DataCatalog(
        {
            "params:data_processing": MemoryDataset(params),
            "raw_zone_files": MemoryDataset(_zone_files(folder / "misc"), copy_mode="assign"),
            "raw_trips": MemoryDataset(months, copy_mode="assign"),
            "trips": TripMonthsDataset(path=f"{folder}/trips"),
            "data_quality": JSONDataset(filepath=f"{folder}/data_quality.json"),
            "passed_months": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    return catalog


def test_pipeline_makes_trips_a_report_and_passed_months(tmp_path: Path) -> None:
    params = _params(gate={"min_rows": 2, "max_rejected_share": 0.5})
    catalog = _run(tmp_path, params, a=_raw("2023-01"), b=_raw("2023-02", (5, 15, 0)))
    trips = catalog.load("trips")
    assert trips["2023-02"].read()["duration_minutes"].tolist() == [5.0, 15.0]
    report = catalog.load("data_quality")
    assert report["months"]["2023-01"] == _quality(3, 20.0)
    assert report["months"]["2023-02"] == _quality(2, 10.0, too_short=1)
    assert catalog.load("passed_months") == ["2023-01", "2023-02"]


def test_pipeline_stops_at_the_gate_after_the_trips_were_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="2023-01: 3 trips kept, min_rows is 1000"):
        _run(tmp_path, _params("2023-01"), a=_raw("2023-01"))
    assert list(TripMonthsDataset(path=f"{tmp_path}/trips").load()) == ["2023-01"]
