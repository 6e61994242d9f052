"""The quality report of a run that ends because months break a contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trip_duration.errors import BrokenMonthsError, ContractError
from trip_duration.months import MonthPart
from trip_duration.params import DataProcessingParams
from trip_duration.pipelines.data_processing.nodes import hold_against_gate
from trip_duration.tlc.source import trip_month

Months = Mapping[str, MonthPart]


def find_broken_months(error: BaseException) -> dict[str, ContractError]:
    """Return what is wrong with each month that an error is about, or that has caused it."""
    errors: dict[str, ContractError] = {}
    for contract_error in _contract_errors(error):
        if named := trip_month(contract_error.file):
            errors[named[1]] = contract_error
    return errors


def _contract_errors(error: BaseException | None) -> Iterator[ContractError]:
    while error is not None:
        if isinstance(error, BrokenMonthsError):
            yield from error.errors
        elif isinstance(error, ContractError):
            yield error
        error = error.__cause__


def describe_broken_months(
    broken: Mapping[str, ContractError], raw: Months, trips: Months, params: DataProcessingParams
) -> dict[str, Any]:
    """Return a quality report, in the form that ``assess_months`` gives it.

    Args:
        broken: What is wrong with each month that breaks a contract.
        raw: Months as ingested.
        trips: Processed months. Those are reported that were made of the ingested ones.
        params: Wanted months and bounds.

    Returns:
        The counts of the processed months, and for each broken one no row kept and, under
        ``contract``, its name and failures. ``failures`` has a line for each of these too.
    """
    processed = {
        month: dict(trips[month].record["quality"])
        for month in params.wanted
        if month not in broken and _is_current(month, raw, trips)
    }
    report = hold_against_gate(processed, params)
    months = {**report["months"], **{month: _counts(error) for month, error in broken.items()}}
    lines = [line for month, error in broken.items() for line in _lines(month, error)]
    return {
        **report,
        "months": dict(sorted(months.items())),
        "failures": [*report["failures"], *lines],
    }


def _is_current(month: str, raw: Months, trips: Months) -> bool:
    if month not in raw or "quality" not in trips.get(month, raw[month]).record:
        return False
    return bool(trips[month].record["sha256"] == raw[month].record["sha256"])


def _counts(error: ContractError) -> dict[str, Any]:
    return {
        "rows_read": error.rows,
        "rows_kept": 0,
        "rejected": {},
        "distance_made_null": 0,
        "median_duration": None,
        "contract": {"name": error.contract, "failures": list(error.failures)},
    }


def _lines(month: str, error: ContractError) -> list[str]:
    return [
        f"{month}: breaks the contract {error.contract}: column {failure['column']}, check "
        f"{failure['check']}, {failure['rows']} of {error.rows} rows"
        for failure in error.failures
    ]
