"""Times of requests in bulk: every form and type, and the numbers that the service gives."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter, ValidationError

from tests.features.small_city import fitted, trips, zones
from tests.test_batches import answer, bits, predictor, read
from trip_duration.inference import Chunk
from trip_duration.inference.checking import check_chunk
from trip_duration.models import Predictor
from trip_duration.serving.wire import PickupTime

__all__ = ["fitted", "predictor", "trips", "zones"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["2023-01-05T10:00:00", None], pa.large_string()),
        pa.array(["2023-01-05T10:00:00", None], pa.string_view()),
        pa.array(["2023-01-05T10:00:00", None]).dictionary_encode(),
        pa.array([1672912800, None], pa.timestamp("s")),
        pa.array([1672912800000000000, None], pa.timestamp("ns")),
        pa.array([1672912800 + 5 * 3600, None], pa.timestamp("s", "UTC")),
        pa.array([1672912800000 + 5 * 3_600_000, None], pa.timestamp("ms", "Europe/Paris")),
    ],
    ids=lambda column: str(column.type),
)
def test_times_of_every_type(predictor: Predictor, tmp_path: Path, column: pa.Array) -> None:
    table = {"pickup_datetime": column, "pickup_zone": [1, 1], "dropoff_zone": [2.0, 2.0]}
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    answer(predictor, tmp_path / "r.parquet", tmp_path / "a.parquet")
    one = {"pickup_datetime": ["2023-01-05T10:00:00"], "pickup_zone": [1], "dropoff_zone": [2]}
    found = pq.read_table(tmp_path / "a.parquet")
    assert bits(found["minutes"]) == bits(predictor.predict(pd.DataFrame(one)).minutes)
    rejected = pq.read_table(tmp_path / "a.rejected.parquet")
    assert rejected["reasons"].to_pylist() == ["pickup_datetime is missing"]


@pytest.mark.parametrize("kind", [("ms",), ("ms", "UTC"), ("us", "America/New_York"), ("us",)])
@pytest.mark.parametrize("target", ["parquet", "csv"])
def test_times_at_which_no_calendar_is_are_set_aside(
    predictor: Predictor, tmp_path: Path, kind: tuple[str, ...], target: str
) -> None:
    seconds = [1672912800, 300_000_000_000, 253_402_300_799, -62_135_596_800, -70_000_000_000]
    factor = {"ms": 1_000, "us": 1_000_000}[kind[0]]
    times = pa.array([second * factor for second in seconds], pa.timestamp(*kind))
    table = pa.table({"pickup_datetime": times, "pickup_zone": [1] * 5, "dropoff_zone": [2] * 5})
    pq.write_table(table, tmp_path / "r.parquet")
    answer(predictor, tmp_path / "r.parquet", tmp_path / f"a.{target}")
    zone = "Z" if table.schema[0].type.tz else ""
    assert read(tmp_path / f"a.rejected.{target}")["reasons"].tolist() == [
        f"pickup_datetime must lie in the years 2008 to 2050, found {time}{zone}"
        for time in (
            "11476-08-15T05:20:00",
            "9999-12-31T23:59:59",
            "0001-01-01T00:00:00",
            "-249-10-15T19:33:20",
        )
    ]
    assert len(read(tmp_path / f"a.{target}")) == 1


@pytest.mark.parametrize("target", ["parquet", "csv"])
def test_a_column_of_no_type_is_one_of_missing_times(
    predictor: Predictor, tmp_path: Path, target: str
) -> None:
    table = {"pickup_datetime": pa.nulls(2), "pickup_zone": [1, 1], "dropoff_zone": [2, 2]}
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    answer(predictor, tmp_path / "r.parquet", tmp_path / f"a.{target}")
    rejected = read(tmp_path / f"a.rejected.{target}")
    assert rejected["reasons"].tolist() == ["pickup_datetime is missing"] * 2
    assert len(read(tmp_path / f"a.{target}")) == 0


OFFSETS = ["", "Z", "z", " Z", "-4", "-04", "-04:", "-04:0", "-0400", "-04:00", "+05:30", "+24:00"]
CLOCKS = ["08:30", "08:30:00", "08:30:07.5", "08:30:07,5", "08:30:07.1234567", "24:00:00", "8:30"]
DAYS = ["2023-04-12T", "2023-04-12 ", "2023-04-12t", "2023-4-12T", "2023-11-05T"]
# the ends of what is allowed, and of what can be converted
ENDS = [
    f"{moment}{offset}"
    for moment in (
        "0001-01-01T00:00:00",
        "2007-12-31T23:30:00",
        "2008-01-01T00:30:00",
        "2050-12-31T23:30:00",
        "2051-01-01T00:30:00",
        "9999-12-31T23:59:59",
    )
    for offset in ("", "Z", "-05:00", "+05:00", "-12:00", "+14:00")
]


def test_every_text_is_the_time_that_it_is_to_the_service() -> None:
    words = [f"{day}{clock}{offset}" for day in DAYS for clock in CLOCKS for offset in OFFSETS]
    words += ENDS
    zones = [1] * len(words)
    table = pa.table({"pickup_datetime": words, "pickup_zone": zones, "dropoff_zone": zones})
    requests, findings = check_chunk(Chunk(table, pa.array(range(len(words))).to_numpy()))
    given = pd.Series(words)[~findings.bad].tolist()
    found = dict(zip(given, requests.pickup_datetime.tolist(), strict=True))
    service = TypeAdapter(PickupTime)
    allowed = {}
    for word in words:
        try:
            allowed[word] = service.validate_python(word)
        except ValidationError:
            continue
    both = allowed.keys() & found.keys()
    assert len(both) > 60
    assert {word: found[word] for word in both} == {word: allowed[word] for word in both}
