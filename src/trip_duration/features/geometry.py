"""Geometry features: what the two zones of a request tell before any trip was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from trip_duration.features.dictionary import Feature

if TYPE_CHECKING:
    import pandas as pd

_FEET_PER_MILE = 5280.0
# Manhattan's avenues run 29 degrees east of north
STREET_ANGLE = np.deg2rad(29.0)
FEATURES = (
    Feature("pickup_x", "easting of the pickup zone's centroid, EPSG:2263", "miles", "zones"),
    Feature("pickup_y", "northing of the pickup zone's centroid", "miles", "zones"),
    Feature("dropoff_x", "easting of the drop-off zone's centroid", "miles", "zones"),
    Feature("dropoff_y", "northing of the drop-off zone's centroid", "miles", "zones"),
    Feature("straight_distance", "between the centroids, straight", "miles", "zones"),
    Feature("street_distance", "between the centroids, along a street grid", "miles", "zones"),
    Feature("bearing", "direction of travel, clockwise from north", "-180 to 180 degrees", "zones"),
    Feature("same_zone", "pickup and drop-off in one zone", "0 or 1", "zones"),
    Feature("pickup_borough", "code of the pickup borough, 0 is unknown", "code", "zones"),
    Feature("dropoff_borough", "code of the drop-off borough, 0 is unknown", "code", "zones"),
    Feature("borough_pair", "code of the pair of boroughs, 0 is unknown", "code", "zones"),
    Feature("pickup_airport", "pickup at an airport", "0 or 1", "zones"),
    Feature("dropoff_airport", "drop-off at an airport", "0 or 1", "zones"),
    Feature("pickup_area", "area of the pickup zone", "square miles", "zones"),
    Feature("dropoff_area", "area of the drop-off zone", "square miles", "zones"),
)


@dataclass(frozen=True)
class ZoneTable:
    """Zones by row; row 0 stands for every zone that is not known.

    Attributes:
        row_of: Row of each zone id, by id.
        columns: Per row: x, y (miles), borough code, airport, area (square miles).
        boroughs: Names of the boroughs; code ``i + 1`` is the ``i``-th.
    """

    row_of: npt.NDArray[np.int64]
    columns: npt.NDArray[np.float64]
    boroughs: tuple[str, ...]

    @classmethod
    def of(cls, zones: pd.DataFrame) -> Self:
        """Build the table from rows as in the ``Zones`` contract."""
        boroughs = tuple(sorted(zones["borough"].unique()))
        row_of = np.zeros(int(zones["zone"].max()) + 2, dtype=np.int64)
        row_of[zones["zone"]] = np.arange(1, len(zones) + 1)
        known = np.column_stack(
            [
                zones["x"] / _FEET_PER_MILE,
                zones["y"] / _FEET_PER_MILE,
                zones["borough"].map({name: i + 1 for i, name in enumerate(boroughs)}),
                zones["airport"],
                zones["area"],
            ]
        ).astype(np.float64)
        unknown = np.array([[np.nan, np.nan, 0, 0, np.nan]])
        return cls(row_of, np.vstack([unknown, known]), boroughs)

    def __len__(self) -> int:
        """Return the number of rows, that of unknown zones included."""
        return len(self.columns)

    def rows(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the row of each zone id; ids that are not known have row 0."""
        last = len(self.row_of) - 1
        # the last entry of row_of belongs to no zone, the first to no id
        rows: npt.NDArray[np.int64] = self.row_of[ids.clip(0, last)]
        return rows


def pair_table(zones: ZoneTable, usual: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Compute the geometry of every pair of zones.

    Args:
        zones: The zones.
        usual: What stands in for each feature where a zone is not known, shape ``(15,)``.

    Returns:
        Shape ``(len(zones) ** 2, 15)``, in the order of ``FEATURES``; the row of a pair is
        ``row of pickup * len(zones) + row of drop-off``.
    """
    size = len(zones)
    pickup = np.repeat(zones.columns, size, axis=0)
    dropoff = np.tile(zones.columns, (size, 1))
    east, north = (dropoff - pickup)[:, :2].T
    along = np.abs(east * np.sin(STREET_ANGLE) + north * np.cos(STREET_ANGLE))
    across = np.abs(east * np.cos(STREET_ANGLE) - north * np.sin(STREET_ANGLE))
    codes = pickup[:, 2] * (len(zones.boroughs) + 1) + dropoff[:, 2]
    known = (pickup[:, 2] > 0) & (dropoff[:, 2] > 0)
    columns: list[Any] = [
        pickup[:, 0],
        pickup[:, 1],
        dropoff[:, 0],
        dropoff[:, 1],
        np.hypot(east, north),
        along + across,
        np.rad2deg(np.arctan2(east, north)),
        known & (np.repeat(np.arange(size), size) == np.tile(np.arange(size), size)),
        pickup[:, 2],
        dropoff[:, 2],
        np.where(known, codes, 0),
        pickup[:, 3],
        dropoff[:, 3],
        pickup[:, 4],
        dropoff[:, 4],
    ]
    table = np.column_stack(columns).astype(np.float64)
    return np.where(np.isnan(table), usual, table)


def usual_geometry(
    zones: ZoneTable, pickup: npt.NDArray[np.int64], dropoff: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the median of each feature over trips between known zones, shape ``(15,)``.

    Args:
        zones: The zones.
        pickup: Row of each trip's pickup zone.
        dropoff: Row of its drop-off zone.
    """
    known = (pickup > 0) & (dropoff > 0)
    table = pair_table(zones, np.full(len(FEATURES), np.nan))
    medians: npt.NDArray[np.float64] = np.median(
        table[pickup[known] * len(zones) + dropoff[known]], axis=0
    )
    return medians
