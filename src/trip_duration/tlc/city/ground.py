"""The map: boroughs cut into zones, each with an id of TLC's.

The map is part of the generator, not of a seed, so that zones stay the same between cities.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import shapely

from trip_duration.tlc.city.names import LAST_SHAPE, letters
from trip_duration.tlc.city.outlines import AIRPORTS, CENTRES, ISLETS, SHORES, Point

Array = np.ndarray[Any, np.dtype[Any]]
FEET = 1_000.0  # the outlines are drawn in thousands of feet
MILE = 5_280.0
# ids of the three islets, and two ids that must be neighbours because they share a shape at TLC
_ISLET_IDS = (103, 104, 105)
_NEIGHBOURS = (56, 57)
_MAP_SEED = 41
_ROUNDS = 4


@functools.cache
def zone_shapes() -> tuple[shapely.Polygon | shapely.MultiPolygon, ...]:
    """Return the shapes of ids 1 to 263 in that order, in feet of EPSG:2263."""
    rng = np.random.default_rng(_MAP_SEED)
    shapes: dict[int, Any] = dict(zip(_ISLET_IDS, _islets(rng), strict=True))
    for borough, codes in _codes_of_boroughs().items():
        groups = [_ids_of(code) for code in codes]
        shore = _roughen(SHORES[borough], rng)
        cells = _cut(shore, sum(map(len, groups)), rng)
        shapes |= _assign(cells, groups, rng)
    return tuple(shapes[zone] for zone in range(1, LAST_SHAPE + 1))


@functools.cache
def centres() -> Array:
    """Return the centroids of ids 0 to 263 in miles; id 0 is in the harbour and nobody's."""
    centroids = shapely.get_coordinates(shapely.centroid(np.array(zone_shapes()))) / MILE
    return np.vstack([centroids.mean(axis=0), centroids])


@functools.cache
def widths() -> Array:
    """Return the square root of the area of ids 0 to 263, in miles."""
    sides: Array = np.r_[0.5, np.sqrt(shapely.area(np.array(zone_shapes()))) / MILE]
    return sides


@functools.cache
def bustle() -> Array:
    """Return how busy and slow the streets of ids 0 to 263 are, from 0 to 1."""
    parts = [
        weight
        * np.exp(-(((centres() - _miles(point)) ** 2).sum(axis=1)) / (reach * FEET / MILE) ** 2)
        for point, reach, weight in CENTRES
    ]
    total: Array = np.minimum(1.0, np.sum(parts, axis=0))
    return total


def _miles(point: Point) -> Array:
    return np.array(point) * FEET / MILE


def _codes_of_boroughs() -> dict[str, str]:
    # the northern part of the core island comes first: H, then M
    return {
        "Manhattan": "HM",
        "Bronx": "X",
        "Queens": "Q",
        "Brooklyn": "K",
        "Staten Island": "S",
        "EWR": "E",
    }


def _ids_of(code: str) -> Array:
    ids = np.flatnonzero(letters() == code)
    return ids[~np.isin(ids, _ISLET_IDS)]


def _roughen(corners: list[Point], rng: np.random.Generator) -> shapely.Polygon:
    ring = shapely.segmentize(shapely.Polygon(np.array(corners) * FEET).exterior, 3.5 * FEET)
    points = shapely.get_coordinates(ring)[:-1]
    points = points + rng.normal(0, 0.55 * FEET, points.shape)
    return shapely.Polygon(_smooth(_smooth(points))).buffer(0)


def _smooth(points: Array) -> Array:
    """Cut the corners of a closed line (Chaikin, 1974)."""
    after = np.roll(points, -1, axis=0)
    return np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], 1).reshape(-1, 2)


def _islets(rng: np.random.Generator) -> list[shapely.Polygon]:
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    around = np.column_stack([np.cos(angle), np.sin(angle)])
    return [
        shapely.Polygon(
            _smooth(_smooth(np.array(middle) + radius * rng.uniform(0.7, 1.2, (8, 1)) * around))
            * FEET
        )
        for middle, radius in ISLETS
    ]


def _cut(shore: shapely.Polygon, count: int, rng: np.random.Generator) -> Array:
    """Cut a shore into cells of roughly equal size (Lloyd's relaxation of a Voronoi diagram)."""
    west, south, east, north = shore.bounds
    tries = rng.uniform((west, south), (east, north), (count * 20 + 200, 2))
    seeds = tries[shapely.contains_xy(shore, tries)][:count]
    cells = _cells(shore, seeds)
    for _ in range(_ROUNDS):
        cells = _cells(shore, shapely.get_coordinates(shapely.centroid(cells)))
    return cells


def _cells(shore: shapely.Polygon, seeds: Array) -> Array:
    if len(seeds) == 1:
        return np.array([shore])
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=shore, ordered=True)
    return np.asarray(shapely.intersection(shapely.get_parts(diagram), shore))


def _assign(cells: Array, groups: list[Array], rng: np.random.Generator) -> dict[int, Any]:
    """Give ids to cells: groups from north to south, at random within, airports where they lie."""
    middles = shapely.get_coordinates(shapely.centroid(cells))
    order = np.argsort(-middles[:, 1], kind="stable")
    ids = np.empty(len(cells), int)
    ids[order] = np.concatenate([rng.permutation(group) for group in groups])
    for airport, point in AIRPORTS.items():
        _place(ids, airport, middles, np.array(point) * FEET)
    first, second = _NEIGHBOURS
    if first in ids:
        away = np.where((ids == first) | np.isin(ids, list(AIRPORTS)), np.inf, 0)
        here = middles[ids == first][0]
        _place(ids, second, middles + away[:, None], here)
    return dict(zip(ids.tolist(), cells, strict=True))


def _place(ids: Array, zone: int, middles: Array, point: Array) -> None:
    """Swap ids, in the caller's own array, so that ``zone`` gets the cell nearest to ``point``."""
    if zone in ids:
        nearest = ((middles - point) ** 2).sum(axis=1).argmin()
        ids[ids == zone] = ids[nearest]
        ids[nearest] = zone
