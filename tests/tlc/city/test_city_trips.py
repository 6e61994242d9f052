"""The trips of the synthetic city: plausible when clean, and dirty at the stated rates."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trip_duration.months import month_bounds
from trip_duration.params import CityParams
from trip_duration.tlc.city import City, dirt
from trip_duration.tlc.city.names import letters

PAIR = ["pickup", "dropoff", "PULocationID", "DOLocationID", "trip_distance"]
BLOCK = ["passenger_count", "RatecodeID", "payment_type", "store_and_fwd_flag", "trip_type"]


@functools.cache
def month_of(month: str, clean: bool, service: str = "green", trips: int = 60_000) -> pd.DataFrame:
    city = City(CityParams(trips=trips, seed=5, dirt=not clean))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.parquet"
        city.write(f"trip-data/{service}_tripdata_{month}.parquet", path)
        trips_ = pd.read_parquet(path)
    trips_.columns = trips_.columns.str.replace(r"^[lt]pep_(\w+)_datetime$", r"\1", regex=True)
    took = (trips_["dropoff"] - trips_["pickup"]).dt.total_seconds() / 60
    return trips_.assign(minutes=took)


def valid(trips: pd.DataFrame) -> pd.DataFrame:
    return trips[trips["minutes"].between(1, 180)]


def test_clean_trips_are_clean() -> None:
    trips = month_of("2023-03", clean=True)
    first, after = month_bounds("2023-03")
    assert trips["minutes"].between(1, 175).all()
    assert trips["trip_distance"].between(0.1, 60).all()
    assert trips["pickup"].between(first, after, inclusive="left").all()
    assert trips[["PULocationID", "DOLocationID"]].isin(range(1, 264)).all().all()
    assert trips[BLOCK].notna().all().all()
    assert (trips["total_amount"] > 0).all()
    assert not trips.duplicated(PAIR).any()


@pytest.mark.parametrize("clean", [True, False])
def test_months_have_about_the_size_asked_for(clean: bool) -> None:
    sizes = [len(month_of(f"2022-{month:02}", clean, trips=1_000)) for month in range(1, 13)]
    assert np.mean(sizes) == pytest.approx(1_000, rel=0.03)
    assert len(set(sizes)) > 6


def test_smallest_month_can_be_written() -> None:
    assert 80 < len(month_of("2019-06", clean=False, trips=100)) < 120


@pytest.mark.parametrize(("service", "low", "high"), [("green", 9.5, 13.0), ("yellow", 9.5, 14.0)])
def test_durations_and_distances_look_like_new_york(service: str, low: float, high: float) -> None:
    trips = valid(month_of("2023-02", clean=False, service=service))
    assert low < trips["minutes"].median() < high
    assert 1.4 < trips["trip_distance"].median() < 2.4
    assert trips["minutes"].quantile(0.05) > 2.5
    assert 25 < trips["minutes"].quantile(0.95) < 65


def test_rush_hour_is_slower_than_night() -> None:
    trips = month_of("2023-02", clean=True)
    pace = trips["minutes"] / trips["trip_distance"]
    workday = trips["pickup"].dt.dayofweek < 5
    rush = pace[workday & trips["pickup"].dt.hour.isin([16, 17, 18])].median()
    assert rush > 1.2 * pace[trips["pickup"].dt.hour.isin([1, 2, 3, 4])].median()


def test_core_is_slower_than_the_outskirts() -> None:
    trips = month_of("2023-02", clean=True)
    pace = trips["minutes"] / trips["trip_distance"]
    in_core = trips["congestion_surcharge"] > 0
    assert pace[in_core].median() > pace[~in_core & (trips["trip_distance"] > 1)].median()


def test_holidays_and_weekends_are_quieter_on_workday_mornings() -> None:
    trips = month_of("2023-01", clean=True)
    mornings = trips["pickup"][trips["pickup"].dt.hour.between(7, 9)].dt.day.value_counts()
    holiday, sunday, usual = mornings[16], mornings[15], mornings[[9, 23, 30]].mean()  # King's day
    assert holiday < 0.7 * usual
    assert sunday < 0.7 * usual


def test_services_pick_up_in_their_own_areas() -> None:
    share = {
        service: np.mean(
            letters()[month_of("2023-02", clean=True, service=service)["PULocationID"]] == "M"
        )
        for service in ("green", "yellow")
    }
    assert share["green"] < 0.1
    assert share["yellow"] > 0.8


def test_total_is_the_sum_of_amounts_and_fares_follow_the_meter() -> None:
    trips = month_of("2023-02", clean=True)
    amounts = [
        "fare_amount",
        "extra",
        "mta_tax",
        "tip_amount",
        "tolls_amount",
        "improvement_surcharge",
        "congestion_surcharge",
    ]
    np.testing.assert_allclose(trips[amounts].sum(axis=1), trips["total_amount"], atol=0.006)
    metered = trips[trips["RatecodeID"] == 1]
    meter = 3 + 2.8 * metered["trip_distance"] + 0.37 * metered["minutes"]
    np.testing.assert_allclose(metered["fare_amount"], meter, atol=0.06)


@pytest.mark.parametrize(("month", "share"), [("2021-01", 0.46), ("2023-01", 0.067)])
def test_null_block_has_its_share_and_is_null_together(month: str, share: float) -> None:
    trips = month_of(month, clean=False)
    block = trips[BLOCK].isna()
    assert block.all(axis=1).mean() == pytest.approx(share, rel=0.06)
    assert (block.any(axis=1) == block.all(axis=1)).all()
    assert (trips["congestion_surcharge"].isna() == block.all(axis=1)).all()
    assert (trips.loc[block.all(axis=1), "pickup"].dt.second == 0).mean() > 0.97


def test_yellow_writes_payment_zero_in_the_null_block() -> None:
    trips = month_of("2023-02", clean=False, service="yellow")
    assert ((trips["payment_type"] == 0) == trips["passenger_count"].isna()).all()


def test_refunds_come_in_pairs_of_opposite_amounts() -> None:
    trips = month_of("2023-02", clean=False)
    pairs = trips[trips.duplicated(PAIR, keep=False)]
    sums = pairs.groupby(PAIR)["total_amount"].agg(["size", "sum"])
    negative = (trips["total_amount"] < 0).sum()
    assert negative == pytest.approx(dirt.REFUNDS * len(trips), rel=0.1)
    assert len(sums) == negative
    assert (sums["size"] == 2).all()
    assert sums["sum"].abs().max() < 1e-9


def test_rates_of_dirt_are_those_measured() -> None:
    trips = month_of("2023-02", clean=False, trips=400_000)
    minutes, miles = trips["minutes"], trips["trip_distance"]
    measured = {
        "over 3 h": (minutes > 180).mean(),
        "23 to 24 h": minutes.between(1380, 1440).mean(),
        "under 1 min": (minutes < 1).mean(),
        "no distance": (miles == 0).mean(),
        "absurd": (miles > 1_000).mean(),
        "unknown pickup": (trips["PULocationID"] > 263).mean(),
        "unknown drop-off": (trips["DOLocationID"] > 263).mean(),
    }
    # as counted in the files that dirt.py names
    assert measured == pytest.approx(
        {
            "over 3 h": 0.0036,
            "23 to 24 h": 0.0019,
            "under 1 min": 0.0247,
            "no distance": 0.0468,
            "absurd": 0.0007,
            "unknown pickup": 0.0028,
            "unknown drop-off": 0.0096,
        },
        rel=0.2,
    )
    assert miles.max() > 55_000
    assert not (minutes < 0).any()


def test_a_handful_of_pickups_lies_outside_the_month() -> None:
    trips = month_of("2023-02", clean=False)
    stray = trips.loc[trips["pickup"].dt.strftime("%Y-%m") != "2023-02", "pickup"]
    assert 3 <= len(stray) < 30
    assert {2008, 2009, 2041} <= set(stray.dt.year)


def test_repeated_hour_of_november_puts_durations_off_by_an_hour() -> None:
    trips = month_of("2022-11", clean=False, service="yellow", trips=400_000)
    sunday = trips["pickup"].between("2022-11-06 01:00", "2022-11-06 01:59:59")
    assert (trips.loc[sunday, "minutes"] < -30).any()
    usual = trips["pickup"].between("2022-11-13 01:00", "2022-11-13 01:59:59").sum()
    assert sunday.sum() > 1.6 * usual  # the hour happens twice


def test_skipped_hour_of_march_has_no_pickups_and_adds_an_hour() -> None:
    trips = month_of("2023-03", clean=False, service="yellow", trips=400_000)
    assert not trips["pickup"].between("2023-03-12 02:00", "2023-03-12 02:59:59").any()
    before = valid(trips[trips["pickup"].between("2023-03-12 01:50", "2023-03-12 01:59:59")])
    assert before["minutes"].median() > 60


def test_clean_months_keep_clear_of_the_changing_clocks() -> None:
    for month in ("2022-11", "2023-03"):
        assert month_of(month, clean=True, trips=200_000)["minutes"].between(1, 175).all()
