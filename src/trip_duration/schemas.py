"""Pandera contracts, one for each persisted frame, and their use on months.

Raw contracts name what is needed and tolerate the rest; later ones are strict. They know columns
and values, not where a frame lies.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series


class RawTrips(pa.DataFrameModel):
    """The needed columns of one month as published, under this project's names."""

    pickup_datetime: Series["datetime64[us]"] = pa.Field(nullable=True)
    dropoff_datetime: Series["datetime64[us]"] = pa.Field(nullable=True)
    pickup_zone: Series[pd.Int32Dtype] = pa.Field(nullable=True)
    dropoff_zone: Series[pd.Int32Dtype] = pa.Field(nullable=True)
    trip_distance: Series[float] = pa.Field(nullable=True)
    total_amount: Series[float] = pa.Field(nullable=True)

    class Config:
        """Types are coerced, so that a value that does not fit is named."""

        coerce = True
        strict = False


class Trips(pa.DataFrameModel):
    """Validated trips: local time, zone ids, miles, minutes."""

    pickup_datetime: Series["datetime64[us]"]
    pickup_zone: Series["int16"] = pa.Field(ge=1, le=263)
    dropoff_zone: Series["int16"] = pa.Field(ge=1, le=263)
    trip_distance: Series[float] = pa.Field(ge=0, nullable=True)
    duration_minutes: Series[float] = pa.Field(gt=0)

    class Config:
        """Nothing more, nothing else."""

        strict = True


class Zones(pa.DataFrameModel):
    """Geometry of every zone id that trips can carry: feet of EPSG:2263, and degrees."""

    zone: Series["int16"] = pa.Field(ge=1, le=263, unique=True)
    name: Series[str]
    borough: Series[str]
    airport: Series[bool]
    x: Series[float]
    y: Series[float]
    longitude: Series[float] = pa.Field(ge=-75, le=-73)
    latitude: Series[float] = pa.Field(ge=40, le=42)
    area: Series[float] = pa.Field(gt=0)

    class Config:
        """Nothing more, nothing else."""

        strict = True
