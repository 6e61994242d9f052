"""TLC's own columns and types, which changed with the months 2023-02 and 2025-01."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from trip_duration.params import Service

_NARROW_FROM = "2023-02"
_CBD_FROM = "2025-01"
_FLAGS = pa.array(["N", "Y"])
# TLC's column: the generator's column, and the kind of its type
_GREEN = {
    "VendorID": ("vendor", "id"),
    "lpep_pickup_datetime": ("pickup", "time"),
    "lpep_dropoff_datetime": ("dropoff", "time"),
    "store_and_fwd_flag": ("flag", "flag"),
    "RatecodeID": ("rate", "count"),
    "PULocationID": ("pu", "id"),
    "DOLocationID": ("do", "id"),
    "passenger_count": ("passengers", "count"),
    "trip_distance": ("distance", "amount"),
    "fare_amount": ("fare", "amount"),
    "extra": ("extra", "amount"),
    "mta_tax": ("mta", "amount"),
    "tip_amount": ("tip", "amount"),
    "tolls_amount": ("tolls", "amount"),
    "ehail_fee": (None, "unused"),
    "improvement_surcharge": ("improvement", "amount"),
    "total_amount": ("total", "amount"),
    "payment_type": ("payment", "count"),
    "trip_type": ("type", "count"),
    "congestion_surcharge": ("surcharge", "amount"),
}
_YELLOW = {
    "VendorID": ("vendor", "id"),
    "tpep_pickup_datetime": ("pickup", "time"),
    "tpep_dropoff_datetime": ("dropoff", "time"),
    "passenger_count": ("passengers", "count"),
    "trip_distance": ("distance", "amount"),
    "RatecodeID": ("rate", "count"),
    "store_and_fwd_flag": ("flag", "flag"),
    "PULocationID": ("pu", "id"),
    "DOLocationID": ("do", "id"),
    "payment_type": ("payment", "flex"),
    "fare_amount": ("fare", "amount"),
    "extra": ("extra", "amount"),
    "mta_tax": ("mta", "amount"),
    "tip_amount": ("tip", "amount"),
    "tolls_amount": ("tolls", "amount"),
    "improvement_surcharge": ("improvement", "amount"),
    "total_amount": ("total", "amount"),
    "congestion_surcharge": ("surcharge", "amount"),
}
_WIDE_TYPES = {
    "id": pa.int64(),
    "time": pa.timestamp("us"),
    "flag": pa.string(),
    "count": pa.float64(),
    "flex": pa.int64(),
    "amount": pa.float64(),
    "unused": pa.null(),
}
_NARROW_TYPES = _WIDE_TYPES | {
    "id": pa.int32(),
    "flag": pa.large_string(),
    "count": pa.int64(),
    "unused": pa.float64(),
}


def as_published(trips: pd.DataFrame, service: Service, month: str) -> pa.Table:
    """Give trips the columns and types in which TLC publishes the month."""
    types = _NARROW_TYPES if month >= _NARROW_FROM else _WIDE_TYPES
    columns = {
        name: _column(trips, source, kind, types[kind])
        for name, (source, kind) in _spelling(service, month).items()
    }
    return pa.table(columns)


def _spelling(service: Service, month: str) -> dict[str, tuple[str | None, str]]:
    narrow = month >= _NARROW_FROM
    columns: dict[str, tuple[str | None, str]] = dict(_GREEN)
    if service is Service.YELLOW:
        fee = "Airport_fee" if narrow else "airport_fee"
        columns = {**_YELLOW, fee: ("airport", "amount")}
    if month >= _CBD_FROM:
        columns["cbd_congestion_fee"] = ("cbd", "amount")
    return columns


def _column(trips: pd.DataFrame, source: str | None, kind: str, dtype: pa.DataType) -> pa.Array:
    if source is None:
        return pa.nulls(len(trips), dtype)
    values = trips[source].to_numpy()
    if kind == "flag":
        codes = pa.array(values, pa.int8(), mask=values < 0)
        return pa.DictionaryArray.from_arrays(codes, _FLAGS).cast(dtype)
    if kind == "flex":  # yellow writes 0 where green leaves the payment out
        return pa.array(pd.Series(values).fillna(0).to_numpy()).cast(dtype)
    return pa.array(values, from_pandas=True).cast(dtype)
