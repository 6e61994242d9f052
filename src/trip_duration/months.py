"""Months, the unit in which TLC publishes and in which the project works."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# the clock that trips are timed by
TIME_ZONE = "America/New_York"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def parse_months(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read months as a person writes them.

    Args:
        value: ``2023-01``, a range ``2023-01..2023-03``, several of these separated by spaces or
            commas, or a sequence of them. Nothing at all gives no months.

    Returns:
        The months as ``YYYY-MM``, in calendar order, each once.

    Raises:
        ValueError: If a part is not a month, or a range runs backwards.
    """
    if not isinstance(value, str | Iterable | None):  # YAML and --params make numbers and dates
        raise ValueError(f"{value!r} is not a month: expected YYYY-MM or a range YYYY-MM..YYYY-MM")
    parts = value.replace(",", " ").split() if isinstance(value, str) else list(value or ())
    return tuple(sorted({month for part in parts for month in _expand(str(part))}))


def _expand(part: str) -> list[str]:
    first, dots, last = part.partition("..")
    for month in (first, last) if dots else (first,):
        if not _MONTH.fullmatch(month):
            raise ValueError(
                f"'{part}' is not a month: expected YYYY-MM or a range YYYY-MM..YYYY-MM"
            )
    end = np.datetime64(last if dots else first, "M") + 1
    months = np.arange(np.datetime64(first, "M"), end)
    if not len(months):
        raise ValueError(f"'{part}' runs backwards: expected the earlier month first")
    return [str(month) for month in months]


def span_months(months: Sequence[str]) -> str:
    """Write months as the command line takes them: a range where none is left out."""
    if not months:
        return ""
    span = f"{months[0]}..{months[-1]}"
    if len(months) > 1 and parse_months(span) == tuple(months):
        return span
    return " ".join(months)


def month_bounds(month: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first instant of ``month`` and of the month after it, in local time."""
    import pandas as pd  # noqa: PLC0415 - who serves needs no months

    start = pd.Timestamp(f"{month}-01")
    return start, start + pd.offsets.MonthBegin()


def _verify_nothing() -> None:
    """Default of ``verify``: nothing to verify."""


@dataclass(frozen=True)
class MonthPart:
    """A month that can be read, and what is known of it without reading it.

    Attributes:
        month: ``YYYY-MM``.
        record: What is known: checksums, counts, where it came from.
        read: Reads or makes the rows. Called once for each time they are needed, so that no more
            than one month has to be in memory.
        verify: Raises DataError if the rows are no longer those of the record. Cheap.
    """

    month: str
    record: Mapping[str, Any]
    read: Callable[[], pd.DataFrame]
    verify: Callable[[], None] = _verify_nothing

    def then(self, step: Callable[[pd.DataFrame], pd.DataFrame]) -> MonthPart:
        """Return the same month with ``step`` applied to its rows when they are read."""
        return replace(self, read=lambda: step(self.read()))
