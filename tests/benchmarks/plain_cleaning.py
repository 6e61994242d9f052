"""Cleaning of one month as a bare pandas script does it: the other side of the measurement.

It imports nothing of this project, on purpose. Its rules are those of ``data_processing``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SAME = ["pickup", "dropoff", "pickup_zone", "dropoff_zone", "distance"]
PREFIX = {"green": "lpep", "yellow": "tpep"}


def read(path: Path, service: str) -> pd.DataFrame:
    prefix = PREFIX[service]
    names = {
        f"{prefix}_pickup_datetime": "pickup",
        f"{prefix}_dropoff_datetime": "dropoff",
        "PULocationID": "pickup_zone",
        "DOLocationID": "dropoff_zone",
        "trip_distance": "distance",
        "total_amount": "amount",
    }
    return pd.read_parquet(path, columns=list(names)).rename(columns=names)


def measure(raw: pd.DataFrame, month: str) -> tuple[pd.Series, pd.Series]:
    """Minutes of each trip, and the rows whose minutes a change of the clock hides."""
    minutes = (raw["dropoff"] - raw["pickup"]).dt.total_seconds() / 60
    hidden = pd.Series(False, index=raw.index)
    days = pd.date_range(f"{month}-01", periods=34, tz="America/New_York")
    for day in days[:-1][(days[1:] - days[:-1]) != pd.Timedelta(days=1)].tz_localize(None):
        around = raw["pickup"].between(day - pd.Timedelta(days=1), day + pd.Timedelta(days=1))
        near = raw[around & raw["dropoff"].notna()]
        start, end = (
            near[name].dt.tz_localize("America/New_York", ambiguous="NaT", nonexistent="NaT")
            for name in ("pickup", "dropoff")
        )
        minutes[near.index] = (end - start).dt.total_seconds() / 60
        hidden[near.index] = minutes[near.index].isna()
    return minutes, hidden


def repeats(raw: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Records that take a charge back, and further records of the same trip."""
    same = raw[raw.duplicated(SAME, keep=False)]
    charged = ~(same["amount"] < 0)
    same = same.assign(charged=charged).sort_values("charged", ascending=False, kind="stable")
    again = same.duplicated(SAME)
    any_charged = same.groupby(SAME, dropna=False)["charged"].transform("any")
    refund = (again & ~same["charged"] & any_charged).reindex(raw.index, fill_value=False)
    return refund, again.reindex(raw.index, fill_value=False) & ~refund


def clean(raw: pd.DataFrame, month: str, zones: list[int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Trips of a month, and the rows rejected by each rule."""
    minutes, hidden = measure(raw, month)
    zone_ids = raw[["pickup_zone", "dropoff_zone"]].fillna(0)
    distance = raw["distance"].where(raw["distance"].between(0.01, 100))
    start = pd.Timestamp(f"{month}-01")
    refund, duplicate = repeats(raw)
    rules = {
        "missing_value": (minutes.isna() & ~hidden) | (zone_ids == 0).any(axis=1),
        "outside_month": ~(
            (raw["pickup"] >= start) & (raw["pickup"] < start + pd.DateOffset(months=1))
        ),
        "clock_change": hidden,
        "unknown_zone": ~zone_ids.isin(zones).all(axis=1),
        "too_short": minutes < 1,
        "too_long": minutes > 180,
        "refund": refund,
        "duplicate": duplicate,
        "too_fast": distance / minutes * 60 > 100,
    }
    kept, rejected = pd.Series(True, index=raw.index), {}
    for rule, broken in rules.items():
        rejected[rule] = int((kept & broken).sum())
        kept &= ~broken
    trips = pd.DataFrame(
        {
            "pickup_datetime": raw["pickup"],
            "pickup_zone": zone_ids["pickup_zone"],
            "dropoff_zone": zone_ids["dropoff_zone"],
            "trip_distance": distance,
            "duration_minutes": minutes,
        }
    )[kept].reset_index(drop=True)
    return trips.astype({"pickup_zone": "int16", "dropoff_zone": "int16"}), rejected


def process(path: Path, service: str, zones: list[int], to: Path) -> tuple[int, dict[str, int]]:
    """Read, clean and write one month; return the rows kept and those rejected by each rule."""
    month = path.stem[-7:]
    trips, rejected = clean(read(path, service), month, zones)
    trips.to_parquet(to, index=False)
    return len(trips), rejected
