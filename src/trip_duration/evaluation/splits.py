"""Splits by the calendar. There is no random split in this project."""

from __future__ import annotations

import pandas as pd

from trip_duration.errors import DataError
from trip_duration.months import month_bounds


def split_off_last_days(trips: pd.DataFrame, last_month: str, days: int) -> pd.Timestamp:
    """Return the instant at which the validation window begins.

    Args:
        trips: Training trips.
        last_month: Last training month, ``YYYY-MM``.
        days: Days of the window, which ends with the month.

    Raises:
        DataError: If either side of the instant would have no trips.
    """
    _, end = month_bounds(last_month)
    begin = end - pd.Timedelta(days=days)
    before = int((trips["pickup_datetime"] < begin).sum())
    if not 0 < before < len(trips):
        raise DataError(
            f"a validation window of {days} days up to {end:%Y-%m-%d} leaves {before} of "
            f"{len(trips)} trips to train on: name more train_months, or set validation_days anew"
        )
    return begin
