"""The rules by which one raw month becomes trips, each with a name and a count.

A row is counted under the first rule that rejects it, so that what is kept and what is rejected
add up to what was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.months import TIME_ZONE, month_bounds
from trip_duration.params import RuleParams

_MICROSECONDS_PER_MINUTE = 60e6

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Columns:
    """The columns of a raw month as plain arrays; missing times are NaT, missing zones 0."""

    pickup: npt.NDArray[np.datetime64]
    dropoff: npt.NDArray[np.datetime64]
    pickup_zone: npt.NDArray[np.int32]
    dropoff_zone: npt.NDArray[np.int32]
    distance: npt.NDArray[np.float64]
    amount: npt.NDArray[np.float64]


def clean_month(raw: pd.DataFrame, month: str, zones: Any, rules: RuleParams) -> pd.DataFrame:
    """Make trips of one raw month.

    Args:
        raw: Rows as in the ``RawTrips`` contract, local time of New York.
        month: The month that the file is of, ``YYYY-MM``.
        zones: Known zone ids.
        rules: Bounds.

    Returns:
        Rows as in the ``Trips`` contract, in the order of the file. ``attrs["quality"]`` holds the
        rows read and kept, the rows rejected by each rule, the distances made null, and the median
        duration in minutes.
    """
    columns = _take_columns(raw)
    minutes, impossible = measure_durations(columns.pickup, columns.dropoff, month)
    distance = _null_absurd(columns.distance, rules)
    verdicts = _judge(columns, minutes, impossible, month, np.asarray(zones))
    verdicts |= _judge_values(columns, minutes, distance, rules)
    kept, rejected = _first_verdicts(verdicts, len(raw))
    trips = pd.DataFrame(
        {
            "pickup_datetime": columns.pickup[kept],
            "pickup_zone": columns.pickup_zone[kept].astype(np.int16),
            "dropoff_zone": columns.dropoff_zone[kept].astype(np.int16),
            "trip_distance": distance[kept],
            "duration_minutes": minutes[kept],
        }
    )
    nulled = np.isnan(distance[kept]) & ~np.isnan(columns.distance[kept])
    trips.attrs["quality"] = {
        "rows_read": len(raw),
        "rows_kept": len(trips),
        "rejected": rejected,
        "distance_made_null": int(nulled.sum()),
        "median_duration": float(trips["duration_minutes"].median()) if len(trips) else None,
    }
    return trips


def _take_columns(raw: pd.DataFrame) -> _Columns:
    def zone(name: str) -> npt.NDArray[np.int32]:
        return raw[name].to_numpy(np.int32, na_value=0)

    return _Columns(
        pickup=raw["pickup_datetime"].to_numpy(),
        dropoff=raw["dropoff_datetime"].to_numpy(),
        pickup_zone=zone("pickup_zone"),
        dropoff_zone=zone("dropoff_zone"),
        distance=raw["trip_distance"].to_numpy(),
        amount=raw["total_amount"].to_numpy(),
    )


def measure_durations(
    pickup: npt.NDArray[np.datetime64], dropoff: npt.NDArray[np.datetime64], month: str
) -> tuple[npt.NDArray[np.float64], Mask]:
    """Measure durations from times of the wall clock.

    Around a change of the clock the difference of wall times is off by an hour. Where both times
    are unambiguous the true duration is taken; in the hour that repeats (or is left out) it cannot
    be known.

    Args:
        pickup: Local times.
        dropoff: Local times.
        month: The month of the pickups, ``YYYY-MM``.

    Returns:
        Minutes, and the rows whose duration the clock change makes unknowable.
    """
    minutes = (dropoff - pickup).astype("timedelta64[us]").astype(np.float64)
    minutes[np.isnat(pickup) | np.isnat(dropoff)] = np.nan
    minutes /= _MICROSECONDS_PER_MINUTE
    impossible = np.zeros(len(minutes), dtype=bool)
    for day in _clock_changes(month):
        near = (pickup >= day - np.timedelta64(1, "D")) & (pickup < day + np.timedelta64(1, "D"))
        rows = np.flatnonzero(near & ~np.isnat(dropoff))
        start, end = _to_utc(pickup[rows]), _to_utc(dropoff[rows])
        minutes[rows] = (end - start).total_seconds().to_numpy() / 60
        impossible[rows] = np.isnan(minutes[rows])
    return minutes, impossible


def _clock_changes(month: str) -> list[np.datetime64]:
    first, end = month_bounds(month)
    days = pd.date_range(first, end + pd.Timedelta(days=2), freq="D", tz=TIME_ZONE)
    lengths = days[1:] - days[:-1]
    changed = days[:-1][lengths != pd.Timedelta(days=1)]
    return [np.datetime64(day.date(), "us") for day in changed]


def _to_utc(local: npt.NDArray[np.datetime64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(local).tz_localize(TIME_ZONE, ambiguous="NaT", nonexistent="NaT")


def _null_absurd(distance: npt.NDArray[np.float64], rules: RuleParams) -> npt.NDArray[np.float64]:
    plausible = (distance >= rules.min_distance) & (distance <= rules.max_distance)
    return np.where(plausible, distance, np.nan)


def _judge(
    columns: _Columns,
    minutes: npt.NDArray[np.float64],
    impossible: Mask,
    month: str,
    zones: npt.NDArray[Any],
) -> dict[str, Mask]:
    """Rules on what a row says of itself: presence, month, zones, clock."""
    first, end = (bound.to_datetime64() for bound in month_bounds(month))
    known = np.zeros(max(int(zones.max()), 1) + 2, dtype=bool)
    known[zones] = True

    def unknown(ids: npt.NDArray[np.int32]) -> Mask:
        return ~known[np.where((ids < 0) | (ids >= len(known)), 0, ids)]

    return {
        "missing_value": (np.isnan(minutes) & ~impossible)
        | (columns.pickup_zone == 0)
        | (columns.dropoff_zone == 0),
        "outside_month": ~((columns.pickup >= first) & (columns.pickup < end)),
        "clock_change": impossible,
        "unknown_zone": unknown(columns.pickup_zone) | unknown(columns.dropoff_zone),
    }


def _judge_values(
    columns: _Columns,
    minutes: npt.NDArray[np.float64],
    distance: npt.NDArray[np.float64],
    rules: RuleParams,
) -> dict[str, Mask]:
    """Rules on values: duration, speed, and records of the same trip."""
    refund, duplicate = find_repeats(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = distance / minutes * 60
    return {
        "too_short": minutes < rules.min_duration,
        "too_long": minutes > rules.max_duration,
        "refund": refund,
        "duplicate": duplicate,
        "too_fast": speed > rules.max_speed,
    }


def find_repeats(columns: _Columns) -> tuple[Mask, Mask]:
    """Find records of the same trip: same times, zones and distance.

    Returns:
        The records that take an amount back while another one charges it, and the further records
        of a trip of which the first is kept.
    """
    key = columns.pickup.astype("datetime64[s]").astype(np.int64) << 18
    key |= (columns.pickup_zone.astype(np.int64) & 511) << 9
    key |= columns.dropoff_zone & 511
    # the key is coarse: it only picks the few rows that are then compared in full
    rows = np.flatnonzero(pd.Series(key).duplicated(keep=False).to_numpy())
    same = ["pickup", "dropoff", "pickup_zone", "dropoff_zone", "distance"]
    few = pd.DataFrame({name: getattr(columns, name)[rows] for name in same})
    few["charged"] = ~(columns.amount[rows] < 0)  # an amount that is not known takes nothing back
    # a trip that was charged at all has its charged records first
    few = few.sort_values("charged", ascending=False, kind="stable")
    repeat = few.duplicated(same)
    refund = repeat & ~few["charged"] & few.groupby(same, dropna=False)["charged"].transform("any")
    duplicate = repeat & ~refund
    return _spread(refund, rows, len(key)), _spread(duplicate, rows, len(key))


def _spread(few: pd.Series, rows: npt.NDArray[np.intp], size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[rows[few.index[few]]] = True
    return mask


def _first_verdicts(verdicts: dict[str, Mask], size: int) -> tuple[Mask, dict[str, int]]:
    kept = np.ones(size, dtype=bool)
    rejected = {}
    for rule, mask in verdicts.items():
        rejected[rule] = int(np.count_nonzero(kept & mask))
        kept &= ~mask
    return kept, rejected
