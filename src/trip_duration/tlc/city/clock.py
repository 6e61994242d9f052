"""The hours of a month: when people ride, how full the streets are, and what the weather does."""

from __future__ import annotations

import zlib

import holidays
import numpy as np
import pandas as pd

from trip_duration.months import TIME_ZONE, month_bounds
from trip_duration.params import Service
from trip_duration.tlc.city.ground import Array

# share of a day's pickups in each hour, percent, measured on TLC green 2023-01..04
_WORKDAY = (
    1.3, 0.8, 0.5, 0.5, 0.4, 0.5, 1.7, 4.5, 5.6, 5.8, 5.5, 5.5,
    5.4, 5.5, 6.3, 7.2, 7.9, 8.1, 7.9, 6.0, 4.6, 3.6, 2.9, 2.2,
)  # fmt: skip
_DAY_OFF = (
    3.4, 2.7, 2.2, 1.9, 1.4, 0.8, 0.9, 1.5, 2.2, 3.4, 4.6, 5.7,
    6.1, 6.3, 6.8, 7.3, 7.3, 7.0, 6.9, 5.7, 4.9, 4.1, 3.7, 3.2,
)  # fmt: skip
# pickups of a weekday, from Monday on, relative to the mean, measured on TLC green 2023-02
_WEEKDAYS = (0.94, 1.02, 1.10, 1.12, 1.16, 0.89, 0.77)
_MONTHS = (0.92, 0.93, 1.04, 1.0, 1.05, 1.03, 0.95, 0.93, 1.02, 1.07, 1.0, 1.04)
_TRAFFIC_MONTHS = (0.9, 0.92, 0.98, 1.0, 1.06, 1.06, 0.94, 0.9, 1.06, 1.08, 1.06, 1.12)
_HOLIDAY_DEMAND = 0.72
_LATE = 1.45  # yellow taxis ride more at night
# fullness of the streets by hour, 0 to 24, from empty to the worst of a workday
_TRAFFIC_WORKDAY = (
    0.06, 0.02, 0.0, 0.0, 0.04, 0.12, 0.35, 0.72, 0.92, 0.82, 0.72, 0.72, 0.74,
    0.76, 0.84, 0.94, 1.0, 1.0, 0.86, 0.6, 0.42, 0.32, 0.24, 0.14, 0.06,
)  # fmt: skip
_TRAFFIC_DAY_OFF = (
    0.22, 0.2, 0.16, 0.1, 0.04, 0.0, 0.02, 0.06, 0.14, 0.26, 0.38, 0.48, 0.54,
    0.58, 0.6, 0.6, 0.58, 0.56, 0.54, 0.5, 0.44, 0.38, 0.34, 0.28, 0.22,
)  # fmt: skip
PERIODS = 6


def stream(seed: int, *key: str) -> np.random.Generator:
    """Return a generator of its own for a key, so that no draw depends on another month's."""
    return np.random.default_rng([seed, zlib.crc32("/".join(key).encode())])


def hours_of(month: str, seed: int) -> pd.DataFrame:
    """Describe the true hours of a month, of which there are 743 in March and 721 in November.

    Args:
        month: ``YYYY-MM``.
        seed: Seed of the weather, which both services share.

    Returns:
        One row per hour: ``start`` (UTC), ``hour`` and ``weekday`` on the wall clock, ``off``
        (weekend or US holiday), ``holiday``, ``period`` (0 to 5), ``wet`` (slowness of the day).
    """
    first, after = (edge.tz_localize(TIME_ZONE) for edge in month_bounds(month))
    wall = pd.date_range(first, after, freq="h", inclusive="left")
    days = pd.to_datetime(list(holidays.country_holidays("US", years=first.year)))
    holiday = wall.tz_localize(None).normalize().isin(days)
    off = holiday | (wall.dayofweek >= 5)  # noqa: PLR2004 - Saturday
    return pd.DataFrame(
        {
            "start": wall.tz_convert("UTC").tz_localize(None).as_unit("us"),
            "hour": wall.hour,
            "weekday": wall.dayofweek,
            "holiday": holiday,
            "off": off,
            "period": _period(wall.hour.to_numpy(), off),
            "wet": _weather(month, seed)[wall.day - 1],
        }
    )


def demand(hours: pd.DataFrame, service: Service) -> Array:
    """Return the share of a month's pickups that falls in each of its hours."""
    hour = hours["hour"].to_numpy()
    weight = np.where(hours["off"], np.array(_DAY_OFF)[hour], np.array(_WORKDAY)[hour])
    weight = weight * np.array(_WEEKDAYS)[hours["weekday"]]
    weight = weight * np.where(hours["holiday"], _HOLIDAY_DEMAND, 1.0)
    if service is Service.YELLOW:
        weight = weight * np.where((hour >= 21) | (hour < 3), _LATE, 1.0)  # noqa: PLR2004
    weight = weight * (0.7 + 0.3 * hours["wet"].to_numpy())
    shares: Array = weight / weight.sum()
    return shares


def demand_of_month(month: str) -> float:
    """Return the pickups of a month relative to the average month."""
    return _MONTHS[int(month[5:]) - 1]


def traffic(hour: Array, off: Array, month: str) -> Array:
    """Return how full the streets are at an hour with its fraction; 1 is the worst of a workday."""
    grid = np.arange(25)
    full = np.where(
        off, np.interp(hour, grid, _TRAFFIC_DAY_OFF), np.interp(hour, grid, _TRAFFIC_WORKDAY)
    )
    return full * _TRAFFIC_MONTHS[int(month[5:]) - 1]


def to_wall(utc: Array) -> Array:
    """Turn instants in UTC into what a clock in New York shows."""
    wall = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(TIME_ZONE).tz_localize(None)
    return np.asarray(wall.as_unit("us"))


def _period(hour: Array, off: Array) -> Array:
    # workday: night, morning, midday, evening; day off: day, night
    workday = np.digitize(hour, [6, 10, 16, 22]) % 4
    return np.where(off, np.where((hour >= 7) & (hour < 20), 4, 5), workday)  # noqa: PLR2004


def _weather(month: str, seed: int) -> Array:
    rng = stream(seed, "weather", month)
    wet = rng.random(31) < 0.15  # noqa: PLR2004 - about one day in seven
    return np.exp(rng.normal(0, 0.04, 31)) * np.where(wet, 1.12, 1.0)
