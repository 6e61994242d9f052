"""Features as a plain script makes them with pandas and numpy; nothing of this project is imported.

The features are those of ``trip_duration.features``, for zones that are all known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import holidays
import numpy as np
import pandas as pd

ANGLE = np.deg2rad(29.0)
SMOOTHING, FOLDS = 20.0, 5


def read_zones(archive: Path, lookup: Path) -> pd.DataFrame:
    shapes = gpd.read_file(f"/vsizip/{archive.resolve()}/taxi_zones").to_crs("EPSG:2263")
    shapes = shapes[["LocationID", "geometry"]].dissolve("LocationID")
    same = {57: 56, 104: 103, 105: 103}
    copies = [shapes.loc[[b]].rename({b: a}) for a, b in same.items() if a not in shapes.index]
    shapes = pd.concat([shapes, *copies]).sort_index()
    names = pd.read_csv(lookup, keep_default_na=False, index_col="LocationID").loc[shapes.index]
    centre = shapes.geometry.centroid
    return pd.DataFrame(
        {
            "x": centre.x / 5280,
            "y": centre.y / 5280,
            "borough": names["Borough"].astype("category").cat.codes + 1,
            "airport": names["service_zone"].isin(["Airports", "EWR"]),
            "area": shapes.area / 5280**2,
        }
    )


def calendar(pickup: pd.Series) -> dict[str, Any]:
    days = pickup.dt.normalize()
    years = range(pickup.dt.year.min(), pickup.dt.year.max() + 1)
    holiday = days.isin(pd.to_datetime(list(holidays.country_holidays("US", years=years))))
    weekday, hour = pickup.dt.weekday, pickup.dt.hour
    return {
        "hour": hour,
        "minute_of_day": hour * 60 + pickup.dt.minute,
        "weekday": weekday,
        "hour_of_week": weekday * 24 + hour,
        "season": pickup.dt.month % 12 // 3,
        "workday": (weekday < 5) & ~holiday,
        "holiday": holiday,
    }


def geometry(trips: pd.DataFrame, zones: pd.DataFrame) -> dict[str, Any]:
    pickup, dropoff = (
        zones.loc[trips[name]].reset_index(drop=True) for name in ("pickup_zone", "dropoff_zone")
    )
    east, north = dropoff["x"] - pickup["x"], dropoff["y"] - pickup["y"]
    along = (east * np.sin(ANGLE) + north * np.cos(ANGLE)).abs()
    across = (east * np.cos(ANGLE) - north * np.sin(ANGLE)).abs()
    return {
        "pickup_x": pickup["x"],
        "pickup_y": pickup["y"],
        "dropoff_x": dropoff["x"],
        "dropoff_y": dropoff["y"],
        "straight_distance": np.hypot(east, north),
        "street_distance": along + across,
        "bearing": np.rad2deg(np.arctan2(east, north)),
        "same_zone": trips["pickup_zone"] == trips["dropoff_zone"],
        "pickup_borough": pickup["borough"],
        "dropoff_borough": dropoff["borough"],
        "borough_pair": pickup["borough"] * (zones["borough"].max() + 1) + dropoff["borough"],
        "pickup_airport": pickup["airport"],
        "dropoff_airport": dropoff["airport"],
        "pickup_area": pickup["area"],
        "dropoff_area": dropoff["area"],
    }


def shrunk(cell: Any, values: Any, size: int, prior: Any = 0.0) -> Any:
    total = np.bincount(cell, weights=values, minlength=size)
    return (total + SMOOTHING * prior) / (np.bincount(cell, minlength=size) + SMOOTHING)


def pair_means(trips: pd.DataFrame, values: Any, size: int) -> Any:
    city = values.mean()
    pickup, dropoff = trips["pickup_zone"].to_numpy(int), trips["dropoff_zone"].to_numpy(int)
    centred = (values - city).to_numpy()
    ends = shrunk(pickup, centred, size)[:, None] + shrunk(dropoff, centred, size)[None, :]
    return city + shrunk(pickup * size + dropoff, centred, size**2, ends.ravel() / 2)


def clock(trips: pd.DataFrame) -> tuple[Any, Any]:
    weekday, hour = trips["pickup_datetime"].dt.weekday, trips["pickup_datetime"].dt.hour
    half = hour + 24 * (weekday >= 5)
    return (weekday * 24 + hour).to_numpy(), (
        trips["pickup_zone"].astype(int) * 48 + half
    ).to_numpy()


def learn(trips: pd.DataFrame, street: pd.Series, size: int) -> dict[str, Any]:
    """History of training trips, by pair of zones and by hour."""
    length = np.log(street + 0.5)
    metered = trips["trip_distance"] > 0
    pace = pair_means(trips, np.log(trips["duration_minutes"]) - length, size)
    miles = np.log(trips["trip_distance"][metered]) - length[metered]
    pair = trips["pickup_zone"].astype(int) * size + trips["dropoff_zone"]
    rest = (np.log(trips["duration_minutes"]) - length).to_numpy() - pace[pair]
    hour, cell = clock(trips)
    hourly = shrunk(hour, rest, 168)
    zonal = shrunk(cell, rest - hourly[hour], size * 48)
    detour = pair_means(trips[metered], miles, size)
    return {"pace": pace, "detour": detour, "hourly": hourly, "zonal": zonal, "size": size}


def look_up(trips: pd.DataFrame, street: pd.Series, learnt: dict[str, Any]) -> pd.DataFrame:
    pair = trips["pickup_zone"].astype(int) * learnt["size"] + trips["dropoff_zone"]
    hour, cell = clock(trips)
    length, hourly = (street + 0.5).to_numpy(), learnt["hourly"][hour]
    minutes = np.exp(learnt["pace"][pair]) * length
    miles = np.exp(learnt["detour"][pair]) * length
    return pd.DataFrame(
        {
            "typical_duration": minutes,
            "typical_distance": miles,
            "typical_speed": miles / minutes * 60,
            "hour_pace": hourly,
            "zone_hour_pace": learnt["zonal"][cell],
            "expected_duration": minutes * np.exp(hourly),
        },
        index=trips.index,
        dtype="float32",
    )


def own_history(trips: pd.DataFrame, street: pd.Series, size: int) -> pd.DataFrame:
    """History of each training trip from the other days."""
    day = trips["pickup_datetime"].dt.normalize().astype("datetime64[s]").astype("int64") // 86_400
    parts = []
    for fold in range(FOLDS):
        own = day % FOLDS == fold
        parts.append(look_up(trips[own], street[own], learn(trips[~own], street[~own], size)))
    return pd.concat(parts).sort_index()


def assemble(
    trips: pd.DataFrame, shape: dict[str, Any], history: pd.DataFrame, codes: pd.Series
) -> pd.DataFrame:
    miles = trips["trip_distance"]
    columns = {
        **calendar(trips["pickup_datetime"]),
        **shape,
        **history,
        "pickup_zone": trips["pickup_zone"].map(codes).fillna(0),
        "dropoff_zone": trips["dropoff_zone"].map(codes).fillna(0),
        "route_distance": miles,
        "route_detour": miles / history["typical_distance"],
        "route_duration": miles / history["typical_speed"] * 60 * np.exp(history["hour_pace"]),
    }
    return pd.DataFrame(columns).astype("float32")
