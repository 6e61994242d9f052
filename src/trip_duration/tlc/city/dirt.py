"""The dirt of real files, at the rates counted in TLC green 2021-01..02, 2022-01..03, 2023-01..04.

Kinds of dirt take rows that were clean before, so that every rate is a share of all rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trip_duration.months import month_bounds
from trip_duration.tlc.city.fares import DISPUTE, NO_CHARGE, SUMMED
from trip_duration.tlc.city.ground import Array

REFUNDS = 0.0028
SHORT = 0.0235
NO_DISTANCE = 0.032  # besides those of the short ones
LEFT_ON = 0.0036
ABSURD = 0.0007
UNKNOWN_PICKUP, UNKNOWN_DROPOFF = 0.003, 0.0075
OUTSIDE = 1.2e-4
OUTSIDE_AT_LEAST = 3
# share of rows without passenger count, rate, payment, flag and surcharge: 2021 to 2023 are
# counted, the years around them assumed
NULL_BLOCK = {2020: 0.30, 2021: 0.46, 2022: 0.103, 2023: 0.067}
NULL_BLOCK_LATER, NULL_BLOCK_EARLIER = 0.05, 0.0
_UNKNOWN = (264, 265)
_UNKNOWN_SPLIT = (0.66, 0.34)
_STRAY = ("2008-12-31 19:05", "2009-01-01 00:22", "2041-11-15 02:57")
_NO_FLAG = -1
# shares within a kind of dirt
_SHORT_STILL_STAYED = (0.64, 0.85)  # distance zero; drop-off in the zone of the pickup
_HUGE = 0.12
_BOTH_UNKNOWN = 0.67
_STRAY_LATER = 0.15


def null_block_share(month: str) -> float:
    """Return the share of a month's rows whose counts, rate and payment are null."""
    year = int(month[:4])
    otherwise = NULL_BLOCK_LATER if year > max(NULL_BLOCK) else NULL_BLOCK_EARLIER
    return NULL_BLOCK.get(year, otherwise)


def soil(trips: pd.DataFrame, month: str, rng: np.random.Generator) -> pd.DataFrame:
    """Mix all kinds of dirt into clean trips.

    Args:
        trips: Charged journeys. Not changed.
        month: ``YYYY-MM``.
        rng: Source of the draws.

    Returns:
        As many rows and some refunds more, with the null block behind the rest, as published.
    """
    soiled = _cut_short(trips, rng)
    block = _draw_block(soiled, null_block_share(month), rng)
    for step in (_lose_distance, _leave_on, _lose_zones):
        soiled = step(soiled, rng)
    soiled = _stray(soiled, month, rng)
    told = _refund(soiled[~block], refunds_among(len(trips)), rng)
    untold = _forget(_stretch(_round_to_minutes(soiled[block]), ABSURD * len(trips), rng))
    return pd.concat([told, untold], ignore_index=True)


def refunds_among(count: int) -> int:
    """Return how many of ``count`` rows are the second of a refund pair."""
    return round(REFUNDS * count)


def _some(rows: int, share: float, rng: np.random.Generator) -> Array:
    """Return the places of about a share of rows."""
    return np.flatnonzero(rng.random(rows) < share)


def _draw_block(trips: pd.DataFrame, share: float, rng: np.random.Generator) -> Array:
    """Say which rows belong to the null block, whose trips are longer than others."""
    weight = np.minimum(trips["minutes"].to_numpy(), 60.0) ** 0.8
    chance = share * weight / weight.mean()
    for _ in range(4):  # chances above 1 pass what they have too much on to the others
        chance = np.minimum(chance, 1.0)
        chance *= share / max(chance.mean(), 1e-12)
    block: Array = rng.random(len(trips)) < chance
    return block


def _round_to_minutes(trips: pd.DataFrame) -> pd.DataFrame:
    return trips.assign(
        pickup=trips["pickup"].dt.floor("min"), dropoff=trips["dropoff"].dt.floor("min")
    )


def _forget(trips: pd.DataFrame) -> pd.DataFrame:
    unknown = dict.fromkeys(["passengers", "rate", "payment", "type", "surcharge"], np.nan)
    return trips.assign(**unknown, flag=np.int8(_NO_FLAG))


def _stretch(trips: pd.DataFrame, count: float, rng: np.random.Generator) -> pd.DataFrame:
    """Give absurd distances: 1,500 to 260,000 miles, half of them below 7,000."""
    places = _some(len(trips), count / max(len(trips), 1), rng)
    usual = 1_000 + 5_200 * np.exp(0.7 * rng.standard_normal(len(places)))
    huge = rng.uniform(55_000, 260_000, len(places))
    absurd = np.where(rng.random(len(places)) < _HUGE, huge, usual)
    return _set(trips, places, distance=np.round(absurd, 2))


def _cut_short(trips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cut trips to seconds, half of them below 8; most without moving."""
    places = _some(len(trips), SHORT, rng)
    row = {name: trips[name].to_numpy()[places] for name in ("pickup", "pu", "do", "fare", "total")}
    seconds = np.minimum(59, rng.lognormal(np.log(8), 1.3, len(places))).astype(np.int64)
    still, stayed = (rng.random(len(places)) < share for share in _SHORT_STILL_STAYED)
    fare = np.minimum(row["fare"], 3.7)
    return _set(
        trips,
        places,
        dropoff=row["pickup"] + seconds.astype("timedelta64[s]"),
        minutes=seconds / 60,
        distance=np.where(still, 0.0, np.round(rng.uniform(0.01, 0.3, len(places)), 2)),
        do=np.where(stayed, row["pu"], row["do"]),
        fare=fare,
        total=np.round(row["total"] - row["fare"] + fare, 2),
    )


def _refund(trips: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Put a negative twin in front of trips, mostly short ones."""
    count = min(count, len(trips))
    weight = 1 / (1 + trips["minutes"].to_numpy()) ** 2
    places = rng.choice(len(trips), count, replace=False, p=weight / weight.sum())
    payment = rng.choice([NO_CHARGE, DISPUTE], count, p=[0.76, 0.24]).astype(float)
    first = _set(trips, places, payment=payment)
    amounts = [*SUMMED, "total"]
    twins = first.iloc[places]
    twins = twins.assign(**{name: 0.0 - twins[name] for name in amounts})
    return pd.concat([twins, first]).sort_index(kind="stable")


def _lose_distance(trips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    places = _some(len(trips), NO_DISTANCE, rng)
    return _set(trips, places, distance=np.zeros(len(places)))


def _leave_on(trips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Leave meters on: 3 to 24 hours, more than half of them over 23."""
    places = _some(len(trips), LEFT_ON, rng)
    kind = rng.choice(3, len(places), p=[0.13, 0.33, 0.54])
    low, high = np.array([3.05, 6, 23])[kind], np.array([6, 23, 23.99])[kind]
    seconds = (rng.uniform(low, high) * 3600).astype("timedelta64[s]")
    return _set(trips, places, dropoff=trips["pickup"].to_numpy()[places] + seconds)


def _lose_zones(trips: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    from_nowhere = _some(len(trips), UNKNOWN_PICKUP, rng)
    both = from_nowhere[rng.random(len(from_nowhere)) < _BOTH_UNKNOWN]
    to_nowhere = np.union1d(both, _some(len(trips), UNKNOWN_DROPOFF, rng))
    lost = _set(trips, from_nowhere, pu=rng.choice(_UNKNOWN, len(from_nowhere), p=_UNKNOWN_SPLIT))
    return _set(lost, to_nowhere, do=rng.choice(_UNKNOWN, len(to_nowhere), p=_UNKNOWN_SPLIT))


def _stray(trips: pd.DataFrame, month: str, rng: np.random.Generator) -> pd.DataFrame:
    """Move a handful of trips out of the month, as clocks of taximeters do."""
    count = min(len(trips), OUTSIDE_AT_LEAST + int(rng.poisson(OUTSIDE * len(trips))))
    places = rng.choice(len(trips), count, replace=False)
    first, after = month_bounds(month)
    before = first.to_datetime64() - rng.integers(1, 8 * 86_400, count).astype("timedelta64[s]")
    later = (after + pd.Timedelta("7min")).to_datetime64()
    near = np.where(rng.random(count) < _STRAY_LATER, later, before)
    moved = near.astype("datetime64[us]")
    moved[: len(_STRAY)] = np.array(_STRAY, "datetime64[us]")[: len(moved)]
    took = (trips["dropoff"] - trips["pickup"]).to_numpy()[places]
    return _set(trips, places, pickup=moved, dropoff=moved + took)


def _set(trips: pd.DataFrame, places: Array, **values: Array) -> pd.DataFrame:
    """Return a copy of the trips with the values at some places."""
    columns = {}
    for name, given in values.items():
        column = trips[name].to_numpy(copy=True)
        column[places] = given
        columns[name] = column
    return trips.assign(**columns)
