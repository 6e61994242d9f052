"""Reading batches: good rows are answered, bad ones are told apart."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from trip_duration.serving.answers import Answers, coverage_of
from trip_duration.serving.problems import Fault, Problem, fault, invalid, invalid_by
from trip_duration.serving.wire import (
    ALLOWED,
    UNEQUAL,
    BatchRequest,
    PredictRequest,
    differ_in_length,
)

_ROW_OF = {"records": 1, "columns": 2}


class Batch(NamedTuple):
    """A batch that was read.

    Attributes:
        size: Number of rows, bad ones included.
        good: Requests by row.
        bad: What is wrong, by row.
        columnar: Whether it came as columns.
    """

    size: int
    good: dict[int, PredictRequest]
    bad: dict[int, list[dict[str, Any]]]
    columnar: bool


def read_batch(body: bytes, most: int) -> Batch:
    """Read a batch.

    Args:
        body: JSON of a ``BatchRequest``.
        most: Most rows that are taken.

    Raises:
        Problem: If it is no batch at all, or has too many rows.
    """
    bad: dict[int, list[dict[str, Any]]] = {}
    data = _parse(body)
    # before they are validated: what pydantic notes of a bad row is many times as long as the row
    _refuse_more(_most_rows(data), most)
    try:
        batch = BatchRequest.model_validate(data)
    except ValidationError as error:
        if error.error_count() > most * len(ALLOWED):
            raise invalid(error, ALLOWED) from None
        bad = _by_row(error)
        batch = _without(data, set(bad))
    rows = batch.rows()
    size = len(rows) + len(bad)
    kept = (row for row in range(size) if row not in bad)
    return Batch(size, dict(zip(kept, rows, strict=True)), bad, batch.columns is not None)


def _parse(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        said = Fault(field="body", reason=f"is not valid JSON: {error}")
        raise invalid_by([said]) from None


def _refuse_more(rows: int, most: int) -> None:
    if rows > most:
        raise Problem(
            413, "too-many-rows", f"{rows} rows: send {most} at a time, or run the batch pipeline"
        )


def _by_row(error: ValidationError) -> dict[int, list[dict[str, Any]]]:
    """Sort what is wrong by rows.

    Raises:
        Problem: If something is wrong beyond single rows.
    """
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        where = detail["loc"]
        place = _ROW_OF.get(str(where[0]), 0) if where else 0
        row = where[place] if place and len(where) > place else None
        if not isinstance(row, int):
            raise invalid(error, ALLOWED) from None
        # the name of a field stands behind the row in records and before it in columns
        names = [part for part in where[1:] if not isinstance(part, int)]
        said = fault({**detail, "loc": names or ["row"]}, ALLOWED).model_dump(exclude_none=True)
        found[row].append(said)
    return dict(sorted(found.items()))


def _most_rows(data: Any) -> int:
    if not isinstance(data, dict):
        return 0
    records, columns = data.get("records"), data.get("columns")
    lists = [records, *(columns.values() if isinstance(columns, dict) else ())]
    return max((len(values) for values in lists if isinstance(values, list)), default=0)


def _without(data: dict[str, Any], bad: set[int]) -> BatchRequest:
    """Read the batch again without its bad rows."""

    def kept(values: Any) -> Any:
        if not isinstance(values, list):
            return values
        return [value for row, value in enumerate(values) if row not in bad]

    good = {"records": kept(data.get("records"))}
    columns = data.get("columns")
    if columns is not None:
        # what is left out must not be the difference
        if differ_in_length(columns.values()):
            raise invalid_by([Fault(field="columns", reason=UNEQUAL)])
        good["columns"] = {name: kept(values) for name, values in columns.items()}
    try:
        return BatchRequest.model_validate(good)
    except ValidationError as error:
        raise invalid(error, ALLOWED) from None


def write_batch(batch: Batch, answers: Answers) -> dict[str, Any]:
    """Return the answer to a batch, in the form in which it came."""
    places = {row: place for place, row in enumerate(batch.good)}
    said = _as_columns if batch.columnar else _as_records
    return {
        "rows": batch.size,
        **said([places.get(row) for row in range(batch.size)], answers),
        "errors": [{"row": row, "errors": errors} for row, errors in batch.bad.items()],
        "model": answers.served.name,
    }


def _as_records(places: list[int | None], answers: Answers) -> dict[str, Any]:
    written = answers.write()
    return {"predictions": [None if place is None else written[place] for place in places]}


def _as_columns(places: list[int | None], answers: Answers) -> dict[str, Any]:
    coverage = coverage_of(answers.served)
    unknown = [None] * len(answers.ids)
    ends = (answers.lower, answers.upper) if coverage is not None else (unknown, unknown)
    columns: dict[str, list[Any]] = {
        "prediction_id": answers.ids,
        "duration_minutes": answers.minutes,
        "lower": list(ends[0]),
        "upper": list(ends[1]),
        "flags": answers.flags,
    }
    spread = {
        name: [None if place is None else values[place] for place in places]
        for name, values in columns.items()
    }
    return {"columns": spread, "coverage": coverage}
