"""Requests: what a caller knows before the trip, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trip_duration.errors import DataError
from trip_duration.features.dictionary import Feature
from trip_duration.months import TIME_ZONE

if TYPE_CHECKING:
    import pandas as pd

ROUTE_FEATURES = (
    Feature("route_distance", "distance of the route, where given", "miles", "request"),
    Feature("route_detour", "route against the pair's typical distance", "ratio", "history"),
    Feature("route_duration", "route at the pair's typical speed and hour", "minutes", "history"),
)
ZONE_FEATURES = (
    Feature("pickup_zone", "code of the pickup zone, 0 is unseen in training", "code", "request"),
    Feature("dropoff_zone", "code of the drop-off zone, 0 is unseen", "code", "request"),
)
REQUEST_COLUMNS = ("pickup_datetime", "pickup_zone", "dropoff_zone")
ROUTE_DISTANCE = "route_distance"

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Requests:
    """Requests as arrays of the same length.

    Attributes:
        pickup_datetime: Local time of New York, ``datetime64[us]``.
        pickup_zone: Zone ids; an id that is not known is any other integer.
        dropoff_zone: Zone ids.
        route_distance: Miles, NaN where not given.
    """

    pickup_datetime: npt.NDArray[np.datetime64]
    pickup_zone: Integers
    dropoff_zone: Integers
    route_distance: Floats

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.pickup_datetime)


def requests_of(trips: pd.DataFrame) -> Requests:
    """Read the requests that trips answered, the meter's distance standing in for the route's."""
    return as_requests(trips.rename(columns={"trip_distance": ROUTE_DISTANCE}))


def as_requests(data: Requests | pd.DataFrame | Mapping[str, Any]) -> Requests:
    """Read requests from a frame, or from a mapping of columns.

    Args:
        data: Columns ``pickup_datetime`` (times without a zone are local; others are converted),
            ``pickup_zone``, ``dropoff_zone``, and optionally ``route_distance``.

    Raises:
        DataError: If a needed column is missing, or cannot be read as what it should be.
    """
    if isinstance(data, Requests):
        return data
    missing = [name for name in REQUEST_COLUMNS if name not in data]
    if missing:
        raise DataError(
            f"requests lack {', '.join(missing)}: expected the columns "
            f"{', '.join(REQUEST_COLUMNS)} and optionally {ROUTE_DISTANCE}"
        )
    pickup = _read("pickup_datetime", data, _as_local_time)
    given = ROUTE_DISTANCE in data
    distance = _read(ROUTE_DISTANCE, data, _as_miles) if given else np.full(len(pickup), np.nan)
    zones = [_read(name, data, _as_zone_ids) for name in ("pickup_zone", "dropoff_zone")]
    if len({len(column) for column in (pickup, distance, *zones)}) > 1:
        raise DataError("the columns of the requests differ in length")
    return Requests(pickup, zones[0], zones[1], distance)


def _read(name: str, data: Mapping[str, Any] | pd.DataFrame, how: Any) -> Any:
    try:
        return how(data[name])
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"requests: {name} cannot be read: {error}") from error


def _as_local_time(values: Any) -> npt.NDArray[np.datetime64]:
    if not (isinstance(values, np.ndarray) and values.dtype.kind == "M"):
        import pandas as pd  # noqa: PLC0415 - the service asks with arrays

        index = pd.DatetimeIndex(values)
        if index.tz is not None:
            index = index.tz_convert(TIME_ZONE).tz_localize(None)
        values = index.to_numpy()
    times: npt.NDArray[np.datetime64] = values.astype("datetime64[us]", copy=False)
    if np.isnat(times).any():
        raise ValueError(f"{int(np.isnat(times).sum())} of {len(times)} have no time")
    return times


def _as_zone_ids(values: Any) -> Integers:
    if _is_of_pandas(values):
        values = values.to_numpy(np.float64, na_value=np.nan)
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.int64, copy=False)
    return np.nan_to_num(np.asarray(array, np.float64), nan=0, posinf=0, neginf=0).astype(np.int64)


def _as_miles(values: Any) -> Floats:
    if _is_of_pandas(values):
        values = values.to_numpy(np.float64, na_value=np.nan)
    return np.asarray(values, dtype=np.float64)


def _is_of_pandas(values: Any) -> bool:
    # what has to do with missing values as pandas has them
    return hasattr(values, "to_numpy")
