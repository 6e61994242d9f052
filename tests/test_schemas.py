from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog
from pandera.errors import SchemaError, SchemaErrors

from trip_duration.errors import DataError
from trip_duration.months import MonthPart
from trip_duration.schemas import (
    MonthByMonth,
    Predictions,
    RawTrips,
    Trips,
    Zones,
    check_frame,
    features,
    raw_trips_by_month,
    trips_by_month,
)

TIMES = np.array(["2023-01-01T00:00", "2023-01-01T12:00", "2023-01-31T23:59"], "datetime64[us]")


@pytest.fixture
def raw() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pickup_datetime": TIMES,
            "dropoff_datetime": TIMES + np.timedelta64(10, "m"),
            "pickup_zone": np.array([1, 2, 265], np.int64),
            "dropoff_zone": np.array([3, 264, 5], np.int64),
            "trip_distance": [1.5, np.nan, -3.0],
            "total_amount": [10.0, -10.0, np.nan],
        }
    )


@pytest.fixture
def trips() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pickup_datetime": TIMES,
            "pickup_zone": np.array([1, 2, 263], np.int16),
            "dropoff_zone": np.array([3, 4, 5], np.int16),
            "trip_distance": [1.5, np.nan, 0.0],
            "duration_minutes": [10.0, 1.0, 0.5],
        }
    )


def _refusal(frame: pd.DataFrame, model: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        check_frame(frame, model, "green.parquet")
    first, *lines = str(caught.value).splitlines()
    assert first == f"green.parquet breaks the contract {model.__name__}:"
    return lines


@pytest.mark.parametrize("ids", [np.int32, np.int64, np.float64, "Int64", "Int32"])
def test_raw_trips_of_every_generation_get_the_same_types(raw: pd.DataFrame, ids: Any) -> None:
    published = raw.astype({"pickup_zone": ids, "dropoff_zone": ids})
    checked = check_frame(published, RawTrips, "green.parquet")
    assert checked.dtypes.astype(str).to_dict() == {
        "pickup_datetime": "datetime64[us]",
        "dropoff_datetime": "datetime64[us]",
        "pickup_zone": "Int32",
        "dropoff_zone": "Int32",
        "trip_distance": "float64",
        "total_amount": "float64",
    }
    assert checked["pickup_zone"].tolist() == [1, 2, 265]
    assert checked["total_amount"].tolist()[:2] == [10.0, -10.0]


def test_raw_trips_tolerate_nulls_finer_times_and_more_columns(raw: pd.DataFrame) -> None:
    more = raw.astype({"pickup_datetime": "datetime64[ns]"}).assign(
        pickup_zone=[1, None, 2], total_amount=[None] * 3, cbd_congestion_fee=0.75
    )
    checked = check_frame(more, RawTrips, "green.parquet")
    assert checked["pickup_datetime"].to_numpy().tolist() == TIMES.tolist()
    assert checked["pickup_datetime"].dtype == "datetime64[us]"
    assert checked["pickup_zone"].isna().tolist() == [False, True, False]
    assert checked["total_amount"].isna().all()
    assert checked["cbd_congestion_fee"].tolist() == [0.75] * 3


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"pickup_zone": ["here", "2", "there"]},
            "column pickup_zone, check coerce_dtype('Int32'): 2 of 3 rows, for example here, there",
        ),
        (
            {"pickup_zone": [1, 2**40, 3]},
            "column pickup_zone, check coerce_dtype('Int32'): 1 of 3 rows, "
            "for example 1099511627776",
        ),
        (
            {"pickup_datetime": ["2023-01-01", "2023-01-01", "noon"]},
            "column pickup_datetime, check coerce_dtype('datetime64[us]'): 1 of 3 rows, "
            "for example noon",
        ),
        (
            {"trip_distance": ["far", "1", "2"]},
            "column trip_distance, check coerce_dtype('float64'): 1 of 3 rows, for example far",
        ),
    ],
)
def test_values_that_do_not_fit_are_named(
    raw: pd.DataFrame, change: dict[str, Any], line: str
) -> None:
    assert _refusal(raw.assign(**change), RawTrips) == [f"- {line}"]


def test_every_fault_of_a_raw_month_is_named_at_once(raw: pd.DataFrame) -> None:
    bad = raw.drop(columns="total_amount").assign(trip_distance=["a", "b", "c"])
    assert sorted(_refusal(bad, RawTrips)) == [
        "- column total_amount, check column_in_dataframe: 3 of 3 rows, for example total_amount",
        "- column trip_distance, check coerce_dtype('float64'): 3 of 3 rows, for example a, b, c",
    ]


def test_trips_that_keep_the_contract_pass_unchanged(trips: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(check_frame(trips, Trips, "2023-01"), trips)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"pickup_zone": np.array([1, 0, 264], np.int16)},
            [
                "column pickup_zone, check greater_than_or_equal_to(1): 1 of 3 rows, for example 0",
                "column pickup_zone, check less_than_or_equal_to(263): 1 of 3 rows, "
                "for example 264",
            ],
        ),
        (
            {"duration_minutes": [0.0, -1.0, np.nan]},
            [
                "column duration_minutes, check not_nullable: 1 of 3 rows, for example nan",
                "column duration_minutes, check greater_than(0): 2 of 3 rows, "
                "for example 0.0, -1.0",
            ],
        ),
        (
            {"trip_distance": [-0.1, 1.0, 2.0]},
            [
                "column trip_distance, check greater_than_or_equal_to(0): 1 of 3 rows, "
                "for example -0.1"
            ],
        ),
        (
            {"dropoff_zone": [1, 2, 3]},
            ["column dropoff_zone, check dtype('int16'): 3 of 3 rows, for example int64"],
        ),
        (
            {"pickup_datetime": TIMES.astype("datetime64[ns]")},
            [
                "column pickup_datetime, check dtype('datetime64[us]'): 3 of 3 rows, "
                "for example datetime64[ns]"
            ],
        ),
        (
            {"tip": 1.0},
            ["column tip, check column_in_schema: 3 of 3 rows, for example tip"],
        ),
    ],
)
def test_trips_are_strict(trips: pd.DataFrame, change: dict[str, Any], line: list[str]) -> None:
    assert _refusal(trips.assign(**change), Trips) == [f"- {each}" for each in line]


def test_at_most_five_examples_are_given(trips: pd.DataFrame) -> None:
    many = pd.concat([trips] * 3, ignore_index=True).assign(duration_minutes=-1.0 * np.arange(9))
    assert _refusal(many, Trips) == [
        "- column duration_minutes, check greater_than(0): 9 of 9 rows, "
        "for example -0.0, -1.0, -2.0, -3.0, -4.0"
    ]


def _part(month: str, frame: pd.DataFrame, reads: list[str]) -> MonthPart:
    def read() -> pd.DataFrame:
        reads.append(month)
        return frame

    return MonthPart(month, {"file": f"trip-data/{month}.parquet"}, read)


def test_months_are_checked_when_they_are_read_and_on_their_own(trips: pd.DataFrame) -> None:
    reads: list[str] = []
    months = {
        "2023-01": _part("2023-01", trips, reads),
        "2023-02": _part("2023-02", trips.assign(duration_minutes=0.0), reads),
    }
    checked = trips_by_month.validate(months)
    assert reads == []
    assert checked["2023-01"].read()["duration_minutes"].tolist() == [10.0, 1.0, 0.5]
    assert reads == ["2023-01"]
    with pytest.raises(DataError, match=r"^trip-data/2023-02\.parquet breaks the contract Trips"):
        checked["2023-02"].read()
    assert checked["2023-01"].record == {"file": "trip-data/2023-01.parquet"}


def test_raw_months_are_made_uniform(raw: pd.DataFrame) -> None:
    checked = raw_trips_by_month.validate({"2023-01": _part("2023-01", raw, [])})
    assert checked["2023-01"].read()["pickup_zone"].dtype == pd.Int32Dtype()


def test_month_without_a_file_is_named_by_the_month(trips: pd.DataFrame) -> None:
    part = MonthPart("2023-01", {}, lambda: trips.drop(columns="pickup_zone"))
    with pytest.raises(DataError, match=r"^2023-01 breaks the contract Trips"):
        MonthByMonth(Trips).validate({"2023-01": part})["2023-01"].read()


def test_kedro_puts_the_check_in_the_way_of_saving_and_of_loading(trips: pd.DataFrame) -> None:
    reads: list[str] = []
    entry = {"type": "MemoryDataset", "copy_mode": "assign"}
    validated = {**entry, "validator": "trip_duration.schemas.trips_by_month"}
    catalog = DataCatalog.from_config({"trips": validated})
    catalog.save("trips", {"2023-01": _part("2023-01", trips.assign(tip=1.0), reads)})
    loaded = catalog.load("trips")
    assert reads == []
    with pytest.raises(DataError, match="column tip, check column_in_schema"):
        loaded["2023-01"].read()
    assert reads == ["2023-01"]


ZONES = pd.DataFrame(
    {
        "zone": np.array([1, 2], np.int16),
        "name": ["Newark Airport", "N/A"],
        "borough": ["EWR", "Queens"],
        "airport": [True, False],
        "x": [936_000.0, 1_030_000.0],
        "y": [191_000.0, 160_000.0],
        "longitude": [-74.2, -73.8],
        "latitude": [40.7, 40.6],
        "area": [2.8, 0.4],
    }
)


@pytest.mark.parametrize(
    "change",
    [
        {"zone": np.array([1, 1], np.int16)},
        {"borough": ["EWR", None]},
        {"longitude": [40.7, 40.6]},
        {"area": [0.0, 1.0]},
        {"colour": "red"},
    ],
)
def test_zones_are_unique_named_and_near_new_york(change: dict[str, Any]) -> None:
    assert len(Zones.validate(ZONES)) == 2
    with pytest.raises(SchemaErrors) as caught:
        Zones.validate(ZONES.assign(**change), lazy=True)
    assert next(iter(change)) in {*caught.value.failure_cases[["column", "failure_case"]].stack()}


def test_predictions_are_positive_and_of_a_known_split(trips: pd.DataFrame) -> None:
    split = pd.Categorical(["train", "test", "test"], ["train", "validation", "test"])
    ends = {"request_lower": 4.0, "request_upper": 9.0}
    ends |= {"request_with_distance_lower": 5.0, "request_with_distance_upper": 8.0}
    points = {"request": 5.0, "request_with_distance": 6.0, "baseline": 7.0}
    good = trips.assign(split=split, **points, **ends)
    assert len(Predictions.validate(good)) == 3
    with pytest.raises(SchemaErrors) as caught:
        Predictions.validate(
            good.assign(split=pd.Categorical(["later"] * 3), request=[1.0, 0.0, np.nan]), lazy=True
        )
    assert set(caught.value.failure_cases["column"]) == {"split", "request"}


FEATURES = pd.DataFrame(
    {
        "duration_minutes": [5.0, 6.0],
        "hour": np.array([1, 2], np.float32),
        "route_distance": np.array([1.5, np.nan], np.float32),
    }
)


@pytest.mark.parametrize("columns", [["hour"], ["route_distance", "hour"]])
def test_features_may_be_any_selection_beside_the_target(columns: list[str]) -> None:
    selected = FEATURES[[*columns, "duration_minutes"]]
    pd.testing.assert_frame_equal(features.validate(selected), selected)


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (FEATURES.astype({"hour": np.float64}), "'hour' to have type float32, got float64"),
        (FEATURES.assign(borough=["Queens", "Bronx"]), "'borough' to have type float32"),
        (FEATURES.drop(columns="duration_minutes"), "'duration_minutes' not in dataframe"),
        (FEATURES.assign(duration_minutes=[0.0, 1.0]), "'duration_minutes' failed"),
        (FEATURES.assign(duration_minutes=[np.nan, 1.0]), "contains null values"),
    ],
)
def test_features_are_single_precision_and_the_target_is_positive(
    bad: pd.DataFrame, named: str
) -> None:
    with pytest.raises(SchemaError, match=named):
        features.validate(bad)
