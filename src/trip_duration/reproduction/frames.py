"""Two frames compared bit by bit: where they first differ, how much, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trip_duration.tracking.bits import bits_of, kind_of


@dataclass(frozen=True)
class Cell:
    """The first value that differs: in the first row that has one, the first such column.

    Attributes:
        row: Position of the row, counted from 0.
        column: Name of the column.
        expected: The value of the first frame.
        found: The value of the second.
        ulps: How many floating point numbers it is from one to the other; None where one of them
            is no number.
    """

    row: int
    column: str
    expected: Any
    found: Any
    ulps: int | None


@dataclass(frozen=True)
class FrameDifference:
    """How two frames differ.

    Attributes:
        form: What differs in their form, a line each: rows, columns, types.
        compared: Number of rows that were compared.
        counts: Number of values that differ, by column that has any.
        first: The first of them.
    """

    form: tuple[str, ...]
    compared: int
    counts: dict[str, int]
    first: Cell | None


def compare_frames(expected: pd.DataFrame, found: pd.DataFrame) -> FrameDifference:
    """Compare two frames bit by bit; NaN equals NaN of the same bits, zero is not minus zero.

    Args:
        expected: What there was.
        found: What there is now. If it has more rows or fewer, those that both have are compared.
    """
    rows = min(len(expected), len(found))
    expected, found = expected.iloc[:rows], found.iloc[:rows]
    form = _compare_form(expected, found)
    differing = {
        name: np.flatnonzero(bits_of(expected[name]) != bits_of(found[name]))
        for name in _comparable(expected, found)
    }
    differing = {name: places for name, places in differing.items() if len(places)}
    counts = {name: len(places) for name, places in differing.items()}
    return FrameDifference(form, rows, counts, _first(differing, expected, found))


def _comparable(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    both = [name for name in expected.columns if name in found.columns]
    return [name for name in both if kind_of(expected[name]) == kind_of(found[name])]


def _compare_form(expected: pd.DataFrame, found: pd.DataFrame) -> tuple[str, ...]:
    missing = [name for name in expected.columns if name not in found.columns]
    added = [name for name in found.columns if name not in expected.columns]
    same = _comparable(expected, found)
    changed = [n for n in expected.columns if n in found.columns and n not in same]
    return (
        *(f"column {name} is missing now" for name in missing),
        *(f"column {name} is new" for name in added),
        *(
            f"column {name} was {kind_of(expected[name])}, is {kind_of(found[name])} now"
            for name in changed
        ),
    )


def _first(
    differing: dict[str, npt.NDArray[np.intp]], expected: pd.DataFrame, found: pd.DataFrame
) -> Cell | None:
    if not differing:
        return None
    # of columns that first differ in the same row, the one that comes first
    column = min(differing, key=lambda name: differing[name][0])
    row = int(differing[column][0])
    before, now = expected[column].iloc[[row]], found[column].iloc[[row]]
    return Cell(row, column, before.iloc[0], now.iloc[0], _ulps(before, now))


def _ulps(expected: pd.Series[Any], found: pd.Series[Any]) -> int | None:
    """Return the distance of two floats on the line of all floats; 0 of zero and minus zero."""
    if expected.dtype.kind != "f" or expected.isna().any() or found.isna().any():
        return None
    return abs(_position(expected) - _position(found))


def _position(value: pd.Series[Any]) -> int:
    found = bits_of(value)
    size, bits = found.dtype.itemsize * 8, int(found[0])
    # negative floats are counted downwards from zero
    return bits if bits < 1 << (size - 1) else (1 << (size - 1)) - bits
