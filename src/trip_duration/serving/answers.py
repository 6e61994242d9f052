"""Answers: from requests that were read to what is sent and logged. No pandas on this path."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from trip_duration.features.requests import Requests
from trip_duration.models.predictor import Prediction
from trip_duration.serving.entry import Entry
from trip_duration.serving.model import Served, are_finite
from trip_duration.serving.problems import Problem
from trip_duration.serving.wire import PredictRequest

# more rows at once would make all wait for the last
_MOST_AT_ONCE = 128


def as_arrays(rows: Sequence[PredictRequest]) -> Requests:
    """Put requests into the arrays that predictors take."""
    miles = [np.nan if row.route_distance is None else row.route_distance for row in rows]
    return Requests(
        np.array([row.pickup_datetime for row in rows], "datetime64[us]"),
        np.array([row.pickup_zone for row in rows], np.int64),
        np.array([row.dropoff_zone for row in rows], np.int64),
        np.array(miles, np.float64),
    )


class Answers(NamedTuple):
    """What a model says of some requests.

    Attributes:
        served: The model.
        rows: The requests.
        ids: Identities of the predictions; they sort by time.
        minutes: Point estimates.
        lower: Lower ends of the intervals; NaN of a model that has none.
        upper: Upper ends.
        flags: What is unusual about each request.
        finite: Whether all numbers of an answer are finite; others are neither sent nor counted.
    """

    served: Served
    rows: Sequence[PredictRequest]
    ids: list[str]
    minutes: list[float]
    lower: list[float]
    upper: list[float]
    flags: list[list[str]]
    finite: list[bool]

    def only_finite(self) -> Answers:
        """Return the answers whose numbers are all finite."""
        kept: dict[str, Any] = {
            name: list(compress(column, self.finite))
            for name, column in self._asdict().items()
            if name != "served"
        }
        return self._replace(**kept)

    def write(self) -> list[dict[str, Any]]:
        """Return each answer as it is sent, without the model's name."""
        coverage = coverage_of(self.served)
        return [
            {
                "prediction_id": identity,
                "duration_minutes": minutes,
                "interval": None
                if coverage is None
                else {"lower": lower, "upper": upper, "coverage": coverage},
                "flags": flags,
            }
            for identity, minutes, lower, upper, flags in zip(
                self.ids, self.minutes, self.lower, self.upper, self.flags, strict=True
            )
        ]


def coverage_of(served: Served) -> float | None:
    """Return the share of trips that the model's intervals are calibrated to hold."""
    intervals = served.predictor.intervals
    return None if intervals is None else intervals.coverage


def answer(served: Served, rows: Sequence[PredictRequest]) -> Answers:
    """Predict the durations of requests."""
    requests = as_arrays(rows)
    found: Prediction = served.predictor.predict(requests)
    minutes, lower, upper = (column.tolist() for column in found)
    flags = flags_of(served, requests)
    finite = are_finite(served.predictor, found).tolist()
    return Answers(served, rows, new_ids(len(rows)), minutes, lower, upper, flags, finite)


def flags_of(served: Served, requests: Requests) -> list[list[str]]:
    """Return the names of the flags that hold for each request."""
    flags: list[list[str]] = [[] for _ in range(len(requests))]
    for name, holds in served.predictor.flag(requests).items():
        for row in holds.nonzero()[0].tolist():
            flags[row].append(name)
    return flags


def new_ids(count: int) -> list[str]:
    """Return identities that sort by time: UUIDs of version 7 (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    head = f"{milliseconds:012x}"
    chance = os.urandom(10 * count).hex()
    return [
        f"{head[:8]}-{head[8:]}-7{part[:3]}-{8 + int(part[3], 16) % 4:x}{part[4:7]}-{part[7:19]}"
        for part in (chance[20 * i : 20 * i + 20] for i in range(count))
    ]


class Collector:
    """Answers requests that arrive together in one go.

    A single prediction is dozens of calls into numpy that cost the same for one row as for many.
    What waits in the sockets at two turns of the event loop is thus answered by one call; nothing
    waits for requests that have not arrived, and numbers do not depend on the company of a row.

    Args:
        answer_all: Answers requests, in their order; a problem is raised to who has asked.
    """

    def __init__(self, answer_all: Callable[[list[PredictRequest]], list[bytes | Problem]]) -> None:
        """Keep what answers."""
        self._answer_all = answer_all
        self._waiting: list[tuple[PredictRequest, asyncio.Future[bytes]]] = []

    def ask(self, request: PredictRequest) -> asyncio.Future[bytes]:
        """Return what will be the answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append((request, future))
        if len(self._waiting) == 1:
            # a turn later, when what has arrived during this one is read as well
            loop.call_soon(loop.call_soon, self._flush)
        return future

    def _flush(self) -> None:
        taken, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        try:
            answers = self._answer_all([request for request, _ in taken])
        except Exception as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), outcome in zip(taken, answers, strict=True):
            if future.done():
                continue
            if isinstance(outcome, Problem):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def as_entries(answers: Answers, requested_at: datetime) -> list[Entry]:
    """Return answers as the prediction log takes them."""
    served = answers.served
    return [
        Entry(
            identity,
            requested_at,
            row.pickup_datetime,
            row.pickup_zone,
            row.dropoff_zone,
            row.route_distance,
            minutes,
            lower,
            upper,
            served.version,
            served.sha256,
            tuple(flags),
        )
        for identity, row, minutes, lower, upper, flags in zip(
            answers.ids,
            answers.rows,
            answers.minutes,
            answers.lower,
            answers.upper,
            answers.flags,
            strict=True,
        )
    ]
