"""Who rides from where to where: a gravity model over zones, services and times of day."""

from __future__ import annotations

import functools

import numpy as np

from trip_duration.params import Service
from trip_duration.tlc.city.clock import PERIODS
from trip_duration.tlc.city.ground import Array, bustle, widths
from trip_duration.tlc.city.names import LAST_SHAPE, letters
from trip_duration.tlc.city.outlines import AIRPORTS
from trip_duration.tlc.city.roads import routes

# share of pickups by part of the city (see names.py; A: airports). Green: measured on TLC green
# 2023-02. Yellow: rounded from what TLC's monthly reports show.
_PICKUPS: dict[Service, dict[str, float]] = {
    Service.GREEN: {
        "H": 0.53, "M": 0.05, "Q": 0.257, "K": 0.139, "X": 0.019, "S": 2e-4, "A": 8e-4,
    },
    Service.YELLOW: {
        "M": 0.86, "H": 0.03, "Q": 0.014, "K": 0.012, "X": 0.001, "S": 5e-5, "A": 0.07,
    },
}  # fmt: skip
_PULL = {"H": 1.6, "M": 1.0, "Q": 1.1, "K": 0.9, "X": 0.6, "S": 0.3, "E": 0.0}
_TO_AIRPORT = {Service.GREEN: 0.016, Service.YELLOW: 0.035}
_AIRPORT_SPLIT = {1: 0.04, 132: 0.48, 138: 0.48}
# what draws people in each period (night, morning, midday, evening, day off, night off):
# weights of homes, work and nightlife at the pickup; at the drop-off home and work change places
_MOTIVES = np.array(
    [
        [0.5, 0.3, 1.4],
        [1.5, 0.3, 0.2],
        [1.0, 0.9, 0.4],
        [0.5, 1.4, 0.8],
        [1.0, 0.5, 0.8],
        [0.5, 0.1, 1.7],
    ]
)
_EMPTY = (0, 103, 104, 105)  # no zone, and islands without a bridge
_RARE = (1, 57)  # hardly ever met in TLC green 2023
_NATURE_SEED = 5


@functools.cache
def pair_shares(service: Service) -> Array:
    """Return the cumulative share of each pair of zone ids in each period.

    Returns:
        Shape ``(6, 264 * 264)``; the last value of a row is 1.
    """
    shares = [
        _pickup_shares(service, period)[:, None] * _dropoff_shares(service, period)
        for period in range(PERIODS)
    ]
    total = np.cumsum(np.reshape(shares, (PERIODS, -1)), axis=1)
    cumulated: Array = total / total[:, -1:]
    return cumulated


def draw_pairs(service: Service, period: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a pickup and a drop-off zone for each trip, given the period of its pickup."""
    pair = np.empty(len(period), np.int64)
    lot = rng.random(len(period))
    for number, shares in enumerate(pair_shares(service)):
        here = period == number
        pair[here] = np.searchsorted(shares, lot[here], side="right")
    return np.divmod(pair, LAST_SHAPE + 1)


def _pickup_shares(service: Service, period: int) -> Array:
    parts = letters()[: LAST_SHAPE + 1].copy()
    parts[list(AIRPORTS)] = "A"
    weight = _nature() @ _MOTIVES[period]
    weight[list(_EMPTY)] = 0
    shares = np.zeros(len(parts))
    for part, share in _PICKUPS[service].items():
        shares += np.where(parts == part, share * weight / weight[parts == part].sum(), 0)
    return shares


def _dropoff_shares(service: Service, period: int) -> Array:
    """Return the shares of drop-off zones for each pickup zone: near ones, and airports."""
    pull = _nature() @ _MOTIVES[period][[1, 0, 2]]
    pull = pull * np.array([_PULL.get(part, 0.0) for part in letters()[: LAST_SHAPE + 1]])
    pull[list(_EMPTY)] = 0
    pull[list(AIRPORTS)] = 0
    near = pull * _nearness()
    airports = np.zeros(len(pull))
    airports[list(_AIRPORT_SPLIT)] = list(_AIRPORT_SPLIT.values())
    share = _TO_AIRPORT[service]
    reached = np.maximum(near.sum(axis=1, keepdims=True), 1e-12)  # from id 0 nothing is
    shares: Array = (1 - share) * near / reached + share * airports
    return shares


def _nearness() -> Array:
    miles = routes()[0] + np.diag(1.5 * widths())
    near: Array = np.exp(-miles / 1.0) + 0.01 * np.exp(-miles / 4)
    near[list(AIRPORTS)] = np.exp(-miles[list(AIRPORTS)] / 8)
    return near


@functools.cache
def _nature() -> Array:
    """Return homes, work and nightlife of each zone id; part of the map, so of no seed."""
    rng = np.random.default_rng(_NATURE_SEED)
    size = np.exp(rng.normal(0, 0.8, LAST_SHAPE + 1))
    mixture = rng.gamma(2.0, 0.5, (LAST_SHAPE + 1, 3)) + 0.05
    mixture[:, 1:] *= (0.4 + 1.8 * bustle())[:, None]
    nature: Array = size[:, None] * mixture
    nature[list(_RARE)] *= 0.01
    return nature
