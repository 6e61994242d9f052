"""The validation window is the last days of training, and neither side may be empty."""

from __future__ import annotations

import pandas as pd
import pytest

from trip_duration.errors import DataError
from trip_duration.evaluation.splits import split_off_last_days


def trips(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"pickup_datetime": pd.to_datetime(list(days))})


def test_the_window_ends_with_the_last_month() -> None:
    begin = split_off_last_days(trips("2023-02-01", "2023-02-25"), "2023-02", 7)
    assert begin == pd.Timestamp("2023-02-22")


@pytest.mark.parametrize("days", [("2023-02-25",), ("2023-02-01",)])
def test_an_empty_side_is_refused(days: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="validation_days"):
        split_off_last_days(trips(*days), "2023-02", 7)
