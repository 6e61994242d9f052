"""Whether processed months are of the service and the source that a predictor was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trip_duration.errors import DataError
from trip_duration.months import MonthPart

Record = Mapping[str, Any]


def require_origin(facts: Record, records: Mapping[str, Record]) -> None:
    """Refuse months of another service or source than the training months of a predictor.

    Args:
        facts: Facts of the predictor; ``service`` (``green``) and ``source`` (``real``).
        records: Records of the processed months that are used with the predictor, by month.

    Raises:
        DataError: With a line for each difference.
    """
    lines = [
        f"- {month}: {name} {record[name]}, the predictor was trained on {facts[name]}"
        for month, record in records.items()
        for name in ("service", "source")
        if _differ(record.get(name), facts.get(name))
    ]
    if lines:
        raise DataError(
            "the processed months are not of the kind that the predictor was trained on:\n"
            + "\n".join(lines)
            + "\nProcess the months of its service and source: kedro run --pipelines "
            'ingestion,data_processing --params "service=...,source_root=..."'
        )


def records_of(trips: Mapping[str, MonthPart], months: Sequence[str]) -> dict[str, Record]:
    """Return the records of months, as far as they were processed."""
    return {month: trips[month].record for month in months if month in trips}


def _differ(first: str | None, second: str | None) -> bool:
    # predictors and months of earlier releases do not name their source
    return None not in (first, second) and first != second
