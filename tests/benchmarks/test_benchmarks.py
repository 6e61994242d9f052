"""The other side of the measurements does the same work. Nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import plain_cleaning, processing
from trip_duration.params import CityParams, RuleParams
from trip_duration.pipelines.data_processing.rules import clean_month
from trip_duration.tlc.city import City
from trip_duration.tlc.files import read_month, trip_file

ZONES = list(range(1, 264))


# a month with a change of the clock in either direction, and one without
@pytest.mark.parametrize(
    ("service", "month"), [("green", "2023-03"), ("yellow", "2023-11"), ("green", "2023-04")]
)
def test_plain_script_keeps_the_same_rows(service: str, month: str, tmp_path: Path) -> None:
    raw = tmp_path / trip_file(service, month)
    City(CityParams(trips=20_000)).write(f"trip-data/{raw.name}", raw)
    ours = clean_month(read_month(raw), month, np.array(ZONES), RuleParams())
    plain = plain_cleaning.process(raw, service, ZONES, tmp_path / "plain.parquet")
    processing.same_rows(ours.attrs["quality"], plain)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "plain.parquet"), ours)
    assert all(plain[1][rule] for rule in ("too_short", "too_long", "refund", "unknown_zone"))


def test_difference_is_told() -> None:
    quality = {"rows_kept": 3, "rejected": {"too_short": 1}}
    with pytest.raises(AssertionError, match="plain script"):
        processing.same_rows(quality, (3, {"too_short": 2}))
