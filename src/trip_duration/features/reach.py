"""How far training trips reach, and which requests lie beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from trip_duration.features.requests import Requests

Mask = npt.NDArray[np.bool_]
# a year after the last training day every season has been met once more without the model
_YEAR = np.timedelta64(366, "D")


@dataclass(frozen=True)
class Reach:
    """Days and distances of training trips.

    Attributes:
        first: First day.
        last: Last day.
        farthest: Longest distance, miles.
    """

    first: np.datetime64
    last: np.datetime64
    farthest: float

    @classmethod
    def of(cls, requests: Requests) -> Self:
        """Read the reach of training trips."""
        days = requests.pickup_datetime.astype("datetime64[D]")
        farthest = np.nanmax(np.append(requests.route_distance, 0.0))
        return cls(days.min(), days.max(), float(farthest))

    def flags(self, requests: Requests, unknown: Mask, unseen: Mask) -> dict[str, Mask]:
        """Tell which requests are unlike the trips that were learnt from.

        Args:
            requests: The requests.
            unknown: Which have a zone without a place on the map.
            unseen: Which have a zone without any training trip.

        Returns:
            For each request, by the name of the flag: ``unknown_zone``, ``unseen_zone`` (on the
            map, but without any training trip), ``no_distance``, and ``outside_training_range`` (a
            distance below zero or above the longest; a time before the first day, or more than a
            year after the last).
        """
        day = requests.pickup_datetime.astype("datetime64[D]")
        miles = requests.route_distance
        far = (miles < 0) | (miles > self.farthest)
        return {
            "unknown_zone": unknown,
            "unseen_zone": unseen & ~unknown,
            "no_distance": np.isnan(miles),
            "outside_training_range": far | (day < self.first) | (day > self.last + _YEAR),
        }

    def to_json(self) -> list[Any]:
        """Return both days and the distance."""
        return [str(self.first), str(self.last), self.farthest]

    @classmethod
    def from_json(cls, values: list[Any]) -> Self:
        """Read what ``to_json`` returned."""
        first, last, farthest = values
        return cls(np.datetime64(first), np.datetime64(last), farthest)
