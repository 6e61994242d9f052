"""Whether processed months are of the service and the source that a predictor was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trip_duration.errors import DataError
from trip_duration.months import MonthPart


def require_origin(
    facts: Mapping[str, Any], trips: Mapping[str, MonthPart], months: Sequence[str]
) -> None:
    """Refuse months of another service or source than the training months of a predictor.

    Args:
        facts: Facts of the predictor; ``service`` (``green``) and ``source`` (``real``).
        trips: Processed months.
        months: The months that are used with the predictor.

    Raises:
        DataError: With a line for each difference. Months that were not processed are left to
            those who read them.
    """
    lines = [
        f"- {month}: {name} {trips[month].record[name]}, the predictor was trained on {facts[name]}"
        for month in months
        for name in ("service", "source")
        if month in trips and _differ(trips[month].record.get(name), facts.get(name))
    ]
    if lines:
        raise DataError(
            "the processed months are not of the kind that the predictor was trained on:\n"
            + "\n".join(lines)
            + "\nProcess the months of its service and source: kedro run --pipelines "
            'ingestion,data_processing --params "service=...,source_root=..."'
        )


def _differ(first: str | None, second: str | None) -> bool:
    # predictors and months of earlier releases do not name their source
    return None not in (first, second) and first != second
