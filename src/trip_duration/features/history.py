"""History: typical pace, distance and speed of zone pairs, learnt from training trips only.

Values are means of logarithms, so that a few trips of hours do not set them. A pair with few trips
leans on its two zones, and these on the city: each level counts ``smoothing`` trips' worth in the
next finer one (empirical Bayes shrinkage, as in scikit-learn's ``TargetEncoder``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trip_duration.features.dictionary import Feature

FEATURES = (
    Feature("typical_duration", "typical duration of the zone pair", "minutes", "history"),
    Feature("typical_distance", "typical metered distance of the zone pair", "miles", "history"),
    Feature("typical_speed", "typical speed of the zone pair", "miles per hour", "history"),
    Feature("hour_pace", "pace at this hour of the week against the usual", "log ratio", "history"),
    Feature(
        "zone_hour_pace",
        "pace from the pickup zone at this hour, on workdays or not, against the usual",
        "log ratio",
        "history",
    ),
    Feature(
        "expected_duration", "typical duration times the pace of the hour", "minutes", "history"
    ),
)
# added to distances between centroids, so that a trip within a zone has a length
_ROOM = 0.5
HOURS = 168
DAY_HOURS = 48

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trips:
    """Training trips as history sees them; arrays of the same length.

    Attributes:
        pickup: Row of the pickup zone.
        dropoff: Row of the drop-off zone.
        hour: Hour of the week, 0 to 167.
        street: Street-grid distance between the centroids, miles.
        minutes: Duration.
        miles: Metered distance; NaN where there is none.
    """

    pickup: Integers
    dropoff: Integers
    hour: Integers
    street: Floats
    minutes: Floats
    miles: Floats

    def rows(self, mask: npt.NDArray[np.bool_]) -> Trips:
        """Return some of the trips."""
        return Trips(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class History:
    """What training trips have taught.

    Attributes:
        pace: Log minutes per mile of street distance, per pair; shape ``(zones, zones)``.
        detour: Log metered miles per mile of street distance, per pair.
        hour_pace: Log ratio of the pace in each hour of the week; shape ``(168,)``.
        zone_hour_pace: The same per pickup zone and hour of workdays and of other days; shape
            ``(zones, 48)``.
    """

    pace: Floats
    detour: Floats
    hour_pace: Floats
    zone_hour_pace: Floats

    def features(
        self, pickup: Integers, dropoff: Integers, hour: Integers, street: Floats
    ) -> npt.NDArray[np.float32]:
        """Look the history of requests up.

        Args:
            pickup: Row of the pickup zone, shape ``(n,)``.
            dropoff: Row of the drop-off zone.
            hour: Hour of the week.
            street: Street-grid distance, miles.

        Returns:
            Shape ``(n, 6)``, in the order of ``FEATURES``.
        """
        length = street + _ROOM
        pace = self.pace[pickup, dropoff]
        hourly = self.hour_pace[hour]
        zonal = self.zone_hour_pace[pickup, day_hour(hour)]
        out = np.empty((len(pickup), len(FEATURES)), dtype=np.float32)
        out[:, 0] = minutes = np.exp(pace) * length
        out[:, 1] = miles = np.exp(self.detour[pickup, dropoff]) * length
        out[:, 2] = miles / minutes * 60
        out[:, 3] = hourly
        out[:, 4] = zonal
        out[:, 5] = minutes * np.exp(hourly)
        return out


def read_history(arrays: Mapping[str, Floats], zones: int) -> History:
    """Rebuild a history from arrays by field name.

    Args:
        arrays: The arrays of a saved history. It may lack a field that no feature of its time
            needed; that field is NaN.
        zones: Number of zone rows.
    """
    shapes = {
        "pace": (zones, zones),
        "detour": (zones, zones),
        "hour_pace": (HOURS,),
        "zone_hour_pace": (zones, DAY_HOURS),
    }
    return History(
        **{name: arrays.get(name, np.full(shape, np.nan)) for name, shape in shapes.items()}
    )


def day_hour(hour_of_week: Integers) -> Integers:
    """Return 0 to 23 for the hours of Monday to Friday, 24 to 47 for those of the weekend."""
    return hour_of_week % 24 + 24 * (hour_of_week >= 5 * 24)


def learn_history(trips: Trips, zones: int, smoothing: float) -> History:
    """Learn the history of trips.

    Args:
        trips: Training trips.
        zones: Number of zone rows.
        smoothing: Trips' worth of weight that a level has in the next finer one.
    """
    log_length = np.log(trips.street + _ROOM)
    known = (trips.pickup > 0) & (trips.dropoff > 0)
    metered = known & (trips.miles > 0)
    pace = _pair_means(
        trips.rows(known), (np.log(trips.minutes) - log_length)[known], zones, smoothing
    )
    miles = np.log(trips.miles, where=metered, out=np.zeros(len(known)))
    detour = _pair_means(trips.rows(metered), (miles - log_length)[metered], zones, smoothing)
    usual = trips.rows(known)
    residual = np.log(usual.minutes) - log_length[known] - pace[usual.pickup, usual.dropoff]
    hour_pace = _shrunk_means(usual.hour, residual, HOURS, smoothing, np.zeros(HOURS))
    cell = usual.pickup * DAY_HOURS + day_hour(usual.hour)
    size = zones * DAY_HOURS
    zone_hour = _shrunk_means(
        cell, residual - hour_pace[usual.hour], size, smoothing, np.zeros(size)
    )
    return History(pace, detour, hour_pace, zone_hour.reshape(zones, DAY_HOURS))


def _pair_means(trips: Trips, values: Floats, zones: int, smoothing: float) -> Floats:
    city = float(values.mean()) if len(values) else 0.0
    centred = values - city
    level = np.zeros(zones)
    from_zone = _shrunk_means(trips.pickup, centred, zones, smoothing, level)
    to_zone = _shrunk_means(trips.dropoff, centred, zones, smoothing, level)
    prior = (from_zone[:, None] + to_zone[None, :]) / 2
    pair = trips.pickup * zones + trips.dropoff
    means = _shrunk_means(pair, centred, zones * zones, smoothing, prior.ravel())
    return city + means.reshape(zones, zones)


def _shrunk_means(
    cell: Integers, values: Floats, size: int, smoothing: float, prior: Floats
) -> Floats:
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=values, minlength=size)
    shrunk: Floats = (total + smoothing * prior) / (count + smoothing)
    return shrunk
