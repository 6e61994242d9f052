"""One answer as it is logged: as an object, as a row of the database and as a line of the spool.

Knows nothing of where rows and lines go.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Rows = list[dict[str, Any]]
TIMES = ("requested_at", "pickup_datetime")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer.

    Attributes:
        prediction_id: Its identity.
        requested_at: When it was asked for, UTC.
        pickup_datetime: As asked: local time of New York without a zone.
        pickup_zone: As asked.
        dropoff_zone: As asked.
        route_distance: Miles, as asked; None if not given.
        minutes: The answer.
        lower: Lower end of its interval; NaN if there is none.
        upper: Upper end.
        model_version: Version of the model.
        model_sha256: Identity of the model.
        flags: What was unusual about the request.
    """

    prediction_id: str
    requested_at: datetime
    pickup_datetime: datetime
    pickup_zone: int
    dropoff_zone: int
    route_distance: float | None
    minutes: float
    lower: float
    upper: float
    model_version: str
    model_sha256: str
    flags: tuple[str, ...]


def as_row(entry: Entry) -> dict[str, Any]:
    """Return the values of the columns of an entry, by their names."""
    # drivers and JSON know the numbers of Python, not those of NumPy
    return {
        "prediction_id": entry.prediction_id,
        "requested_at": entry.requested_at.astimezone(UTC),
        "pickup_datetime": entry.pickup_datetime,
        "pickup_zone": int(entry.pickup_zone),
        "dropoff_zone": int(entry.dropoff_zone),
        "route_distance": _finite(entry.route_distance),
        "minutes": _finite(entry.minutes),
        "lower": _finite(entry.lower),
        "upper": _finite(entry.upper),
        "model_version": entry.model_version,
        "model_sha256": entry.model_sha256,
        "flags": ",".join(entry.flags),
    }


def _finite(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def as_line(row: dict[str, Any]) -> bytes:
    """Return a row as a line of JSON."""
    return json.dumps(row, default=datetime.isoformat).encode() + b"\n"


def read_line(line: bytes) -> dict[str, Any] | None:
    """Return the row of a line, or None if the line was cut short or altered."""
    try:
        row = json.loads(line)
        return {**row, **{name: datetime.fromisoformat(row[name]) for name in TIMES}}
    except (ValueError, KeyError, TypeError):
        return None
