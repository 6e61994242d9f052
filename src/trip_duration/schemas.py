"""Pandera contracts, one for each persisted frame, and their use on months.

Raw contracts name what is needed and tolerate the rest; later ones are strict. They know columns
and values, not where a frame lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera import dtypes
from pandera.engines import pandas_engine
from pandera.errors import SchemaErrors
from pandera.typing import Series

from trip_duration import request_bounds
from trip_duration.errors import ContractError
from trip_duration.months import MonthPart

LAST_TAXI_ZONE = 263
SPLITS = ("train", "validation", "test")
POLYGONS = ("Polygon", "MultiPolygon")
_EXAMPLES = 5


@pandas_engine.Engine.register_dtype
@dtypes.immutable
class LocalTime(pandas_engine.DataType):
    """Time of the wall clock in New York, to the microsecond, as parquet files carry it.

    Pandera's own timestamp without a zone is always ``datetime64[ns]``, which pandas 3 no longer
    makes: it would copy both columns of every month.
    """

    type = np.dtype("datetime64[us]")

    def __init__(self) -> None:
        """Take the one type there is, rather than one to be given."""

    def check(self, pandera_dtype: dtypes.DataType, data_container: Any = None) -> bool:
        """Tell whether a column has exactly this type."""
        if data_container is None:
            return isinstance(pandera_dtype, LocalTime)
        return bool(data_container.dtype == self.type)

    def coerce(self, data_container: Any) -> Any:
        """Make a column of this type, raising on what is not a time."""
        return data_container.astype(self.type)

    def __str__(self) -> str:
        """Name the type as pandas does."""
        return str(self.type)


def _column(meaning: str, **checks: Any) -> Any:
    return pa.Field(description=meaning, **checks)


class _Strict(pa.DataFrameModel):
    class Config:
        strict = True


class RawTrips(pa.DataFrameModel):
    """The needed columns of one month as published, under this project's names."""

    pickup_datetime: Series[LocalTime] = _column("start of the trip, local time", nullable=True)
    dropoff_datetime: Series[LocalTime] = _column("end of the trip, local time", nullable=True)
    pickup_zone: Series[pd.Int32Dtype] = _column("taxi zone of the pickup", nullable=True)
    dropoff_zone: Series[pd.Int32Dtype] = _column("taxi zone of the drop-off", nullable=True)
    trip_distance: Series[np.float64] = _column("distance by the meter, miles", nullable=True)
    total_amount: Series[np.float64] = _column("amount charged, dollars", nullable=True)

    class Config:
        """Types are coerced, so that a value that does not fit is named."""

        coerce = True
        strict = False


class Trips(_Strict):
    """Validated trips."""

    pickup_datetime: Series[LocalTime] = _column("start of the trip, local time")
    pickup_zone: Series[np.int16] = _column("taxi zone of the pickup", ge=1, le=LAST_TAXI_ZONE)
    dropoff_zone: Series[np.int16] = _column("taxi zone of the drop-off", ge=1, le=LAST_TAXI_ZONE)
    trip_distance: Series[np.float64] = _column(
        "distance by the meter, miles; null where absurd", ge=0, nullable=True
    )
    duration_minutes: Series[np.float64] = _column("true duration, minutes", gt=0)


class Zones(_Strict):
    """Geometry of every zone id that trips can carry."""

    zone: Series[np.int16] = _column("taxi zone", ge=1, le=LAST_TAXI_ZONE, unique=True)
    name: Series[str] = _column("name, not unique")
    borough: Series[str] = _column("borough, or EWR")
    airport: Series[bool] = _column("whether the zone is an airport")
    x: Series[np.float64] = _column("easting of the centroid, feet of EPSG:2263")
    y: Series[np.float64] = _column("northing of the centroid, feet of EPSG:2263")
    longitude: Series[np.float64] = _column("longitude of the centroid, degrees", ge=-75, le=-73)
    latitude: Series[np.float64] = _column("latitude of the centroid, degrees", ge=40, le=42)
    area: Series[np.float64] = _column("area, square miles", gt=0)


class ZoneLookup(pa.DataFrameModel):
    """The needed columns of the publisher's table of zone names; ``N/A`` is a name in it."""

    LocationID: Series[np.int64] = _column("taxi zone", ge=1, unique=True)
    Borough: Series[str] = _column("borough, EWR, or Unknown", str_length={"min_value": 1})
    Zone: Series[str] = _column("name, not unique", str_length={"min_value": 1})
    service_zone: Series[str] = _column("kind of taxi that serves it; may be empty")


class ZonePolygons(_Strict):
    """The publisher's polygons of zones, each with what is known of its geometry."""

    LocationID: Series[np.int64] = _column("taxi zone, not unique", ge=1, le=LAST_TAXI_ZONE)
    kind: Series[str] = _column("kind of geometry", isin=POLYGONS)
    area: Series[np.float64] = _column("area, square feet", gt=0)


class ZoneOutlines(_Strict):
    """The features of the outlines that are drawn, each with the box around its coordinates."""

    zone: Series[np.int64] = _column("taxi zone", ge=1, le=LAST_TAXI_ZONE, unique=True)
    name: Series[str] = _column("name, not unique")
    borough: Series[str] = _column("borough, or EWR")
    kind: Series[str] = _column("kind of geometry", isin=POLYGONS)
    west: Series[np.float64] = _column("least longitude, degrees", ge=-75, le=-73)
    east: Series[np.float64] = _column("greatest longitude, degrees", ge=-75, le=-73)
    south: Series[np.float64] = _column("least latitude, degrees", ge=40, le=42)
    north: Series[np.float64] = _column("greatest latitude, degrees", ge=40, le=42)


class BatchRequests(_Strict):
    """Valid requests of a batch file; invalid rows were removed before."""

    pickup_datetime: Series[LocalTime] = _column(
        "local time of New York",
        ge=pd.Timestamp(request_bounds.FIRST_YEAR, 1, 1),
        lt=pd.Timestamp(request_bounds.LAST_YEAR + 1, 1, 1),
    )
    pickup_zone: Series[np.int64] = _column("taxi zone", ge=1, le=request_bounds.HIGHEST_ZONE_ID)
    dropoff_zone: Series[np.int64] = _column("taxi zone", ge=1, le=request_bounds.HIGHEST_ZONE_ID)
    route_distance: Series[np.float64] = _column(
        "miles; null if not given", ge=0, le=request_bounds.MOST_MILES, nullable=True
    )


class Predictions(Trips):
    """Trips with their split, and the minutes predicted for each presentation with intervals."""

    request: Series[np.float64] = _column("predicted without distance, minutes", gt=0)
    request_lower: Series[np.float64] = _column("lower end of its interval, minutes", gt=0)
    request_upper: Series[np.float64] = _column("upper end of its interval, minutes", gt=0)
    request_with_distance: Series[np.float64] = _column("predicted with distance, minutes", gt=0)
    request_with_distance_lower: Series[np.float64] = _column("lower end, minutes", gt=0)
    request_with_distance_upper: Series[np.float64] = _column("upper end, minutes", gt=0)
    baseline: Series[np.float64] = _column("predicted by the lookup table, minutes", gt=0)
    split: Series[pd.CategoricalDtype] = _column("train, validation or test", isin=SPLITS)


class Contributions(_Strict):
    """What each feature adds to the predictions of some test trips: a row for each of both."""

    request: Series[np.int64] = _column("number of the explained request", ge=0)
    pickup_datetime: Series[LocalTime] = _column("start of the trip, local time")
    pickup_zone: Series[np.int16] = _column("taxi zone of the pickup", ge=1, le=LAST_TAXI_ZONE)
    dropoff_zone: Series[np.int16] = _column("taxi zone of the drop-off", ge=1, le=LAST_TAXI_ZONE)
    with_distance: Series[bool] = _column("whether it was explained with its distance")
    minutes: Series[np.float64] = _column("predicted duration, minutes", gt=0)
    feature: Series[str] = _column("name of the feature")
    value: Series[np.float32] = _column("its value, as the model sees it", nullable=True)
    contribution: Series[np.float64] = _column("what it adds to the prediction, minutes")


# names of the columns are those of the selected features: the types and the target are the contract
features = pa.DataFrameSchema(
    {
        "duration_minutes": pa.Column(np.float64, pa.Check.gt(0)),
        "^(?!duration_minutes$).*": pa.Column(np.float32, nullable=True, regex=True),
    },
    strict=True,
    name="features",
)


class MonthByMonth:
    """Validator of a dataset of months: each month is checked when it is read, on its own.

    Kedro calls ``validate`` with all months of the dataset; reading them there would need memory
    for all. The contract is therefore put into each month's way.
    """

    def __init__(self, model: type[pa.DataFrameModel]) -> None:
        """Bind the contract that each month has to keep."""
        self._model = model

    def validate(self, data: Mapping[str, MonthPart]) -> dict[str, MonthPart]:
        """Return the same months, each of which keeps the contract or raises when it is read."""
        return {month: part.then(self._checker(part)) for month, part in data.items()}

    def _checker(self, part: MonthPart) -> Any:
        file = part.record.get("file", part.month)
        return lambda frame: check_frame(frame, self._model, str(file))


def check_frame(frame: pd.DataFrame, model: type[pa.DataFrameModel], file: str) -> pd.DataFrame:
    """Check one frame against its contract.

    Args:
        frame: Rows of one month.
        model: The contract.
        file: What the message calls the frame.

    Returns:
        The frame, its types made uniform where the contract says so.

    Raises:
        ContractError: With the file and, for each broken check, column, check, count and examples.
    """
    try:
        return model.validate(frame, lazy=True)
    except SchemaErrors as errors:
        failures = _list_failures(errors, len(frame))
    contract = model.__name__
    lines = [
        f"- column {failure['column']}, check {failure['check']}: {failure['rows']} of "
        f"{len(frame)} rows, for example {', '.join(failure['examples'])}"
        for failure in failures
    ]
    message = f"{file} breaks the contract {contract}:\n" + "\n".join(lines)
    raise ContractError(message, file, contract, len(frame), failures)


def _list_failures(errors: SchemaErrors, rows: int) -> list[dict[str, Any]]:
    cases = errors.failure_cases
    check = cases["check"].astype(str)
    # a column that could not be coerced fails once more, for the type that it still has
    coerced = cases.loc[check.str.startswith("coerce_dtype("), "column"]
    cases = cases[~(check.str.startswith("dtype(") & cases["column"].isin(coerced))]
    # a column that is missing or too many is named as the failure of the frame
    frame_wide = cases["schema_context"] == "DataFrameSchema"
    named = cases["column"].mask(frame_wide, cases["failure_case"])
    return [
        {
            "column": str(column),
            "check": str(check),
            "rows": _count(group, rows),
            "examples": [str(case) for case in group["failure_case"].head(_EXAMPLES)],
        }
        for (column, check), group in cases.groupby([named, "check"], sort=False)
    ]


def _count(cases: pd.DataFrame, rows: int) -> int:
    # a failure of a whole column is one case without an index
    return rows if cases["index"].isna().all() else len(cases)


raw_trips_by_month = MonthByMonth(RawTrips)
trips_by_month = MonthByMonth(Trips)
