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

from trip_duration.errors import DataError
from trip_duration.months import MonthPart

LAST_ZONE = 263
SPLITS = ("train", "validation", "test")
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


class _Strict(pa.DataFrameModel):
    class Config:
        strict = True


class RawTrips(pa.DataFrameModel):
    """The needed columns of one month as published, under this project's names."""

    pickup_datetime: Series[LocalTime] = pa.Field(nullable=True)
    dropoff_datetime: Series[LocalTime] = pa.Field(nullable=True)
    pickup_zone: Series[pd.Int32Dtype] = pa.Field(nullable=True)
    dropoff_zone: Series[pd.Int32Dtype] = pa.Field(nullable=True)
    trip_distance: Series[np.float64] = pa.Field(nullable=True)
    total_amount: Series[np.float64] = pa.Field(nullable=True)

    class Config:
        """Types are coerced, so that a value that does not fit is named."""

        coerce = True
        strict = False


class Trips(_Strict):
    """Validated trips: local time, zone ids, miles, minutes."""

    pickup_datetime: Series[LocalTime]
    pickup_zone: Series[np.int16] = pa.Field(ge=1, le=LAST_ZONE)
    dropoff_zone: Series[np.int16] = pa.Field(ge=1, le=LAST_ZONE)
    trip_distance: Series[np.float64] = pa.Field(ge=0, nullable=True)
    duration_minutes: Series[np.float64] = pa.Field(gt=0)


class Zones(_Strict):
    """Geometry of every zone id that trips can carry: feet of EPSG:2263, and degrees."""

    zone: Series[np.int16] = pa.Field(ge=1, le=LAST_ZONE, unique=True)
    name: Series[str]
    borough: Series[str]
    airport: Series[bool]
    x: Series[np.float64]
    y: Series[np.float64]
    longitude: Series[np.float64] = pa.Field(ge=-75, le=-73)
    latitude: Series[np.float64] = pa.Field(ge=40, le=42)
    area: Series[np.float64] = pa.Field(gt=0)


class Predictions(_Strict):
    """Trips with their split and the minutes that each presentation and the baseline predict."""

    pickup_datetime: Series[LocalTime]
    pickup_zone: Series[np.int16] = pa.Field(ge=1, le=LAST_ZONE)
    dropoff_zone: Series[np.int16] = pa.Field(ge=1, le=LAST_ZONE)
    trip_distance: Series[np.float64] = pa.Field(ge=0, nullable=True)
    duration_minutes: Series[np.float64] = pa.Field(gt=0)
    split: Series[pd.CategoricalDtype] = pa.Field(isin=SPLITS)
    request: Series[np.float64] = pa.Field(gt=0)
    request_with_distance: Series[np.float64] = pa.Field(gt=0)
    baseline: Series[np.float64] = pa.Field(gt=0)


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
        DataError: With the file and, for each broken check, column, check, count and examples.
    """
    try:
        return model.validate(frame, lazy=True)
    except SchemaErrors as errors:
        raise DataError(_describe(errors, model.__name__, file, len(frame))) from None


def _describe(errors: SchemaErrors, contract: str, file: str, rows: int) -> str:
    cases = errors.failure_cases
    cases = cases[~cases["check"].astype(str).str.startswith("dtype(")]
    lines = [
        f"- column {column}, check {check}: {len(group)} of {rows} rows, "
        f"for example {', '.join(map(str, group['failure_case'].head(_EXAMPLES)))}"
        for (column, check), group in cases.groupby(["column", "check"], sort=False)
    ]
    return f"{file} breaks the contract {contract}:\n" + "\n".join(lines)


raw_trips_by_month = MonthByMonth(RawTrips)
trips_by_month = MonthByMonth(Trips)
