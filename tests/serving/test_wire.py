"""Reading and writing without a server: what each function makes of exact values."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tests.serving.running import REQUEST
from trip_duration.serving.answers import Collector, answer, as_arrays, as_entries, new_ids
from trip_duration.serving.batch import read_batch
from trip_duration.serving.model import load_served
from trip_duration.serving.problems import Problem
from trip_duration.serving.wire import PredictRequest, now

ROWS = [
    PredictRequest.model_validate(
        {**REQUEST, "route_distance": 2.1 + 0.1 * row if row % 3 else None}
    )
    for row in range(12)
]


def test_requests_become_the_arrays_of_predictors() -> None:
    arrays = as_arrays(ROWS[:2])
    assert arrays.pickup_datetime.dtype == np.dtype("datetime64[us]")
    assert arrays.pickup_datetime[0] == np.datetime64("2023-01-12T08:30")
    assert arrays.pickup_zone.tolist() == [1, 1]
    assert np.isnan(arrays.route_distance[0])
    assert arrays.route_distance[1] == 2.2


@pytest.mark.parametrize(
    ("given", "local"),
    [
        ("2023-04-12T12:30:00Z", "2023-04-12T08:30:00"),
        ("2023-11-05T05:30:00Z", "2023-11-05T01:30:00"),
        ("2023-11-05T06:30:00Z", "2023-11-05T01:30:00"),
        ("2023-01-01T03:00:00+00:00", "2022-12-31T22:00:00"),
        ("2051-01-01T04:59:59Z", "2050-12-31T23:59:59"),
        ("2007-12-31T23:59:59-23:59", "2008-01-01T18:58:59"),
    ],
)
def test_times_become_local(given: str, local: str) -> None:
    for read in (
        PredictRequest.model_validate({**REQUEST, "pickup_datetime": given}),
        PredictRequest.model_validate_json(json.dumps({**REQUEST, "pickup_datetime": given})),
    ):
        assert read.pickup_datetime == datetime.fromisoformat(local)


@pytest.mark.parametrize(
    "given",
    [
        "2051-01-01T05:00:00Z",
        "2051-01-01T00:00:00",
        "2008-01-01T04:59:59Z",
        "2007-12-31T23:59:59",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_times_beyond_the_years_are_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="must lie in the years 2008 to 2050"):
        PredictRequest.model_validate({**REQUEST, "pickup_datetime": given})


def test_rows_that_are_answered_together_get_their_own_numbers(models: Path) -> None:
    served = load_served(models / "first")
    together = answer(served, ROWS)
    alone = [answer(served, [row]) for row in ROWS]
    assert together.minutes == [one.minutes[0] for one in alone]
    assert together.upper == [one.upper[0] for one in alone]
    assert together.flags == [one.flags[0] for one in alone]


def test_the_collector_answers_each_and_passes_errors_on() -> None:
    sizes: list[int] = []

    def answer_all(requests: list[PredictRequest]) -> list[bytes]:
        sizes.append(len(requests))
        if len(requests) == 1:
            raise Problem(503, "no-model", "none")
        return [str(r.route_distance).encode() for r in requests]

    async def ask(rows: list[PredictRequest]) -> list[bytes]:
        collector = Collector(answer_all)
        return list(await asyncio.gather(*(collector.ask(row) for row in rows)))

    many = ROWS * 20
    assert asyncio.run(ask(many)) == [str(r.route_distance).encode() for r in many]
    assert sizes == [128, 112]
    with pytest.raises(Problem):
        asyncio.run(ask(ROWS[:1]))


def test_answers_are_logged_as_asked_and_answered(models: Path) -> None:
    found = answer(load_served(models / "first"), ROWS[:1])
    entry = as_entries(found, now())[0]
    assert (entry.prediction_id, entry.minutes) == (found.ids[0], found.minutes[0])
    assert (entry.pickup_zone, entry.dropoff_zone, entry.route_distance) == (1, 5, None)
    assert entry.flags == ("no_distance",)
    assert entry.model_sha256 == found.served.sha256


def test_ids_are_uuids_of_version_7() -> None:
    ids = new_ids(1_000)
    assert len(set(ids)) == 1_000
    assert {(i[14], i[19] in "89ab", len(i)) for i in ids} == {("7", True, 36)}


def test_a_batch_tells_bad_rows_by_number() -> None:
    columns = {name: [value] * 4 for name, value in REQUEST.items()}
    columns["pickup_zone"] = [1, 0, 5, "x"]
    batch = read_batch(json.dumps({"columns": columns}).encode(), 4)
    assert (batch.size, sorted(batch.good), sorted(batch.bad)) == (4, [0, 2], [1, 3])
    assert batch.good[2].pickup_zone == 5
    with pytest.raises(Problem, match="send 3 at a time"):
        read_batch(json.dumps({"columns": columns}).encode(), 3)
