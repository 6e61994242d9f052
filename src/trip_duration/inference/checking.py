"""Which rows are requests: the bounds of the service, held over whole columns.

A row that breaks one is set aside with its reasons; it stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from trip_duration.errors import DataError
from trip_duration.features.requests import ROUTE_DISTANCE, Requests
from trip_duration.inference.reading import Chunk
from trip_duration.months import TIME_ZONE
from trip_duration.request_bounds import FIRST_YEAR, HIGHEST_ZONE_ID, LAST_YEAR, MOST_MILES

# characters of a value that a reason shows
_MOST_SHOWN = 200

Mask = npt.NDArray[np.bool_]
_NOTHING = pa.array(["", "nan", "NaN", "NA", "N/A", "null", "NULL", "None"])
_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
_OFFSET = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
_TIME = f"{_LOCAL}($| *{_OFFSET})"


@dataclass
class Findings:
    """What is wrong with the rows of a chunk.

    Attributes:
        bad: Which rows are no requests.
        reasons: By index of the row.
    """

    bad: Mask
    reasons: dict[int, list[str]] = field(default_factory=dict)

    def add(self, rows: Mask, name: str, says: str, values: pa.Array | None = None) -> None:
        """Note that a column is wrong in some rows, with their values if these are of interest."""
        for row in np.flatnonzero(rows).tolist():
            shown = "" if values is None else f", found {_shown(values, row)}"
            self.add_one(row, f"{name} {says}{shown}")

    def add_one(self, row: int, reason: str) -> None:
        """Note what is wrong with a row."""
        self.bad[row] = True
        self.reasons.setdefault(row, []).append(reason)


def check_chunk(chunk: Chunk) -> tuple[Requests, Findings]:
    """Read the requests of a chunk.

    Args:
        chunk: Rows of a file.

    Returns:
        The requests of the rows that are good, and what is wrong with the others.

    Raises:
        DataError: If a column is of a type that cannot be read, or if rows that are taken for good
            break the contract ``BatchRequests``.
    """
    from trip_duration.schemas import BatchRequests, check_frame  # noqa: PLC0415 - half a second

    findings = Findings(np.zeros(len(chunk.table), dtype=bool))
    time = _read(chunk, "pickup_datetime", findings, _read_times)
    zones = [_read(chunk, n, findings, _read_zones) for n in ("pickup_zone", "dropoff_zone")]
    miles = np.full(len(time), np.nan)
    if ROUTE_DISTANCE in chunk.table.column_names:
        miles = _read(chunk, ROUTE_DISTANCE, findings, _read_miles)
    for row, name in chunk.garbled:
        findings.add_one(row, f"{name} is no UTF-8, found {chunk.table[name][row].as_py()!r}")
    good = ~findings.bad
    pickup, dropoff = (zone[good].astype(np.int64) for zone in zones)
    requests = Requests(time[good], pickup, dropoff, miles[good])
    first = chunk.rows[0] if len(chunk.rows) else 0
    check_frame(
        pd.DataFrame(vars(requests)), BatchRequests, f"the chunk that begins at row {first}"
    )
    return requests, findings


def is_missing(values: pa.ChunkedArray) -> Mask:
    """Tell which values of a column are not there: null, NaN, or a word for nothing."""
    return _missing(_trimmed(_flat(values)))


def _missing(column: pa.Array) -> Mask:
    missing = _mask(pc.is_null(column, nan_is_null=True))
    if _is_text(column.type):
        missing |= _mask(pc.is_in(column, _NOTHING))
    return missing


def _trimmed(column: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(column) if _is_text(column.type) else column


def _flat(values: pa.ChunkedArray) -> pa.Array:
    column = values.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column


def _read(chunk: Chunk, name: str, findings: Findings, how: Callable[..., Any]) -> Any:
    column = _flat(chunk.table[name])
    try:
        return how(column, name, findings)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"the column {name} of type {column.type} cannot be read: {error}"
        ) from error


def _read_times(column: pa.Array, name: str, findings: Findings) -> Any:
    text = _trimmed(column)
    missing, far, wrong = _missing(text), *np.zeros((2, len(column)), dtype=bool)
    if pa.types.is_timestamp(column.type):
        time = column.to_numpy(zero_copy_only=False)
        far = ~missing & _is_far(_years(time), 1)
        time = np.where(far, np.datetime64("NaT"), time)
        if column.type.tz is not None:
            time = _local(pd.DatetimeIndex(time.astype(f"M8[{column.type.unit}]"), tz="UTC"))
    elif _is_text(column.type):
        time, far, wrong = _parse_times(text, ~missing)
    elif pa.types.is_null(column.type):
        time = np.full(len(column), np.datetime64("NaT"))
    else:
        raise TypeError("expected times, or text")
    findings.add(missing, name, "is missing")
    findings.add(wrong, name, "is no date and time in the form of ISO 8601", column)
    far |= ~missing & ~wrong & _is_far(_years(time))
    findings.add(far, name, f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}", column)
    return time.astype("M8[us]")


def _parse_times(text: pa.Array, given: Mask) -> tuple[Any, Mask, Mask]:
    """Return local times, which of the given texts are far ones, and which are none."""
    complete = given & _mask(pc.match_substring_regex(text, _TIME))
    year = pc.if_else(pa.array(complete), pc.utf8_slice_codeunits(text, 0, 4), None)
    far = complete & _is_far(_floats(year), 1)
    near = complete & ~far
    offset = near & _mask(pc.match_substring_regex(text, _OFFSET))
    words = text.to_numpy(zero_copy_only=False)
    time = np.full(len(words), np.datetime64("NaT"), dtype="M8[us]")
    how: dict[str, Any] = {"format": "ISO8601", "errors": "coerce"}
    plain = near & ~offset
    time[plain] = pd.to_datetime(words[plain], **how).to_numpy()
    if offset.any():
        time[offset] = _local(pd.to_datetime(words[offset], utc=True, **how))
    return time, far, given & ~far & np.isnat(time)


def _years(time: Any) -> Any:
    return time.astype("M8[Y]").astype(np.int64) + 1970


def _is_far(year: Any, margin: int = 0) -> Mask:
    # with a margin of a year, for Arrow and pandas convert no time at the ends of the calendar
    far: Mask = (year < FIRST_YEAR - margin) | (year > LAST_YEAR + margin)
    return far


def _local(index: pd.DatetimeIndex) -> Any:
    return index.tz_convert(TIME_ZONE).tz_localize(None).to_numpy()


def _read_zones(column: pa.Array, name: str, findings: Findings) -> Any:
    value, wrong = _numbers(column)
    missing = np.isnan(value) & ~wrong
    allowed = (value >= 1) & (value <= HIGHEST_ZONE_ID) & (value == np.floor(value))
    findings.add(missing, name, "is missing")
    wrong |= ~missing & ~allowed
    findings.add(wrong, name, f"must be a whole number from 1 to {HIGHEST_ZONE_ID}", column)
    return value


def _read_miles(column: pa.Array, name: str, findings: Findings) -> Any:
    value, wrong = _numbers(column)
    wrong |= ~np.isnan(value) & ~((value >= 0) & (value <= MOST_MILES))
    says = f"must be a number of miles from 0 to {MOST_MILES:.0f}, or nothing"
    findings.add(wrong, name, says, column)
    return value


def _numbers(column: pa.Array) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return numbers, NaN where there is none, and which values are something else."""
    kind = column.type
    if _is_text(kind):
        text = _trimmed(column)
        number = _mask(pc.match_substring_regex(text, _NUMBER))
        kept = pc.if_else(pa.array(number), pc.utf8_ltrim(text, "+"), None)
        return _floats(kept), ~_missing(text) & ~number
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (numeric or pa.types.is_null(kind)):
        raise TypeError("expected numbers, or text")
    return _floats(column), np.zeros(len(column), dtype=bool)


def _floats(column: pa.Array) -> npt.NDArray[np.float64]:
    # not safe: an integer that a float does not hold is out of bounds anyway
    values: npt.NDArray[np.float64] = pc.fill_null(
        column.cast(pa.float64(), safe=False), float("nan")
    ).to_numpy(zero_copy_only=False)
    return values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _mask(values: Any) -> Mask:
    mask: Mask = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask


def _shown(values: pa.Array, row: int) -> str:
    if pa.types.is_timestamp(values.type):
        # Python has no years before 1 and after 9999
        (time,) = values.slice(row, 1).to_numpy(zero_copy_only=False).astype("M8[s]")
        return str(time) if values.type.tz is None else f"{time}Z"
    value = values[row].as_py()
    if isinstance(value, str) and len(value) > _MOST_SHOWN:
        return f"{value[:_MOST_SHOWN]!r} and {len(value) - _MOST_SHOWN:,} characters more"
    return repr(value) if isinstance(value, str | int | float) else str(value)
