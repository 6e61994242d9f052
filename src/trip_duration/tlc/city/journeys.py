"""Clean journeys: when, from where to where, how far, and how long they took."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trip_duration.params import CityParams, Service
from trip_duration.tlc.city.clock import demand, hours_of, stream, to_wall, traffic
from trip_duration.tlc.city.demand import draw_pairs
from trip_duration.tlc.city.ground import Array, bustle, centres, widths
from trip_duration.tlc.city.names import LAST_SHAPE
from trip_duration.tlc.city.outlines import AIRPORTS
from trip_duration.tlc.city.roads import along_streets, routes

_SHORTEST, _LONGEST = 1.0, 175.0  # minutes
_DAY = np.timedelta64(24, "h")
_SPREAD = 0.3  # of the ends of a trip within a zone, as a share of its width
_STREETS_SEED = 11
_AIRPORT_MINUTES = 2.5
_NOON = 12
_UNLUCKY = 0.07  # share of trips that something unusual happens to


def draw_journeys(params: CityParams, service: Service, month: str, count: int) -> pd.DataFrame:
    """Draw journeys, ordered by pickup.

    Args:
        params: The city. Without dirt no journey meets a change of the clocks: one that would
            happens a day later.
        service: Taxi service.
        month: ``YYYY-MM``.
        count: Number of journeys.

    Returns:
        ``pickup`` and ``dropoff`` on New York's wall clock, zone ids ``pu`` and ``do``,
        ``distance`` in miles, ``minutes`` that truly passed, ``bridges``, and ``hour`` and ``off``
        of the pickup.
    """
    rng = stream(params.seed, "journeys", service, month)
    hours = hours_of(month, params.seed)
    slot = np.repeat(np.arange(len(hours)), rng.multinomial(count, demand(hours, service)))
    second = rng.integers(0, 3600, count)
    pu, do = draw_pairs(service, hours["period"].to_numpy()[slot], rng)
    hour, off = hours["hour"].to_numpy()[slot] + second / 3600, hours["off"].to_numpy()[slot]
    full = traffic(hour, off, month)
    trips = pd.DataFrame({"pu": pu, "do": do, "hour": hour, "off": off})
    trips["distance"] = _distance(pu, do, rng)
    trips["bridges"] = routes()[1][pu, do]
    expected = _expected_minutes(trips, full, hours["wet"].to_numpy()[slot])
    seconds = np.round(np.clip(expected * _luck(count, rng), _SHORTEST, _LONGEST) * 60)
    trips["minutes"] = seconds / 60
    start = hours["start"].to_numpy()[slot] + second * np.timedelta64(1, "s")
    trips["pickup"], trips["dropoff"] = _wall_times(start, seconds, params.dirt)
    return trips.sort_values("pickup", kind="stable", ignore_index=True)


def _distance(pu: Array, do: Array, rng: np.random.Generator) -> Array:
    """Return metered miles: the way between two doors in the zones, and a noisy detour."""
    shifts = [
        rng.standard_normal((len(zone), 2)) * (_SPREAD * widths()[zone])[:, None]
        for zone in (pu, do)
    ]
    centre_step = centres()[do] - centres()[pu]
    doors = along_streets(centre_step + shifts[1] - shifts[0])
    way = routes()[0][pu, do] + doors - along_streets(centre_step)
    detour = np.exp(0.04 + 0.07 * rng.standard_normal(len(pu)) + 0.08 * rng.exponential(1, len(pu)))
    miles: Array = np.round(np.maximum(np.abs(way), 0.2) * detour, 2)
    return miles


def _expected_minutes(trips: pd.DataFrame, full: Array, wet: Array) -> Array:
    """Return minutes without luck; longer ways are faster, busy streets and bridges slower."""
    pu, do = trips["pu"].to_numpy(), trips["do"].to_numpy()
    busy = 0.5 * (bustle()[pu] + bustle()[do])
    inwards = bustle()[do] - bustle()[pu]
    against = np.where(trips["hour"] < _NOON, inwards, -inwards)
    jam = full * (0.22 + 0.36 * busy) * (1 + 0.3 * against)
    pace = _pace()[pu] * _pace()[do] * (5.7 + 1.4 * busy) * (0.78 + 1.15 * jam) * wet
    airport = np.isin(pu, list(AIRPORTS)) * _AIRPORT_MINUTES
    bridges = trips["bridges"].to_numpy() * (0.7 + 2.6 * full * (1 + 0.4 * against))
    minutes: Array = 1.6 + pace * trips["distance"].to_numpy() ** 0.74 + bridges + airport
    return minutes


def _pace() -> Array:
    """Return the slowness of each zone's streets; part of the map, so of no seed."""
    return np.exp(np.random.default_rng(_STREETS_SEED).normal(0, 0.09, LAST_SHAPE + 1))


def _luck(count: int, rng: np.random.Generator) -> Array:
    """Return heavy-tailed factors around 1: mostly small, now and then a lost half hour."""
    usual = 0.19 * rng.standard_normal(count)
    lost = np.where(rng.random(count) < _UNLUCKY, rng.normal(0.15, 0.5, count), 0)
    luck: Array = np.exp(usual + np.clip(lost, -0.7, 1.9))
    return luck


def _wall_times(start: Array, seconds: Array, crossing: bool) -> tuple[Array, Array]:
    took = seconds.astype("timedelta64[s]")
    pickup, dropoff = to_wall(start), to_wall(start + took)
    if crossing or (agree := dropoff - pickup == took).all():
        return pickup, dropoff
    later = np.where(agree, start, start + _DAY)
    return to_wall(later), to_wall(later + took)
