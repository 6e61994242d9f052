"""Distances along the streets of the city, and how many bridges lie on the way."""

from __future__ import annotations

import functools

import numpy as np

from trip_duration.tlc.city.ground import FEET, MILE, Array, centres
from trip_duration.tlc.city.names import boroughs
from trip_duration.tlc.city.outlines import BRIDGES

_GRID_ANGLE = np.deg2rad(29.0)  # streets run along the core island and across it


def along_streets(steps: Array) -> Array:
    """Return the length of ways ``(..., 2)`` that follow a grid of streets, in their own unit."""
    cos, sin = np.cos(_GRID_ANGLE), np.sin(_GRID_ANGLE)
    x, y = steps[..., 0], steps[..., 1]
    lengths: Array = np.abs(x * cos - y * sin) + np.abs(x * sin + y * cos)
    return lengths


@functools.cache
def routes() -> tuple[Array, Array]:
    """Return the shortest way between the centres of all pairs of zone ids.

    Within a borough one drives along the streets; between boroughs over bridges only.

    Returns:
        Miles, and bridges crossed, each of shape ``(264, 264)``.
    """
    points, sides = _nodes()
    miles = np.where(
        sides[:, None] == sides, along_streets(points[:, None] - points[None, :]), np.inf
    )
    crossed = np.zeros(miles.shape, np.int64)
    for first, second in _bridge_nodes():
        span = along_streets(points[first] - points[second])
        miles[[first, second], [second, first]] = span
        crossed[[first, second], [second, first]] = 1
    for node in np.ravel(_bridge_nodes()):
        miles, crossed = _relax(miles, crossed, int(node))
    count = len(centres())
    return miles[:count, :count], crossed[:count, :count]


def _relax(miles: Array, crossed: Array, node: int) -> tuple[Array, Array]:
    # one step of Floyd and Warshall's algorithm; only the ends of bridges shorten a way
    way = miles[:, [node]] + miles[[node], :]
    shorter = way < miles
    bridges = crossed[:, [node]] + crossed[[node], :]
    return np.where(shorter, way, miles), np.where(shorter, bridges, crossed)


def _nodes() -> tuple[Array, Array]:
    ends = np.array([end for _, one, _, other in BRIDGES for end in (one, other)]) * FEET / MILE
    sides = [side for one, _, other, _ in BRIDGES for side in (one, other)]
    count = len(centres())
    return np.vstack([centres(), ends]), np.r_[boroughs()[:count], sides]


def _bridge_nodes() -> Array:
    first = len(centres()) + 2 * np.arange(len(BRIDGES))
    return np.column_stack([first, first + 1])
