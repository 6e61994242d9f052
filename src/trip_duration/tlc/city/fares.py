"""What the meter asks for, and what passengers pay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trip_duration.params import CityParams, Service
from trip_duration.tlc.city.clock import stream
from trip_duration.tlc.city.ground import Array, bustle
from trip_duration.tlc.city.names import letters

# TLC raised its rates on 2022-12-19; the first whole month is the next
_NEW_RATES = "2023-01"
_CBD_TOLL_FROM = "2025-01"
# dollars to start, for a mile and for a minute, fitted on TLC green 2023-01..04; before: 0.85 of it
_METER = np.array([3.0, 2.8, 0.37])
_OLD = 0.85
_JFK, _LAGUARDIA, _NEWARK = 132, 138, 1
_STANDARD, _JFK_RATE, _NEWARK_RATE, _NEGOTIATED = 1, 2, 3, 5
CASH, NO_CHARGE, DISPUTE = 2, 3, 4
SUMMED = ["fare", "extra", "mta", "tip", "tolls", "improvement", "surcharge", "airport", "cbd"]


def charge(trips: pd.DataFrame, params: CityParams, service: Service, month: str) -> pd.DataFrame:
    """Add what a file says of a journey besides times and places.

    Args:
        trips: Journeys.
        params: The city.
        service: Taxi service.
        month: ``YYYY-MM``, which decides on the rates.

    Returns:
        The journeys with ``vendor``, ``flag``, ``passengers``, ``rate``, ``payment``, ``type`` and
        the amounts of ``SUMMED`` with their ``total``, dollars.
    """
    rng = stream(params.seed, "fares", service, month)
    told = trips.assign(**_circumstances(trips, service, rng))
    told = told.assign(**_amounts(told, service, month))
    told["tolls"] = np.where((told["bridges"] > 0) & (rng.random(len(told)) < 0.2), 6.55, 0.0)  # noqa: PLR2004
    told["tip"] = _tip(told, rng)
    return told.assign(total=told[SUMMED].sum(axis=1).round(2))


def _circumstances(
    trips: pd.DataFrame, service: Service, rng: np.random.Generator
) -> dict[str, Array]:
    """Draw the shares that TLC green 2023-02 shows."""
    count = len(trips)
    rate = _rate(trips, service, rng)
    passengers = rng.choice(7, count, p=[0.006, 0.855, 0.078, 0.015, 0.005, 0.026, 0.015])
    return {
        "vendor": np.where(rng.random(count) < 0.867, 2, 1),  # noqa: PLR2004
        "flag": (rng.random(count) < 0.0034).astype(np.int8),  # noqa: PLR2004
        "passengers": passengers.astype(float),
        "rate": rate.astype(float),
        "payment": rng.choice(4, count, p=[0.642, 0.348, 0.008, 0.002]) + 1.0,
        "type": np.where(rate == _NEGOTIATED, 2.0, 1.0),
    }


def _rate(trips: pd.DataFrame, service: Service, rng: np.random.Generator) -> Array:
    pu, do = trips["pu"].to_numpy(), trips["do"].to_numpy()
    island = _on_island(pu) | _on_island(do)
    rate = np.full(len(trips), _STANDARD)
    rate[island & ((pu == _JFK) | (do == _JFK))] = _JFK_RATE
    rate[do == _NEWARK] = _NEWARK_RATE
    share = 0.028 if service is Service.GREEN else 0.006
    rate[(rate == _STANDARD) & (rng.random(len(trips)) < share)] = _NEGOTIATED
    return rate


def _amounts(trips: pd.DataFrame, service: Service, month: str) -> dict[str, Array]:
    new = month >= _NEW_RATES
    pu, do = trips["pu"].to_numpy(), trips["do"].to_numpy()
    hour, rate = trips["hour"].to_numpy(), trips["rate"].to_numpy()
    rush = (hour >= 16) & (hour < 20) & ~trips["off"].to_numpy()  # noqa: PLR2004
    night = (hour >= 20) | (hour < 6)  # noqa: PLR2004
    core = np.isin(letters(), ["M"])[pu] | np.isin(letters(), ["M"])[do]
    congested = 2.75 if service is Service.GREEN else 2.5
    airport = np.isin(pu, [_JFK, _LAGUARDIA]) & (service is Service.YELLOW)
    full_core = np.r_[bustle() > 0.6, False, False]  # noqa: PLR2004
    tolled = (full_core[pu] | full_core[do]) & (month >= _CBD_TOLL_FROM)
    return {
        "fare": _fare(trips, new),
        "extra": np.where(rush, 2.5 if new else 1.0, np.where(night, 1.0 if new else 0.5, 0.0)),
        "mta": np.where(rate == _STANDARD, 0.5, 0.0),
        "improvement": np.full(len(trips), 1.0 if new else 0.3),
        "surcharge": np.where(core, congested, 0.0),
        "airport": np.where(airport, 1.75 if new else 1.25, 0.0),
        "cbd": np.where(tolled, 0.75, 0.0),
    }


def _fare(trips: pd.DataFrame, new: bool) -> Array:
    start, mile, minute = _METER * (1.0 if new else _OLD)
    rate = trips["rate"].to_numpy()
    metered = start + mile * trips["distance"].to_numpy() + minute * trips["minutes"].to_numpy()
    metered = np.where(rate == _NEWARK_RATE, metered + 20, metered)
    agreed = np.where(rate == _NEGOTIATED, np.round(metered / 5 + 1) * 5, np.round(metered, 1))
    fare: Array = np.where(rate == _JFK_RATE, 70.0 if new else 52.0, agreed)
    return fare


def _tip(trips: pd.DataFrame, rng: np.random.Generator) -> Array:
    # drivers enter tips of cards only
    share = np.where(rng.random(len(trips)) < 0.8, rng.choice([0.15, 0.2, 0.25], len(trips)), 0.0)  # noqa: PLR2004
    card = trips["payment"].to_numpy() < CASH
    return np.round(np.where(card, share * (trips["fare"] + trips["extra"]), 0.0), 2)


def _on_island(zone: Array) -> Array:
    return np.isin(letters(), ["M", "H"])[zone]
