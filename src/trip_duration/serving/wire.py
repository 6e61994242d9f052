"""Requests of the service: their form, their bounds, and how times are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.config import JsonDict

from trip_duration.months import TIME_ZONE
from trip_duration.request_bounds import FIRST_YEAR, HIGHEST_ZONE_ID, LAST_YEAR, MOST_MILES

ALLOWED = {
    "pickup_datetime": f"ISO 8601, from {FIRST_YEAR}-01-01T00:00:00 to {LAST_YEAR}-12-31T23:59:59; "
    "New York's local time, or any with its offset",
    "pickup_zone": f"a whole number from 1 to {HIGHEST_ZONE_ID}",
    "dropoff_zone": f"a whole number from 1 to {HIGHEST_ZONE_ID}",
    "route_distance": f"a number of miles from 0 to {MOST_MILES:.0f}, or null",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_NEW_YORK = ZoneInfo(str(TIME_ZONE))
EXAMPLE: JsonDict = {
    "pickup_datetime": "2023-04-12T08:30:00",
    "pickup_zone": 74,
    "dropoff_zone": 236,
    "route_distance": 2.1,
}


def _read_time(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    """Return the local time of New York, without a zone.

    Numbers are refused, for they would be taken for seconds since 1970; so are dates alone.
    """
    if not (isinstance(value, datetime) or (isinstance(value, str) and _TIME.match(value))):
        raise ValueError("must be a date and a time, such as 2023-04-12T08:30:00")
    time: datetime = read(value)
    # dates at the ends of the calendar cannot be converted; no offset is as long as a year
    if time.tzinfo is not None and FIRST_YEAR - 1 <= time.year <= LAST_YEAR + 1:
        time = time.astimezone(_NEW_YORK)
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    # which of the two hours that repeat in autumn is meant makes no difference to the model
    return time.replace(tzinfo=None, fold=0)


PickupTime = Annotated[
    datetime, Field(description=ALLOWED["pickup_datetime"]), WrapValidator(_read_time)
]
Zone = Annotated[int, Field(strict=True, ge=1, le=HIGHEST_ZONE_ID, description="TLC's zone id")]
Miles = Annotated[float, Field(strict=True, ge=0, le=MOST_MILES, allow_inf_nan=False)]


class PredictRequest(BaseModel):
    """What a caller knows before the trip."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    pickup_datetime: PickupTime
    pickup_zone: Zone
    dropoff_zone: Zone
    route_distance: Miles | None = Field(None, description="miles, from a routing engine")


UNEQUAL = "the columns differ in length"


def differ_in_length(columns: Iterable[Sized | None]) -> bool:
    """Tell whether columns have different numbers of rows; one that is left out has any."""
    return len({len(column) for column in columns if column is not None}) > 1


class Columns(BaseModel):
    """The same as columns of equal length."""

    model_config = ConfigDict(extra="forbid")

    pickup_datetime: list[PickupTime]
    pickup_zone: list[Zone]
    dropoff_zone: list[Zone]
    route_distance: list[Miles | None] | None = None

    @model_validator(mode="after")
    def _are_equally_long(self) -> Self:
        if differ_in_length(column for _, column in self):
            raise ValueError(UNEQUAL)
        return self

    def rows(self) -> list[PredictRequest]:
        """Return the rows, which were checked already."""
        miles = self.route_distance or [None] * len(self.pickup_zone)
        return [
            PredictRequest.model_construct(
                pickup_datetime=time, pickup_zone=start, dropoff_zone=end, route_distance=distance
            )
            for time, start, end, distance in zip(
                self.pickup_datetime, self.pickup_zone, self.dropoff_zone, miles, strict=True
            )
        ]


class BatchRequest(BaseModel):
    """Many requests: either ``records`` or ``columns``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"records": [EXAMPLE]}, {"columns": {k: [v] for k, v in EXAMPLE.items()}}]
        },
    )

    records: list[PredictRequest] | None = None
    columns: Columns | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.records is None) == (self.columns is None):
            raise ValueError("give either records or columns")
        return self

    def rows(self) -> list[PredictRequest]:
        """Return the requests, whichever way they were written."""
        if self.columns is not None:
            return self.columns.rows()
        return self.records or []


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)
