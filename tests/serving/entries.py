"""Entries of a prediction log, and how to wait for what a thread does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from trip_duration.serving.database import open_database, predictions
from trip_duration.serving.log import Entry, Limits

QUICK = Limits(batch=50, interval=0.01, retry=0.05, adopt=0.05)
AT = datetime(2023, 4, 12, 12, 30, 0, 250_000, tzinfo=UTC)
PICKUP = datetime(2023, 4, 12, 8, 30)


def entry(number: int, **other: Any) -> Entry:
    values = {
        "prediction_id": f"id-{number:06d}",
        "requested_at": AT,
        "pickup_datetime": PICKUP,
        "pickup_zone": 74,
        "dropoff_zone": 236,
        "route_distance": 2.1,
        "minutes": 12.25,
        "lower": 6.5,
        "upper": 21.75,
        "model_version": "3",
        "model_sha256": "ab" * 32,
        "flags": ("no_distance", "unseen_zone"),
    }
    return Entry(**{**values, **other})


def wait_for(what: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def ids(url: str) -> list[str]:
    """Return the ids in the log."""
    engine = open_database(url)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.select(predictions.c.prediction_id)))
    engine.dispose()
    return sorted(found)


def expected(count: int) -> list[str]:
    return [entry(number).prediction_id for number in range(count)]


def sqlite_at(folder: Path) -> str:
    return f"sqlite:///{folder / 'log.db'}"
